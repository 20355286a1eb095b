import type { Clock } from '../../../base/clock.ts'
import type { CopyReport, Finding, MoveRequest } from '../../../ports/system-database.ts'
import { postgresTriggers } from '../../../threescale/tenant-rules.ts'
import { TupleWriter } from '../../../wire/postgres/tuple-writer.ts'
import { findDangling } from '../assess.ts'
import { beginCopy } from './begin-copy.ts'
import { claimTarget, type TargetClaim } from './claim-target.ts'
import type { DanglingKeys } from '../values/dangling.ts'
import { fault } from '../faults.ts'
import { isDecided, Tally } from '../values/findings.ts'
import { countLedger, dropLedger } from './ledger.ts'
import { openSource, type Source } from '../open-source.ts'
import { PostgresTarget } from '../postgres-target.ts'
import { PhaseProgress } from '../progress.ts'
import { readPostgresCatalog } from '../schema/read-postgres-catalog.ts'
import type { SourceCatalog } from '../schema/source-catalog.ts'
import { planMoves, type TableMove } from '../table-move.ts'
import { addForeignKey } from '../schema/target-ddl.ts'
import type { CopyStream } from './copy-range.ts'
import { type EarlierRun, findChanged, findEarlierRun, forgetTables, planDigest } from './earlier-run.ts'
import { runJobs } from './jobs.ts'
import { type CopyLimits, planAgain, planTable, type TablePlan } from './plan-ranges.ts'
import type { SharedSnapshot } from './shared-snapshot.ts'
import { type Spare, spareNobody, spareServers } from './spare.ts'
import { type CopyWork, foreignKeyJobs, tableJobs } from './table-jobs.ts'
import { openTargets } from './target-sessions.ts'

/**
 * Copies a source into a target from one consistent snapshot, over several streams.
 *
 * A small table is one transaction: made, filled, indexed and noted in the ledger, or not there at all. A large one is
 * filled in chunks, each committed together with the ledger's word for it. A run that was cut off is gone on with by the
 * same request; what the source has changed since is found and copied afresh. A value that needs a decision which is not
 * there stops all writing: the rest is read to its end, everything found is reported, and the target is left empty.
 */
export async function copySystemDatabase(request: MoveRequest, clock: Clock, limits: CopyLimits): Promise<CopyReport> {
  const cut = new AbortController()
  const signal = AbortSignal.any([request.signal, cut.signal])
  const source = await openSource(request.source, signal)
  let target: PostgresTarget | undefined
  const opened: { close(): unknown }[] = [source]
  try {
    target = await PostgresTarget.open(request.target, request.signal)
    opened.push(target)
    const sessions = { source, target, signal, opened, onFailure: (error: unknown) => cut.abort(error) }
    const run = new CopyRun(request, clock, limits, sessions)
    return await run.carryOut()
  } finally {
    await Promise.all(opened.map((session) => session.close()))
  }
}

interface Sessions {
  readonly source: Source
  /** Holds the claim, and notes beginning and end. */
  readonly target: PostgresTarget
  /** Ends all sessions of the streams. */
  readonly signal: AbortSignal
  /** Everything that has to be closed in the end. */
  readonly opened: { close(): unknown }[]
  readonly onFailure: (error: unknown) => void
}

/** One run of a copy, from the claim to the last word in the ledger. */
class CopyRun {
  readonly #request: MoveRequest
  readonly #clock: Clock
  readonly #limits: CopyLimits
  readonly #sessions: Sessions
  readonly #startedMs: number
  readonly #halt = { halted: false }

  constructor(request: MoveRequest, clock: Clock, limits: CopyLimits, sessions: Sessions) {
    this.#request = request
    this.#clock = clock
    this.#limits = limits
    this.#sessions = sessions
    this.#startedMs = clock.elapsedMs()
  }

