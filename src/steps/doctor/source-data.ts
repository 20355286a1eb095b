import { statfs } from 'node:fs/promises'
import { parties } from '../../model/party.ts'
import { moveBetween } from '../databases.ts'
import { tenantTaken } from '../traps.ts'
import { databaseAt, megabytes, redisAt } from './databases.ts'
import { decision, type Look, noGo, ok, type Patient, warning } from './look.ts'

/** A dump as text is mostly smaller than the tables with their indexes; with the spool of Redis beside it. */
const dumpsPerByte = 1.5

/** What is in the source that somebody has to decide about, and this machine. */
export const dataLooks: readonly Look[] = [
  {
    place: 'source',
    what: 'tenants that RHOAM would take for its own',
    async examine(patient) {
      const { source, destination } = patient.migration
      const taken = tenantTaken(await tenantsOf(patient), source.wildcardDomain)
      if (taken === undefined) return ok('no tenant is called 3scale')
      if (destination.accepted.tenantNamed3scale) {
        return warning(
          `tenant ${taken.id} is called 3scale: RHOAM will delete its users, which is accepted`,
          'Keep a list of them.',
        )
      }
      return decision(
        `tenant ${taken.id} is called 3scale: RHOAM takes it for its own and deletes its users`,
        'Rename it at the source, or accept it with destination.accepted.tenantNamed3scale: true in migration.yaml.',
      )
    },
  },
  {
    place: 'source',
    what: "tenants' sender addresses",
    async examine(patient) {
      const own = (await tenantsOf(patient)).filter(({ fromEmail }) => fromEmail !== null && fromEmail !== '')
      if (own.length === 0) return ok('no tenant has a sender address of its own')
      if (patient.migration.destination.accepted.senderAddresses) {
        return warning(
          `${own.length} tenants have one, which RHOAM will overwrite; it is accepted`,
          'Tell these tenants.',
        )
      }
      return decision(
        `${own.length} tenants have one, which RHOAM overwrites`,
        'Accept it with destination.accepted.senderAddresses: true in migration.yaml, or keep the addresses elsewhere.',
      )
    },
  },
  {
    place: 'source',
    what: 'access tokens of the tenants',
    async examine(patient) {
      const tenants = (await tenantsOf(patient)).filter(({ state }) => state === 'approved')
      const without = tenants.filter(({ token }) => token === null)
      return without.length === 0
        ? ok(`each of ${tenants.length} tenants has one that may be used`)
        : noGo(
            `${without.length} tenants have none for the account management API, such as ${without[0]?.id}: single sign-on cannot be set up for them`,
            'Have an admin of each of these tenants make one (scope account_management, read and write).',
          )
    },
  },
  {
    place: 'this machine',
    what: 'room for the dumps',
    async examine(patient) {
      const { bytes } = await databaseAt(patient, patient.migration.source.database.url)
      const { usedBytes } = await redisAt(patient, patient.migration.source.redis.storage)
      const { bavail, bsize } = await statfs(patient.tools.folder)
      const [free, needed] = [bavail * bsize, Math.ceil((bytes + usedBytes) * dumpsPerByte)]
      const says = `${megabytes(free)} are free for about ${megabytes(needed)}`
      return free < needed
        ? noGo(says, `Make room in ${patient.tools.folder}, or set THREESHIFT_HOME to a larger disk.`)
        : ok(says)
    },
  },
  {
    place: 'this machine',
    what: 'keys and cards for the exchange',
    async examine({ tools }) {
      await tools.exchange.keys()
      for (const party of parties) await tools.exchange.card(party)
      return ok(`its own keys, and cards of ${parties.join(', ')}`)
    },
  },
]

/** Every value is looked at, which reads the database once. */
export const valuesLook: Look = {
  place: 'source',
  what: 'values that PostgreSQL cannot store',
  async examine(patient) {
    const { tools, migration, signal } = patient
    if (migration.source.database.kind === 'oracle') return null
    const source = await tools.database(migration.source.database.url)
    const request = moveBetween(tools, { migration, signal, onProgress: () => undefined }, source, source)
    const { verdict, findings } = await tools.systemDatabase.assess(request)
    const where = findings.map(({ class: of, table, column, count }) => `${count} × ${of} in ${table}.${column}`)
    if (verdict === 'undecided') {
      return decision(
        `without a decision: ${where.slice(0, 5).join(', ')}`,
        'Decide under decisions: in migration.yaml; `threeshift db assess` shows all.',
      )
    }
    return ok(findings.length === 0 ? 'there are none' : `each has a decision: ${where.slice(0, 5).join(', ')}`)
  },
}

async function tenantsOf({ tools, migration, signal }: Patient) {
  return tools.threescaleDatabase.tenants(await tools.database(migration.source.database.url), { signal })
}
