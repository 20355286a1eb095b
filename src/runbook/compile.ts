import type { Migration } from '../model/migration.ts'
import type { DroppedRow, Plan, PlanRow } from '../model/plan.ts'
import type { RowId } from '../model/row-id.ts'
import { plannedHops } from './destination-build.ts'
import type { RunbookRow } from './row.ts'
import { whyNot } from './when.ts'

/**
 * Makes the plan of one migration: drops the rows that it does not need and says why, passes the dependencies of a
 * dropped row on to those that needed it, puts the rows in an order in which each comes after all it depends on (rows
 * that are free keep the runbook's order), names owners, and marks what happens while the service is down.
 *
 * Throws: `bug:` for a runbook with an id twice, a dependency that does not exist, or a cycle.
 */
export function compile(rows: readonly RunbookRow[], migration: Migration): Plan {
  const byId = index(rows)
  const ordered = topologically(rows, byId)
  const reasons = new Map(ordered.map((row) => [row.id, reasonsAgainst(row, migration)]))
  const kept = ordered.filter((row) => reasons.get(row.id)?.length === 0)
  const position = new Map(kept.map((row, at) => [row.id, at]))
  const dependencies = keptDependencies(ordered, position)

  const affecting = kept.flatMap((row, at) => (row.serviceAffecting ? [at] : []))
  const [first, last] = [affecting.at(0), affecting.at(-1)]
  const planned = kept.map(
    (row, at): PlanRow => ({
      id: row.id,
      number: row.number,
      title: row.title,
      owner: row.owner[migration.accessLevel],
      place: row.place,
      serviceAffecting: row.serviceAffecting,
      inOutage: first !== undefined && last !== undefined && at >= first && at <= last,
      undo: row.undo,
      dependsOn: dependencies.get(row.id) ?? [],
      notes: (row.notes ?? []).filter((note) => whyNot(note.when, migration) === null).map((note) => note.says),
      goal: row.goal,
      why: row.why,
      what: row.what,
      doneWhen: row.doneWhen,
      risks: row.risks,
    }),
  )
  const inOutage = planned.filter((row) => row.inOutage)
  const [opens, closes] = [inOutage.at(0), inOutage.at(-1)]

  return {
    migration: migration.name,
    accessLevel: migration.accessLevel,
    source: {
      release: migration.source.release,
      databaseKind: migration.source.database.kind,
      databaseVersion: migration.source.database.version,
      wildcardDomain: migration.source.wildcardDomain,
    },
    destination: {
      release: migration.destination.threescaleRelease,
      rhoamVersion: migration.destination.rhoamVersion,
      domain: migration.destination.customDomain ?? migration.destination.wildcardDomain,
    },
    window: migration.window,
    rows: planned,
    dropped: ordered.flatMap((row): DroppedRow[] => {
      const why = reasons.get(row.id) ?? []
      return why.length === 0 ? [] : [{ id: row.id, number: row.number, title: row.title, reasons: why }]
    }),
    hops: plannedHops(migration).map((hop) => hop.to),
    outage: opens && closes ? { from: opens.id, to: closes.id, rows: inOutage.length } : null,
    pointOfNoReturn: planned.find((row) => row.undo.kind === 'impossible')?.id ?? null,
    decisions: migration.decisions,
    contacts: contactsOf(migration),
  }
}

function index(rows: readonly RunbookRow[]): ReadonlyMap<RowId, RunbookRow> {
  const byId = new Map<RowId, RunbookRow>()
  for (const row of rows) {
    if (byId.has(row.id)) throw new Error(`bug: the runbook has row ${row.id} twice`)
    byId.set(row.id, row)
  }
  for (const row of rows) {
    for (const id of row.dependsOn) {
      if (!byId.has(id)) throw new Error(`bug: row ${row.id} depends on ${id}, which the runbook does not have`)
    }
  }
  return byId
}

/** Rows in an order in which dependencies come first; of those that could come next, the earliest in the runbook. */
function topologically(rows: readonly RunbookRow[], byId: ReadonlyMap<RowId, RunbookRow>): readonly RunbookRow[] {
  const done = new Set<RowId>()
  const ordered: RunbookRow[] = []
  while (ordered.length < byId.size) {
    const next = rows.find((row) => !done.has(row.id) && row.dependsOn.every((id) => done.has(id)))
    if (next === undefined) {
      const stuck = rows.filter((row) => !done.has(row.id)).map((row) => row.id)
      throw new Error(`bug: the runbook's dependencies go in a circle among ${stuck.join(', ')}`)
    }
    done.add(next.id)
    ordered.push(next)
  }
  return ordered
}

function reasonsAgainst(row: RunbookRow, migration: Migration): readonly string[] {
  return row.when.map((when) => whyNot(when, migration)).filter((reason) => reason !== null)
}

/** For every row the kept rows it waits for: a dropped dependency is replaced by what that one waited for. */
function keptDependencies(
  ordered: readonly RunbookRow[],
  position: ReadonlyMap<RowId, number>,
): ReadonlyMap<RowId, readonly RowId[]> {
  const result = new Map<RowId, readonly RowId[]>()
  // In this order what a dropped row stands for is known before anybody asks.
  for (const row of ordered) {
    const ids = new Set(row.dependsOn.flatMap((id) => (position.has(id) ? [id] : (result.get(id) ?? []))))
    result.set(
      row.id,
      [...ids].sort((a, b) => (position.get(a) ?? 0) - (position.get(b) ?? 0)),
    )
  }
  return result
}

function contactsOf(migration: Migration): Plan['contacts'] {
  // Drops keys whose value is undefined, which zod keeps and exact optional types do not.
  return Object.fromEntries(Object.entries(migration.contacts).filter(([, contact]) => contact !== undefined))
}
