import { secretsCarriedTo } from '../threescale/secrets.ts'
import type { Step, StepContext } from '../ports/step.ts'
import { unpackSecrets } from './exchanges.ts'
import { measure } from './measure.ts'
import { placeOf, rhoamNamespaces, type ThreescalePlace } from './places.ts'
import { secretsThatDiffer } from './plug-in.ts'
import { changeSecret, restoreSecret, type SecretValues } from './secrets.ts'
import type { Tools } from './tools.ts'

/**
 * Step 15: into the namespace of RHOAM's operator first, for whenever RHOAM reconciles, it writes what it holds over what
 * 3scale holds.
 */
export function secretsToDestination(tools: Tools): Step {
  return {
    async check(context) {
      const other = await differing(await targets(tools, context))
      if (other.length > 0) return { kind: 'needed', says: `${other.length} secrets are not the source's` }
      return { kind: 'done', says: "the secrets are the source's in both namespaces", facts: {} }
    },

    async explain(context) {
      const all = await targets(tools, context)
      return {
        summary:
          'Secrets of the source replace those of the fresh installation; what they hold now is kept beside them.',
        diff: all.flatMap(({ at, secrets }) =>
          [...secrets.keys()].map((name) => ({
            what: `secret ${name} in ${at.namespace}`,
            before: 'as installed',
            after: "the source's",
          })),
        ),
      }
    },

    async apply(context) {
      let written = 0
      for (const { at, secrets } of await targets(tools, context)) {
        for (const [name, values] of secrets) {
          await changeSecret(at, name, values, context.row.id)
          written++
        }
      }
      return { says: `${written} secrets written`, facts: {} }
    },

    async confirm(context) {
      const all = await targets(tools, context)
      const count = all.reduce((sum, { secrets }) => sum + secrets.size, 0)
      const other = await differing(all)
      return {
        says: 'secrets of both namespaces were compared by their digests',
        measured: [measure("secrets that are the source's", count, count - other.length)],
        facts: {},
      }
    },

    async undo(context) {
      const all = await targets(tools, context)
      for (const { at, secrets } of all)
        for (const name of secrets.keys()) await restoreSecret(at, name, context.row.id)
      return { says: 'the secrets of the fresh installation are back in both namespaces' }
    },
  }
}

interface Target {
  readonly at: ThreescalePlace
  readonly secrets: ReadonlyMap<string, SecretValues>
}

/** In the order in which they are written. */
async function targets(tools: Tools, context: StepContext): Promise<readonly Target[]> {
  const packed = await unpackSecrets(tools, context)
  const threescale = await placeOf(tools, context, 'destination')
  const operator = { ...threescale, namespace: rhoamNamespaces(context.migration).operator }
  const pick = (names: readonly string[]) => new Map([...packed].filter(([name]) => names.includes(name)))
  return [
    { at: operator, secrets: pick(secretsCarriedTo('destination-operator')) },
    { at: threescale, secrets: pick(secretsCarriedTo('destination')) },
  ]
}

async function differing(all: readonly Target[]): Promise<readonly string[]> {
  const found = await Promise.all(all.map(({ at, secrets }) => secretsThatDiffer(at, secrets)))
  return found.flat()
}
