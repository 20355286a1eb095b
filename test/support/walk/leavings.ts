import type { PlanRow } from '../../../src/model/plan.ts'
import type { RowId } from '../../../src/model/row-id.ts'
import type { StatePart } from './state.ts'

/** Of the world, what is looked at after a row was taken back: until RHOAM stands still and is filled, it changes by itself. */
const seen: Readonly<Partial<Record<RowId, RegExp>>> = {
  'access-granted': /rbac/,
  'migration-cluster-ready': /^(migration|ledger rhoam-eng) /,
  'standalone-vpc': /^(aws|ledger) /,
  'migration-databases': /^(aws|ledger) /,
  workspace: /^file rhoam-eng /,
  'exchange-bucket': /^(aws|ledger|file) /,
  'exchange-granted': /^(aws|ledger) /,
  // By hand: nobody takes them back here.
  'destination-idp': /^nothing/,
  'rhoam-install': /^nothing/,
  'rhoam-freeze': /^destination deployments\.apps redhat-rhoam-operator\/rhmi-operator/,
  'seed-destination': /./,
  'restore-redis': /^(source|migration|destination|redis rhoam|file) /,
}
const beforeTheDestination = /^(source|migration|database (source|loaded|working)|redis source|aws|ledger|file) /
/** Once 3scale answers at the destination it works by itself; what undo brings back there is what `seed-destination` saved. */
const atTheDestination =
  /^(source|migration|destination (secrets|deployments|keycloak)|database (source|loaded|working)|redis source|aws|ledger|file) /

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
]

const of: Readonly<Partial<Record<RowId, readonly Leaving[]>>> = {
  'seed-destination': [
    { what: /^destination postgressnapshots/, why: "RHOAM's own snapshot of its database is a safety copy" },
    { what: /^destination jobs/, why: 'hooks that run anew' },
  ],
}

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
    ...(of[id] ?? []),
    ...(isOfTheCopy || id === 'upgrade-3scale'
      ? [{ what: /^(migration |file rhoam-eng schema-back)/, why: 'the operator stays' }]
      : []),
  ]
  return (what) => !sight.test(what) || leavings.some((leaving) => leaving.what.test(what))
}
