import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises'
import { availableParallelism, tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { createDatabases, serverVersion } from '../adapters/servers/create-databases.ts'
import type { LocalServer } from '../adapters/servers/local-server.ts'
import { startMariaDb } from '../adapters/servers/mariadb.ts'
import { startPostgres } from '../adapters/servers/postgres.ts'
import { startRedis } from '../adapters/servers/redis.ts'
import type { Clock } from '../base/clock.ts'
import { count } from '../cli/progress-line.ts'
import type { DatabaseAddress } from '../model/database-address.ts'
import type { RedisEndpoint } from '../model/redis-endpoint.ts'
import type { Rehearsal, RehearsalReport, RehearsalRequest, RehearsalStage } from '../ports/rehearsal.ts'
import type { SourceWorld } from '../ports/source-world.ts'
import type { MoveRequest, SystemDatabaseMover } from '../ports/system-database.ts'

/** A rehearsal on private MariaDB, PostgreSQL and Redis servers, whose data lives in a temporary folder. */
export function localRehearsal(world: SourceWorld, mover: SystemDatabaseMover, clock: Clock): Rehearsal {
  return {
    async run(request) {
      await removeAbandoned()
      const dir = await mkdtemp(join(tmpdir(), `${folderPrefix}${process.pid}-`))
      const servers: LocalServer[] = []
      try {
        // A server that runs as another account has to pass through.
        await chmod(dir, 0o711)
        return await rehearse(request, dir, servers, { world, mover, clock })
      } finally {
        await Promise.all(servers.map((server) => server.stop()))
        await rm(dir, { recursive: true, force: true })
      }
    },
  }
}

const folderPrefix = 'threeshift-rehearsal-'

/** Folders of rehearsals that were killed; their servers have ended themselves. */
async function removeAbandoned(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const pid = new RegExp(`^${folderPrefix}(\\d+)-`).exec(name)?.[1]
    if (pid !== undefined && !isAlive(Number(pid))) await rm(join(tmpdir(), name), { recursive: true, force: true })
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // It lives, and is somebody else's.
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

interface Parts {
  readonly world: SourceWorld
  readonly mover: SystemDatabaseMover
  readonly clock: Clock
}

async function rehearse(
  request: RehearsalRequest,
  dir: string,
  servers: LocalServer[],
  parts: Parts,
): Promise<RehearsalReport> {
  const { clock } = parts
  const { onEvent, signal, decisions } = request
  const startedAt = clock.now()
  const startedMs = clock.elapsedMs()
  const stages: RehearsalReport['stages'][number][] = []
  const stage = async <Result>(
    name: RehearsalStage,
    says: string,
    work: () => Promise<Result>,
    outcome: (result: Result) => string,
  ): Promise<Result> => {
    onEvent({ kind: 'stage-began', stage: name, says })
    const began = clock.elapsedMs()
    const result = await work()
    const done = { stage: name, tookMs: clock.elapsedMs() - began, says: outcome(result) }
    stages.push(done)
    onEvent({ kind: 'stage-ended', ...done })
    return result
  }
  const start = async (starter: typeof startMariaDb, kind: string): Promise<LocalServer> => {
    const server = await starter({ dir: join(dir, kind), signal })
    servers.push(server)
    return server
  }

  const { source, target, redis, targetVersion } = await stage(
    'servers',
    'Starting private MariaDB, PostgreSQL and Redis servers on this machine',
    async () => {
      const outcomes = await Promise.allSettled([
        start(startMariaDb, 'mariadb'),
        start(startPostgres, 'postgres'),
        start(startRedis, 'redis'),
      ])
      const [mariadb, postgres, redis] = outcomes.map((outcome) => {
        if (outcome.status === 'rejected') throw outcome.reason
        return outcome.value
      })
      if (mariadb === undefined || postgres === undefined || redis === undefined)
        throw new Error('bug: a server is missing')
      const source = addressOf(mariadb, 'mysql', 'system')
      const target = addressOf(postgres, 'postgresql', 'system')
      await createDatabases([source, target])
      return { source, target, redis, targetVersion: await serverVersion(target) }
    },
    () => 'They listen on loopback only and are ended with the rehearsal',
  )
  const { release, tenants, scale } = request.world
  const made = await stage(
    'world',
    `Filling the source: 3scale ${release}, ${tenants} tenants, scale ${scale}${request.world.edgeRows ? ', with edge rows' : ''}`,
    () =>
      parts.world.generate({
        ...request.world,
        mysql: source,
        redis: { storage: storageOf(redis), queuesDatabase: 1 },
        onProgress: ({ table, allRows }) => onEvent({ kind: 'rows-made', table, rows: allRows }),
        signal,
      }),
    (report) => `${report.tables.length} tables, ${count(report.rows)} rows, ${count(report.keys)} Redis keys`,
  )
  const move: MoveRequest = {
    source,
    target,
    decisions,
    schema: 'create',
    emptyTarget: false,
    streams: Math.max(2, availableParallelism()),
    compression: 'lz4',
    reread: true,
    maxLatencyMs: null,
    onProgress: (progress) => onEvent({ kind: 'table', progress }),
    signal,
  }
  const assess = await stage(
    'assess',
    'Looking for values that PostgreSQL cannot store',
    () => parts.mover.assess(move),
    (report) => `${report.verdict}: ${report.findings.length} columns with such values`,
  )
  const report = {
    startedAt,
    seed: request.world.seed,
    edgeRows: request.world.edgeRows,
    machine: {
      cores: availableParallelism(),
      memoryBytes: totalmem(),
      node: process.version,
      targetVersion,
    },
    stages,
    world: made,
    assess,
    decisions,
    notChecked,
  }
  if (assess.verdict === 'undecided') return { ...report, verdict: 'stopped', tookMs: clock.elapsedMs() - startedMs }
  const copy = await stage(
    'copy',
    'Copying MySQL into PostgreSQL from one consistent snapshot',
    () => parts.mover.copy(move),
    (report) =>
      `${report.verdict}: ${report.tables.length} tables; ${report.changed} values changed and ${report.setAside} rows set aside by decision`,
  )
  const verify = await stage(
    'verify',
    'Reading both databases afresh and comparing them',
    () => parts.mover.verify(move),
    (report) =>
      `${report.verdict}: ${report.tables.filter((table) => table.equal).length} of ${report.tables.length} tables equal`,
  )
  return {
    ...report,
    verdict: verify.verdict === 'equal' ? 'proven' : 'different',
    copy,
    verify,
    notChecked: [...notChecked, ...verify.notChecked],
    tookMs: clock.elapsedMs() - startedMs,
  }
}

const notChecked = [
  'the rows of the runbook other than 5 convert-to-postgres: they are planned, not carried out by this version',
  'the backend Redis: a rehearsal fills one beside the database and does not move it (threeshift redis does)',
  'MySQL 5.7 and 8 and Oracle as sources: MariaDB stands in for them here',
]

function addressOf(server: LocalServer, engine: DatabaseAddress['engine'], database: string): DatabaseAddress {
  const { host, port, user, password } = server
  return { engine, host, port, user, password, database, tls: { kind: 'off' } }
}

function storageOf(server: LocalServer): RedisEndpoint {
  const { host, port, user, password } = server
  return { host, port, user, password, db: 0, tls: { kind: 'off' } }
}
