import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { Fault } from '../../src/base/fault.ts'
import { Secret } from '../../src/base/secret.ts'
import { Stop } from '../../src/base/stop.ts'
import { freshDatabases, moveRequest, mover } from '../support/databases.ts'
import { startServer, temporaryFolder, withServers } from '../support/servers.ts'

const servers = withServers({ mariadb: true, postgres: true })

/** Expects a fault with this code, a remedy and exit code 4, and no secret in any of its texts. */
function isFault(code: string) {
  return (error: unknown): true => {
    assert.ok(error instanceof Fault, String(error))
    assert.equal(error.code, code, error.message)
    assert.equal(error.exit, 4)
    assert.ok(error.remedy.length > 10)
    assert.ok(
      !`${error.message} ${error.remedy} ${JSON.stringify(error.details)} ${String(error.cause)}`.includes(
        'wrong-canary',
      ),
    )
    return true
  }
}

async function smallSource() {
  const databases = await freshDatabases(servers)
  await databases.mysql('CREATE TABLE t (id int PRIMARY KEY, v text)', "INSERT INTO t VALUES (1, 'one'), (2, 'two')")
  return databases
}

test('a wrong password on either side is a fault that names the side and holds no password', async () => {
  const databases = await smallSource()
  const wrong = new Secret('wrong-canary')
  const request = moveRequest(databases)
  await assert.rejects(
    mover.copy({ ...request, source: { ...request.source, password: wrong } }),
    isFault('DB_LOGIN_REFUSED'),
  )
  await assert.rejects(
    mover.copy({ ...request, target: { ...request.target, password: wrong } }),
    isFault('DB_LOGIN_REFUSED'),
  )
})

test('an unreachable host, an unknown database and the wrong engine are told apart', async () => {
  const databases = await smallSource()
  const request = moveRequest(databases)
  // Port 1 is reserved and nothing listens there.
  await assert.rejects(mover.assess({ ...request, source: { ...request.source, port: 1 } }), isFault('DB_UNREACHABLE'))
  await assert.rejects(mover.verify({ ...request, target: { ...request.target, port: 1 } }), isFault('DB_UNREACHABLE'))
  await assert.rejects(
    mover.copy({ ...request, target: { ...request.target, host: 'nosuch.invalid' } }),
    isFault('DB_UNREACHABLE'),
  )
  await assert.rejects(
    mover.assess({ ...request, source: { ...request.source, database: 'nosuch' } }),
    isFault('DB_UNKNOWN_DATABASE'),
  )
  await assert.rejects(
    mover.copy({ ...request, target: { ...request.target, database: 'nosuch' } }),
    isFault('DB_UNKNOWN_DATABASE'),
  )
  await assert.rejects(
    mover.copy({ ...request, target: request.source }),
    (error) => error instanceof Fault && error.code === 'DB_WRONG_ENGINE',
  )
})

test('a server without TLS is not talked to when TLS is asked for', async () => {
  const databases = await smallSource()
  const request = moveRequest(databases)
  const tls = { kind: 'verified', checkHost: true } as const
  await assert.rejects(mover.copy({ ...request, source: { ...request.source, tls } }), isFault('DB_TLS_FAILED'))
  await assert.rejects(mover.copy({ ...request, target: { ...request.target, tls } }), isFault('DB_TLS_FAILED'))
})

test('an empty source is refused, and a 3scale source that lacks a table of its release is too', async () => {
  const empty = await freshDatabases(servers)
  await assert.rejects(mover.copy(moveRequest(empty)), isFault('DB_SOURCE_EMPTY'))
  const partial = await freshDatabases(servers)
  await partial.mysql(
    'CREATE TABLE schema_migrations (version varchar(255) PRIMARY KEY)',
    "INSERT INTO schema_migrations VALUES ('20220228215614')",
    'CREATE TABLE accounts (id bigint PRIMARY KEY)',
    'CREATE TABLE cinstances (id bigint PRIMARY KEY)',
  )
  await assert.rejects(mover.copy(moveRequest(partial)), isFault('DB_TABLE_MISSING'))
  assert.deepEqual(await tablesOf(partial), [])
})

test('a server that is too old is refused by its version', async () => {
  const dir = temporaryFolder()
  // A real server, told to call itself by an old name.
  const old = await startServer('mariadb', { dir: join(dir, 'mariadb'), settings: { version: '10.1.48-MariaDB' } })
  try {
    const databases = await freshDatabases({ ...servers, mariadb: () => old })
    await assert.rejects(mover.assess(moveRequest(databases)), isFault('DB_TOO_OLD'))
  } finally {
    await old.stop()
    rmSync(dir, { recursive: true, force: true })
  }
})

test('a target with tables of somebody else is left alone', async () => {
  const databases = await smallSource()
  await databases.postgres('CREATE TABLE theirs (id int)', 'INSERT INTO theirs VALUES (1)')
  await assert.rejects(mover.copy(moveRequest(databases)), isFault('DB_TARGET_NOT_EMPTY'))
  assert.deepEqual(await tablesOf(databases), [['theirs']])
})

test('two copies into one target do not run at once', async () => {
  const databases = await smallSource()
  const blocker = mover.copy(moveRequest(databases))
  const outcomes = await Promise.allSettled([blocker, mover.copy(moveRequest(databases))])
  const refused = outcomes.filter((outcome) => outcome.status === 'rejected')
  assert.equal(refused.length, 1)
  isFault('DB_TARGET_BUSY')(refused[0]?.reason)
  assert.equal((await mover.verify(moveRequest(databases))).verdict, 'equal')
})

