import type { PlanRow } from '../../../src/model/plan.ts'
import type { RowId } from '../../../src/model/row-id.ts'
import { secrets } from '../../../src/threescale/secrets.ts'
import type { StatePart } from './state.ts'

const names = secrets.map(({ name }) => name).join('|')
/** What rows change of 3scale at the destination, beside all that RHOAM makes of its own when it runs. */
const ofTheDestination = `destination (secrets redhat-rhoam-(3scale|operator)/(${names}|threeshift-\\S+)$|deployments\\.apps redhat-rhoam-3scale|keycloakclients\\S* \\S+/3scale-tenant-)`
const elsewhere = 'source |migration |database (source|loaded|working) |redis source |aws MIGRATION |ledger |file '

/** Of the world, what is looked at after a row was taken back, where that is not what rows before the destination's change. */
const seen: Readonly<Partial<Record<RowId, RegExp>>> = {
  'access-granted': /rbac/,
  'migration-cluster-ready': /^(migration|ledger rhoam-eng) /,
  'standalone-vpc': /^(aws MIGRATION|ledger rhoam-eng) /,
  'migration-databases': /^(aws MIGRATION|ledger rhoam-eng) /,
  workspace: /^file rhoam-eng /,
  'exchange-bucket': /^(aws \S+ bucket threeshift-|ledger customer |file customer )/,
  'exchange-granted': /^(aws \S+ user |ledger customer )/,
  // By hand: nobody takes them back here.
  'destination-idp': /^nothing/,
  'rhoam-install': /^nothing/,
  'rhoam-freeze': /^destination deployments\.apps redhat-rhoam-operator\/rhmi-operator/,
  'seed-destination': new RegExp(`^(${elsewhere}|${ofTheDestination}|database rhoam )`),
  'restore-redis': new RegExp(`^(${elsewhere}|${ofTheDestination}|redis rhoam )`),
  'file-storage': new RegExp(`^(${elsewhere}|${ofTheDestination}|aws DESTINATION bucket )`),
}
const beforeTheDestination = new RegExp(`^(${elsewhere})`)
/** Once 3scale answers at the destination it works by itself; what is in its database then comes back with `seed-destination`. */
const atTheDestination = new RegExp(`^(${elsewhere}|${ofTheDestination})`)

const apart = ['objects', 'cloud', 'folders'] as const
/** Rows that change what is in databases: those are read around them. */
const inDatabases = new Set<RowId>([
  'load-system-database',
  'convert-to-postgres',
  'routes-to-migration',
  'upgrade-3scale',
  'routes-to-destination',
  'seed-destination',
])

/** What is to be read around a row. */
export function partsAround({ id }: PlanRow): readonly StatePart[] {
  const parts: StatePart[] = [...apart]
  if (inDatabases.has(id)) parts.push('databases')
  if (id === 'restore-redis' || id === 'seed-destination') parts.push('keys')
  return parts
}

interface Leaving {
  readonly what: RegExp
  readonly why: string
}

const always: readonly Leaving[] = [
  { what: /^file \S+ exchange\//, why: 'what has been packed already; worth nothing but time' },
  { what: /^source jobs/, why: 'hooks that ran' },
  { what: /^database working threeshift\./, why: 'notes of what was copied and renamed' },
]

/**
 * Whether something that differs after a row was taken back may. `isWholeWay`: every later row was taken back before; then the copy of
 * 3scale stays with the operator that it was upgraded to, which cannot go back, and stopped, until its namespace goes.
 */
export function isLeftBy(
  { id }: PlanRow,
  rows: readonly PlanRow[],
  { isWholeWay } = { isWholeWay: false },
): (what: string) => boolean {
  const positionOf = (other: RowId) => rows.findIndex((row) => row.id === other)
  const isLate = positionOf(id) > positionOf('seed-destination')
  const sight = seen[id] ?? (isLate ? atTheDestination : beforeTheDestination)
  const isOfTheCopy = isWholeWay && positionOf(id) < positionOf('upgrade-3scale') && id !== 'migration-cluster-ready'
  const leavings = [
    ...always,
    ...(isOfTheCopy || id === 'upgrade-3scale'
      ? [{ what: /^(migration |file rhoam-eng schema-back)/, why: 'the operator stays' }]
      : []),
  ]
  return (what) => !sight.test(what) || leavings.some((leaving) => leaving.what.test(what))
}
