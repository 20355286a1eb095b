import assert from 'node:assert/strict'
import { globSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { after, before, describe, test } from 'node:test'
import { GetObjectCommand, ListBucketsCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3'
import {
  type Canary,
  canariesIn,
  canariesOfFolder,
  canariesOfSettings,
  canariesOfSource,
  filesBelow,
} from '../support/canary.ts'
import { runCli } from '../support/cli.ts'
import { environmentOf } from '../support/process-tree.ts'
import { rehearse } from '../support/rehearse.ts'
import { temporaryFolder } from '../support/servers.ts'

const dir = temporaryFolder()
after(() => rmSync(dir, { recursive: true, force: true }))

describe('a rehearsal of the whole journey', { skip: process.platform !== 'linux' && 'it looks into /proc' }, () => {
  const home = join(dir, 'a')
  const canaries: Canary[] = []
  const objects = new Map<string, string>()
  let ended: Awaited<ReturnType<typeof rehearse>>
  let outcome: { verdict: string; rows: { planned: number; confirmed: number }; downtimeMs: number; report: string }

  before(async () => {
    ended = await rehearse(home, ['--json', '--keep', '--out', 'report'], async (tree) => {
      const agents = tree.look().filter(({ commandLine }) => / agent --party /.test(commandLine))
      const settings = new Map(
        agents.map(({ pid, commandLine }) => [/--party (\S+)/.exec(commandLine)?.[1] ?? '', environmentOf(pid)]),
      )
      for (const [party, own] of settings) canaries.push(...canariesOfSettings(party, own))
      const customer = settings.get('customer')
      canaries.push(...(await canariesOfSource(customer?.get('SOURCE_DATABASE_URL') ?? '')))
      void readBuckets(customer?.get('AWS_ENDPOINT_URL') ?? '', objects)
    })
    outcome = JSON.parse(ended.stdout.trimEnd().split('\n').at(-1) ?? '{}')
  })

  test('brings every row to its end, with exit code 0', () => {
    assert.equal(ended.code, 0, ended.stderr)
    assert.equal(outcome.verdict, 'done')
    assert.ok(outcome.rows.planned > 36)
    assert.equal(outcome.rows.confirmed, outcome.rows.planned)
    assert.ok(outcome.downtimeMs > 0)
    for (const words of ['the service is down', 'the service is up again', 'customer (played), quiesce: approved']) {
      assert.ok(ended.stderr.includes(words), words)
    }
  })

  test('leaves evidence that is accepted, signed by each party for its own rows', async () => {
    const checked = await runCli(['verify-report', 'report', '--json'], { cwd: home })
    assert.equal(checked.code, 0, checked.stdout)
    const report = JSON.parse(readFileSync(join(home, 'report', 'report.json'), 'utf8'))
    const verbs: { party: string; row: string; signedByParty: boolean }[] = report.verbs
    assert.deepEqual([...new Set(verbs.map(({ party }) => party))].sort(), ['bu-srep', 'customer', 'rhoam-eng'])
    assert.deepEqual(
      verbs.filter(({ signedByParty }) => !signedByParty),
      [],
    )
    const approvals = report.deeds.filter(({ kind }: { kind: string }) => kind === 'approved')
    assert.deepEqual(
      approvals.map(({ row, party, reason }: Record<string, string>) => [row, party, reason]),
      [
        ['quiesce', 'customer', 'rehearsal'],
        ['new-routes', 'customer', 'rehearsal'],
        ['new-routes', 'rhoam-eng', 'rehearsal'],
      ],
    )
    assert.ok(report.made.length > 0, 'what was made is listed')
    const timings = JSON.parse(readFileSync(join(home, 'report', 'attachments', 'forecast.json'), 'utf8'))
    assert.ok(timings.rows.length > 36 && timings.size.rows > 0 && timings.size.keys > 0)
    const page = readFileSync(join(home, 'report', 'report.html'), 'utf8')
    for (const words of ['Done.', 'Who worked when', 'Who decided what, and why', 'What was made', 'does not show']) {
      assert.ok(page.includes(words), words)
    }
  })

  test('gives each party its own process and its own credentials', () => {
    const lines = [...ended.tree.commandLines]
    for (const words of [
      'serve',
      'run',
      'agent --party customer',
      'agent --party rhoam-eng',
      'agent --party bu-srep',
    ]) {
      assert.ok(
        lines.some((line) => line.includes(`main.ts ${words}`)),
        words,
      )
    }
  })

  test('leaves no process behind', () => {
    assert.deepEqual(ended.tree.left(), [])
  })

  test('shows no secret and no row of a customer anywhere', () => {
    const [kept = ''] = globSync('t/threeshift-rehearsal-*', { cwd: home })
    const world = join(home, kept)
    canaries.push(...canariesOfFolder(world))
    assert.ok(canaries.length > 100, `${canaries.length} canaries`)
    const control = readdirSync(join(world, 'world', 'clusters'))
    assert.ok(
      control.every((place) => canariesIn(textOf(world, place), canaries).length > 0),
      'where secrets are kept they are found',
    )
    const said = filesBelow(home, [
      'report/**',
      't/*/parties/*/*.log',
      't/*/control/*.log',
      't/*/world/servers/*/server.log',
      't/*/world/clusters/*/requests.jsonl',
    ])
    assert.ok(said.size > 20, `${said.size} files`)
    const all = new Map([
      ...said,
      ['stdout', ended.stdout],
      ['stderr', ended.stderr],
      ['command lines', [...ended.tree.commandLines].join('\n')],
      ...objects,
    ])
    assert.ok(objects.size > 0, 'the bucket was read')
    const seen = [...all].flatMap(([where, text]) => canariesIn(text, canaries).map((from) => `${where}: ${from}`))
    assert.deepEqual(seen, [])
    // What the parties exchange; 3scale keeps files of its own in other buckets.
    const exchanged = [...objects].filter(([where]) => where.startsWith('s3://threeshift-rehearsal/'))
    assert.ok(exchanged.length > 3, `${exchanged.length} objects are exchanged`)
    for (const [where, text] of exchanged) {
      assert.ok(/^(?:age-encryption\.org\/v1|\{)/.test(text), `${where} is neither encrypted nor a manifest`)
    }
  })
})

function textOf(world: string, place: string): string {
  return readFileSync(join(world, 'world', 'clusters', place, 'objects.jsonl'), 'utf8')
}

/** Reads every object of every bucket again and again, until the cloud is gone. */
async function readBuckets(endpoint: string, objects: Map<string, string>): Promise<void> {
  const client = new S3Client({
    endpoint,
    region: 'eu-west-1',
    forcePathStyle: true,
    credentials: { accessKeyId: '123456789012', secretAccessKey: 'any' },
    maxAttempts: 1,
  })
  for (;;) {
    try {
      const { Buckets = [] } = await client.send(new ListBucketsCommand())
      for (const { Name: bucket = '' } of Buckets) {
        const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: bucket }))
        for (const { Key: key = '' } of Contents) {
          const { Body: body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }))
          objects.set(`s3://${bucket}/${key}`, (await body?.transformToString('latin1')) ?? '')
        }
      }
    } catch (error) {
      // The cloud has ended with its rehearsal; what is asked for in between may just have gone.
      if (error instanceof Error && 'code' in error && error.code === 'ECONNREFUSED') return
    }
    await new Promise((resolve) => setTimeout(resolve, 500))
  }
}
