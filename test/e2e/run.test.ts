import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { rmSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { runCli } from '../support/cli.ts'
import { newDatabase, onDatabase } from '../support/engine.ts'
import { worldSql } from '../support/engine-steps.ts'
import { temporaryFolder, withServers } from '../support/servers.ts'

const servers = withServers({ postgres: true })
const command = fileURLToPath(new URL('../support/programs/engine-command.ts', import.meta.url))

describe('a migration from the command line', () => {
  let folder: string
  let world: string

  before(async () => {
    folder = temporaryFolder()
    world = await newDatabase(servers.postgres(), 'world')
    await onDatabase(world, (client) => client.query(worldSql))
    const made = await runCli(['init', '--defaults', '--out', 'migration.yaml'], { cwd: folder })
    assert.equal(made.code, 0, made.stderr)
  })
  after(() => rmSync(folder, { recursive: true, force: true }))

  interface Interruption {
    /** What it says on stderr before each interruption. */
    readonly at: readonly string[]
    readonly workMs: number
    readonly drainMs: number
  }

  /** Runs a command with made-up steps. */
  const engine = async (args: readonly string[], interruption: Interruption = { at: [], workMs: 0, drainMs: 0 }) => {
    const child = spawn(process.execPath, [command, ...args, '--json'], {
      cwd: folder,
      env: {
        ...process.env,
        WORLD: world,
        WORK_MS: String(interruption.workMs),
        DRAIN_MS: String(interruption.drainMs),
        THREESHIFT_STATE_DIR: join(folder, 'state'),
        THREESHIFT_DATABASE_URL: '',
        NODE_COMPILE_CACHE: join(folder, 'compile-cache'),
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let [stdout, stderr] = ['', '']
    let interrupts = 0
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text
      const next = interruption.at[interrupts]
      if (next === undefined || !stderr.includes(next)) return
      interrupts += 1
      child.kill('SIGINT')
    })
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject)
      child.once('close', resolve)
    })
    return { code, stderr, result: JSON.parse(stdout.trimEnd().split('\n').at(-1) || '{}') }
  }
  const run = (...more: readonly string[]) => engine(['run', '-c', 'migration.yaml', '--as', 'ops', ...more])
  const approve = (row: string, party: string, name: string) =>
    engine(['approve', 'rehearsal', row, '--party', party, '--as', name, '--reason', 'as agreed'])

  test('runs until somebody has to act, goes on after Ctrl-C and after approvals, and says so with its exit code', async () => {
    const interrupted = await engine(['run', '-c', 'migration.yaml', '--as', 'ops'], {
      at: ['access-confirmed: apply'],
      workMs: 200,
      drainMs: 0,
    })
    assert.equal(interrupted.code, 4, interrupted.stderr)
    assert.equal(interrupted.result.fault.code, 'STOPPED')

    const asked = await run()
    assert.equal(asked.code, 3, asked.stderr)
    const [waiting] = asked.result.migrations
    assert.equal(waiting.id, 'rehearsal')
    assert.equal(waiting.state, 'waiting-for-person')
    assert.deepEqual([waiting.baton.party, waiting.baton.row], ['customer', 'quiesce'])

    const status = await engine(['status'])
    assert.equal(status.code, 0, status.stderr)
    assert.equal(status.result.migrations[0].baton.unblock, "threeshift approve rehearsal quiesce --reason '...'")
    assert.equal(status.result.migrations[0].rows.find(({ id }: { id: string }) => id === 'quiesce').state, 'held')

    const alone = await approve('quiesce', 'rhoam-eng', 'ops')
    assert.equal(alone.code, 64, 'it is the customer who is asked')
    const approved = await approve('quiesce', 'customer', 'Carla')
    assert.equal(approved.code, 0, approved.stderr)
    const last = await run()
    assert.equal(last.code, 3, last.stderr)
    assert.equal(last.result.migrations[0].baton.row, 'new-routes')
    await approve('new-routes', 'customer', 'Carla')
    await approve('new-routes', 'rhoam-eng', 'Olga')
    const done = await run()
    assert.equal(done.code, 0, done.stderr)
    assert.equal(done.result.migrations[0].state, 'done')
    const effects = await onDatabase(world, (client) =>
      client.query('SELECT row_id, count(*)::int FROM effects GROUP BY row_id HAVING count(*) <> 1'),
    )
    assert.deepEqual(effects.rows, [])
  })

  test('Ctrl-C once lets the verb end its batch, twice does not wait for it; both go on with the next run', async () => {
    const text = await readFile(join(folder, 'migration.yaml'), 'utf8')
    await writeFile(join(folder, 'interrupted.yaml'), text.replace(/^name: .*$/m, 'name: interrupted'))
    const command = ['run', '-c', 'interrupted.yaml', '--as', 'ops']
    const calls = async () => {
      const { rows } = await onDatabase(world, (client) =>
        client.query(
          "SELECT row_id, verb, ended IS NOT NULL AS ended FROM calls WHERE migration = 'interrupted' ORDER BY id",
        ),
      )
      return rows.map(({ row_id, verb, ended }) => `${row_id} ${verb} ${ended ? 'ended' : 'cut off'}`)
    }
    // Longer than the test may take: who waits for it never comes back.
    const forEverMs = 3600_000
    const begins = 'access-granted: check'

    const once = await engine(command, { at: [begins], workMs: forEverMs, drainMs: 300 })
    assert.equal(once.code, 4, once.stderr)
    assert.equal(once.result.fault.code, 'STOPPED')
    assert.deepEqual(await calls(), ['access-granted check ended'])

    const twice = await engine(command, { at: [begins, 'Stopping safely'], workMs: forEverMs, drainMs: forEverMs })
    assert.equal(twice.code, 130, twice.stderr)
    // Whether the call was noted before the end came is chance; that it ended is not.
    assert.ok((await calls()).slice(1).every((call) => call === 'access-granted check cut off'))

    const goesOn = await engine(command)
    assert.equal(goesOn.code, 3, goesOn.stderr)
    assert.equal(goesOn.result.migrations[0].baton.row, 'quiesce')
    const effects = await onDatabase(world, (client) =>
      client.query("SELECT row_id FROM effects WHERE migration = 'interrupted' GROUP BY row_id HAVING count(*) <> 1"),
    )
    assert.deepEqual(effects.rows, [])
    assert.equal((await calls()).filter((call) => call === 'access-granted check ended').length, 2)
  })
})