  async carryOut(): Promise<CopyReport> {
    const { source, target } = this.#sessions
    const request = this.#request
    const { session } = source
    await source.refuseAsTarget(target)
    await session.beginSnapshot()
    const plan = await source.readSchema()
    const { catalog } = plan
    const moves = planMoves(catalog, plan.schema, session.dialect)
    const claim = await claimTarget(target, plan.schema, request)
    const snapshot = await this.#share(moves)
    const dangling = await findDangling(snapshot.sources, moves, request.decisions, this.#clock, request.onProgress)
    const digest = planDigest(moves, request)
    const earlier = await findEarlierRun(target, digest)
    await this.#begin(claim, snapshot, digest, earlier)
    const { streams, notes: streamNotes } = await this.#openStreams(snapshot)
    const spare = await this.#spare()
    try {
      const { plans, notes } = await this.#plan(moves, streams, snapshot, earlier, dangling)
      const copied = await this.#fill(moves, plans, streams, dangling, spare)
      await refuseChangedSource(source, catalog)
      const findings = findingsOf(plans, request.decisions)
      const report = {
        source: { ...catalog.facts, snapshot: session.snapshot },
        findings,
        notes: [...plan.notes, ...claim.notes, ...snapshot.notes, ...streamNotes, ...notes],
        resumed: earlier !== null,
      }
      if (this.#halt.halted) {
        await this.#takeBack(claim, moves, catalog)
        refuseImpossible(findings)
        return { ...report, verdict: 'stopped', tables: [], changed: 0, setAside: 0, tookMs: this.#tookMs() }
      }
      await this.#finish(catalog)
      const { changed, setAside } = await countLedger(target)
      const tables = copied.toSorted((a, b) => (a.name < b.name ? -1 : 1))
      return { ...report, verdict: 'copied', tables, changed, setAside, tookMs: this.#tookMs() }
    } finally {
      await spare.stop()
    }
  }

  async #share(moves: readonly TableMove[]): Promise<SharedSnapshot> {
    const { source, opened } = this.#sessions
    const names = moves.map((move) => move.name)
    const snapshot = await source.share(names, this.#request.streams)
    opened.push(...snapshot.sources.filter((session) => session !== source.session))
    return snapshot
  }

  /** Clears what is there, or takes note that an earlier run is gone on with. */
  async #begin(
    claim: TargetClaim,
    snapshot: SharedSnapshot,
    digest: string,
    earlier: EarlierRun | null,
  ): Promise<void> {
    const { source, target } = this.#sessions
    const { position } = snapshot
    const about = { source: this.#request.source, snapshot: source.session.snapshot, position, plan: digest }
    await beginCopy(target, claim, about, earlier)
  }

  async #openStreams(snapshot: SharedSnapshot) {
    const { target, signal, opened } = this.#sessions
    const { targets, notes } = await openTargets(target, snapshot.sources.length, this.#request, signal)
    opened.push(...targets)
    const streams = targets.flatMap((session, i): CopyStream[] => {
      const source = snapshot.sources[i]
      return source === undefined ? [] : [{ source, target: session, out: new TupleWriter() }]
    })
    return { streams, notes }
  }

  async #spare(): Promise<Spare> {
    const { source, signal, opened, onFailure } = this.#sessions
    const { maxLatencyMs } = this.#request
    if (maxLatencyMs === null) return spareNobody
    const probes = [
      await source.session.openAnother(),
      await PostgresTarget.open(this.#request.target, signal),
    ] as const
    opened.push(...probes)
    return spareServers(...probes, maxLatencyMs, this.#clock, signal, onFailure)
  }

  async #plan(
    moves: readonly TableMove[],
    streams: readonly CopyStream[],
    snapshot: SharedSnapshot,
    earlier: EarlierRun | null,
    dangling: DanglingKeys,
  ): Promise<{ readonly plans: readonly TablePlan[]; readonly notes: readonly string[] }> {
    const { source, target } = this.#sessions
    const begun = moves.flatMap((move) => {
      const states = earlier?.ranges.get(move.name)
      return states === undefined ? [] : [planAgain(move, states)]
    })
    // Whatever the source's log says of the time between: a writer may keep out of it.
    const changed = await this.#findChanged(streams, begun, dangling)
    const there = await readPostgresCatalog(target)
    // A table of which the ledger knows no ranges was given up by the earlier run.
    const known = new Set(begun.map(({ move }) => move.name))
    const givenUp = earlier === null ? [] : there.tables.map(({ name }) => name).filter((name) => !known.has(name))
    await forgetTables(target, there, new Set([...changed, ...givenUp]), this.#request.schema === 'create')
    const kept = new Map(begun.filter(({ move }) => !changed.has(move.name)).map((plan) => [plan.move.name, plan]))
    const plans: TablePlan[] = []
    for (const move of moves) {
      plans.push(kept.get(move.name) ?? (await planTable(source.session, move, streams.length, this.#limits)))
    }
    const names = [...changed].toSorted().join(', ')
    return {
      plans,
      notes: names === '' ? [] : [`The source changed since an earlier run copied ${names}: copied afresh.`],
    }
  }

  #findChanged(streams: readonly CopyStream[], begun: readonly TablePlan[], dangling: DanglingKeys) {
    const { decisions, onProgress } = this.#request
    const tables = begun.map(({ move }) => move.source)
    const progress = new PhaseProgress('recount', tables, this.#clock, onProgress)
    const begin = (move: TableMove) => progress.begin(move.name, move.source.estimatedRows)
    return findChanged(streams, begun, { rules: { decisions, dangling }, begin }, this.#sessions.onFailure)
  }

  async #fill(
    moves: readonly TableMove[],
    plans: readonly TablePlan[],
    streams: readonly CopyStream[],
    dangling: DanglingKeys,
    spare: Spare,
  ): Promise<CopyReport['tables']> {
    const { decisions, onProgress, reread, schema } = this.#request
    const tables = moves.map((move) => move.source)
    const work: CopyWork = {
      rules: { decisions, dangling },
      progress: new PhaseProgress('copy', tables, this.#clock, onProgress),
      halt: this.#halt,
      spare: spare.pause,
      create: schema === 'create',
      reread,
      limits: this.#limits,
      clock: this.#clock,
      there: await readPostgresCatalog(this.#sessions.target),
      copied: [],
    }
    const perTable = plans.map((plan) => ({ name: plan.move.name, ...tableJobs(work, plan) }))
    const whole = new Map(perTable.map(({ name, whole: last }) => [name, last]))
    const jobs = [...perTable.flatMap((table) => table.jobs), ...foreignKeyJobs(work, moves, whole)]
    await runJobs(jobs, streams, this.#sessions.onFailure)
    return work.copied
  }

  /** Nothing was decided for some value: the target becomes what it was before, and empty. */
  async #takeBack(claim: TargetClaim, moves: readonly TableMove[], catalog: SourceCatalog): Promise<void> {
    const { target } = this.#sessions
    const { create } = claim
    const there = await readPostgresCatalog(target)
    await forgetTables(target, there, new Set(moves.map((move) => move.name)), create)
    await dropLedger(target)
    if (create) return
    for (const move of moves) {
      for (const key of move.target.foreignKeys) {
        await target.query(addForeignKey(move.target, key), `giving back a foreign key of ${move.name}`)
      }
    }
    for (const sql of triggersOf(catalog)) await target.query(sql, 'giving back the tenant triggers')
  }

  /** Triggers look the master account up, so they come when all rows are in; the last commit makes all of it durable. */
  async #finish(catalog: SourceCatalog): Promise<void> {
    const { target } = this.#sessions
    await target.query('BEGIN', 'beginning to finish')
    for (const sql of triggersOf(catalog)) await target.query(sql, 'creating the tenant triggers')
    await target.query(
      'UPDATE threeshift.copy SET finished_at = now(), ended_by = (pg_current_xact_id()::text::numeric % 4294967296)',
      'noting the end of the copy',
    )
    await target.query('COMMIT', 'committing the end of the copy')
  }

  #tookMs(): number {
    return this.#clock.elapsedMs() - this.#startedMs
  }
}

function triggersOf(catalog: SourceCatalog): readonly string[] {
  return catalog.facts.release === null ? [] : postgresTriggers(catalog.facts.release)
}

function findingsOf(plans: readonly TablePlan[], decisions: MoveRequest['decisions']): readonly Finding[] {
  return plans.flatMap(({ move, states }) => {
    const tally = new Tally(move)
    for (const state of states) tally.merge(state.findings)
    return tally.findings(decisions)
  })
}

/** A decision that a column cannot take is a mistake; one that is missing is a question. */
function refuseImpossible(findings: readonly Finding[]): void {
  const found = findings.find((finding) => finding.decided !== 'stop' && !isDecided(finding))
  if (found === undefined) return
  throw fault('DB_DECISION_IMPOSSIBLE', {
    decision: `${found.class}=${found.decided}`,
    column: `${found.table}.${found.column}`,
  })
}

/**
 * The snapshot covers rows and not definitions. By now every table was read, and the server keeps what these sessions have
 * read from being altered; what was altered between the catalog and that is found here.
 */
async function refuseChangedSource(source: Source, before: SourceCatalog): Promise<void> {
  const after = new Map((await source.readSchema()).catalog.tables.map((table) => [table.name, table]))
  for (const table of before.tables) {
    const now = after.get(table.name)
    if (now === undefined) throw fault('DB_SOURCE_CHANGED', { table: table.name, what: 'it was dropped' })
    if (JSON.stringify(now.columns, bigintsAsText) !== JSON.stringify(table.columns, bigintsAsText)) {
      throw fault('DB_SOURCE_CHANGED', { table: table.name, what: 'its columns are different now' })
    }
  }
}

function bigintsAsText(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value
}