test('a full target stops the copy with a fault, and a second run with space repairs it', async (context) => {
  // A server and a file system of its own: a tablespace that is torn away leaves a server in pieces.
  const dir = temporaryFolder()
  const own = await startServer('postgres', { dir: join(dir, 'postgres') })
  const space = join(dir, 'space')
  mkdirSync(space)
  try {
    const { uid } = statSync(`/proc/${own.pid}`)
    if (spawnSync('mount', ['-t', 'tmpfs', '-o', `size=1m,mode=700,uid=${uid}`, 'tmpfs', space]).status !== 0) {
      context.skip('this needs the right to mount a small file system')
      return
    }
    const databases = await freshDatabases({ ...servers, postgres: () => own })
    await databases.mysql(
      'CREATE TABLE a_small (id int PRIMARY KEY)',
      'INSERT INTO a_small VALUES (1)',
      'CREATE TABLE b_large (id int PRIMARY KEY, v longtext)',
      'INSERT INTO b_large SELECT seq, repeat(md5(rand(seq)), 40000) FROM seq_1_to_100',
    )
    await databases.postgres(`CREATE TABLESPACE small LOCATION '${space}'`)
    await databases.postgres(`ALTER DATABASE ${databases.target.database} SET default_tablespace = small`)
    await assert.rejects(mover.copy(moveRequest(databases)), isFault('DB_TARGET_FULL'))
    assert.equal((await mover.verify(moveRequest(databases))).verdict, 'different')
    await databases.postgres(`ALTER DATABASE ${databases.target.database} RESET default_tablespace`)
    assert.equal((await mover.copy(moveRequest(databases))).verdict, 'copied')
    assert.equal((await mover.verify(moveRequest(databases))).verdict, 'equal')
  } finally {
    await own.stop()
    spawnSync('umount', [space])
    rmSync(dir, { recursive: true, force: true })
  }
})

test('a source table that changes its type under the copy is noticed, and nothing is marked as copied', async () => {
  const databases = await freshDatabases(servers)
  await databases.mysql(
    'CREATE TABLE a_first (id int PRIMARY KEY, v text)',
    "INSERT INTO a_first SELECT seq, repeat('x', 200) FROM seq_1_to_200000",
    'CREATE TABLE b_second (id int PRIMARY KEY, v varchar(20))',
    "INSERT INTO b_second VALUES (1, 'x')",
  )
  let altered: Promise<unknown> | undefined
  const request = moveRequest(databases, {
    // One after the other: the larger table is read first.
    streams: 1,
    onProgress: (progress) => {
      if (progress.phase === 'copy' && progress.table === 'a_first') {
        altered ??= databases.mysql('ALTER TABLE b_second MODIFY v varchar(40), ADD extra int')
      }
    },
  })
  await assert.rejects(mover.copy(request), isFault('DB_SOURCE_CHANGED'))
  await altered
  assert.deepEqual(await databases.postgres('SELECT finished_at FROM threeshift.copy'), [[null]])
  assert.equal((await mover.copy(moveRequest(databases))).verdict, 'copied')
  assert.equal((await mover.verify(moveRequest(databases))).verdict, 'equal')
})

test('a copy that is aborted half-way throws the stop, and a second run makes it whole', async () => {
  const databases = await freshDatabases(servers)
  await databases.mysql(
    'CREATE TABLE a_first (id int PRIMARY KEY)',
    'INSERT INTO a_first VALUES (1)',
    'CREATE TABLE b_large (id int PRIMARY KEY, v text)',
    "INSERT INTO b_large SELECT seq, repeat('y', 500) FROM seq_1_to_50000",
  )
  const stopping = new AbortController()
  const request = moveRequest(databases, {
    signal: stopping.signal,
    onProgress: (progress) => {
      if (progress.phase === 'copy' && progress.table === 'b_large') stopping.abort(new Stop('operator'))
    },
  })
  await assert.rejects(mover.copy(request), (error) => error instanceof Stop)
  assert.equal((await mover.verify(moveRequest(databases))).verdict, 'different')
  assert.equal((await mover.copy(moveRequest(databases))).verdict, 'copied')
  assert.equal((await mover.verify(moveRequest(databases))).verdict, 'equal')
})

test('either server cutting the connection in the middle is a fault, and a second run makes it whole', async () => {
  const databases = await freshDatabases(servers)
  await databases.mysql(
    'CREATE TABLE t (id int PRIMARY KEY, v text)',
    "INSERT INTO t SELECT seq, repeat('z', 800) FROM seq_1_to_60000",
  )
  const cutting = async (cut: () => Promise<unknown>) => {
    let done: Promise<unknown> | undefined
    const request = moveRequest(databases, {
      onProgress: (progress) => {
        if (progress.phase === 'copy') done ??= cut()
      },
    })
    await assert.rejects(mover.copy(request), isFault('DB_CONNECTION_LOST'))
    await done
  }
  await cutting(() =>
    databases.postgres(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'threeshift'`),
  )
  await cutting(async () => {
    const rows = await databases.mysql(
      `SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID()`,
    )
    await databases.mysql(...rows.map(([id]) => `KILL ${String(id)}`))
  })
  assert.equal((await mover.copy(moveRequest(databases))).verdict, 'copied')
  assert.equal((await mover.verify(moveRequest(databases))).verdict, 'equal')
})

async function tablesOf(databases: Awaited<ReturnType<typeof freshDatabases>>) {
  return databases.postgres(
    `SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'`,
  )
}
