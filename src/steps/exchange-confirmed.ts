import { secrets, secretsCarriedTo, secretPlaces, type SecretFacts } from '../threescale/secrets.ts'
import { holdsIn } from '../threescale/release-range.ts'
import type { Release } from '../model/release.ts'
import type { Step } from '../ports/step.ts'
import { unpackSecrets } from './exchanges.ts'
import { measureNone } from './measure.ts'
import type { SecretValues } from './secrets.ts'
import type { Tools } from './tools.ts'

/** Prerequisite 9: the vendor can read what the customer packed, and no secret lacks a key that its release has. */
export function exchangeConfirmed(tools: Tools): Step {
  return {
    check: async () => ({ kind: 'needed', says: 'what lies in the bucket is read anew each time' }),
    explain: async () => ({ summary: 'The secrets are pulled, looked through and deleted here again.', diff: [] }),
    apply: async () => ({ says: 'nothing is to be changed', facts: {} }),
    async confirm(context) {
      const packed = await unpackSecrets(tools, context)
      const wanted = new Set(secretPlaces.flatMap((place) => [...secretsCarriedTo(place)]))
      return {
        says: `${packed.size} secrets were pulled; nothing of them stays here`,
        measured: [
          measureNone(
            'secrets that travel and are not there',
            [...wanted].filter((name) => !packed.has(name)),
          ),
          measureNone('keys that are missing', missingKeys(packed, context.migration.source.release)),
        ],
        facts: {},
      }
    },
  }
}

/** Keys that 3scale cannot do without; the others of a secret are optional. */
const essential: Readonly<Record<string, readonly string[]>> = {
  'system-seed': ['MASTER_DOMAIN', 'MASTER_ACCESS_TOKEN', 'ADMIN_ACCESS_TOKEN', 'ADMIN_USER', 'ADMIN_PASSWORD'],
  'system-master-apicast': ['ACCESS_TOKEN'],
  'system-app': ['SECRET_KEY_BASE'],
  'system-events-hook': ['PASSWORD'],
}

function missingKeys(packed: ReadonlyMap<string, SecretValues>, release: Release): readonly string[] {
  return secrets.flatMap(({ name, keys }: SecretFacts) =>
    keys
      .filter((key) => holdsIn(key.in ?? {}, release) && essential[name]?.includes(key.name) === true)
      .filter((key) => packed.has(name) && packed.get(name)?.[key.name] === undefined)
      .map((key) => `${name}: ${key.name}`),
  )
}
