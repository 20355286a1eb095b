import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Command } from 'commander'
import { registerRehearse } from '../../../src/cli/rehearse.ts'
import { registerWorld } from '../../../src/cli/world.ts'
import type { SourceWorldRequest } from '../../../src/ports/source-world.ts'
import { fakeContext } from '../../support/fake-context.ts'

const env = { WORLD: 'mysql://root:hush@127.0.0.1:3306/system', REDIS: 'redis://:hush@127.0.0.1:6379/2' }

/** Runs `threeshift world source` against a world that only records what it is asked for. */
async function run(...args: readonly string[]) {
  const fake = fakeContext({ env })
  const asked: SourceWorldRequest[] = []
  const program = new Command('threeshift').exitOverride().configureOutput({ writeErr: () => undefined })
  registerWorld(program, fake.context, {
    simulatedClusters: { serve: () => Promise.reject(new Error('nobody asked for clusters')) },
    sourceWorld: {
      generate: (request) => {
        asked.push(request)
        request.onProgress({ table: 'accounts', rows: 3, allRows: 3 })
        const tables = [
          { name: 'accounts', rows: 3 },
          { name: 'users', rows: 1200 },
        ]
        const keys = request.redis === undefined ? 0 : 5
        return Promise.resolve({
          release: request.release,
          wildcardDomain: 'apps.example.com',
          tables,
          rows: 1203,
          keys,
          tookMs: 9,
        })
      },
    },
  })
  await program.parseAsync(['world', 'source', ...args], { from: 'user' })
  return { asked: asked[0], stdout: fake.stdout(), stderr: fake.stderr() }
}

test('world source asks for what its options say, and prints JSON on request', async () => {
  const options = ['--release', '2.13', '--tenants', '4', '--scale', '0.5', '--seed', '7', '--edge-rows', '--json']
  const { asked, stdout, stderr } = await run(...options, '--mysql', 'env:WORLD', '--redis', 'env:REDIS')
  assert.equal(asked?.release, '2.13')
  assert.deepEqual([asked?.tenants, asked?.scale, asked?.seed, asked?.edgeRows], [4, 0.5, 7, true])
  assert.equal(asked?.mysql.database, 'system')
  assert.equal(asked?.redis?.queuesDatabase, 1)
  assert.deepEqual(JSON.parse(stdout), {
    verdict: 'generated',
    release: '2.13',
    wildcardDomain: 'apps.example.com',
    rows: 1203,
    tables: [
      { name: 'accounts', rows: 3 },
      { name: 'users', rows: 1200 },
    ],
    keys: 5,
  })
  assert.equal(stderr, 'world  accounts  3 rows | all 3 rows\n')
})

test('world source has defaults, and prints the largest tables first', async () => {
  const { asked, stdout } = await run('--release', '2.16', '--mysql', 'env:WORLD')
  assert.deepEqual(
    [asked?.tenants, asked?.scale, asked?.seed, asked?.edgeRows, asked?.redis],
    [20, 1, 7, false, undefined],
  )
  assert.match(stdout, /3scale 2\.16 under apps\.example\.com\n {2}users +1,200\n {2}accounts +3\n/)
  assert.doesNotMatch(stdout, /hush|Redis/)
})

test('world source and rehearse take the same options, and make the same world of them', () => {
  const program = new Command('threeshift')
  const { context } = fakeContext()
  // Only the options are looked at; nothing is run.
  registerWorld(program, context, {} as Parameters<typeof registerWorld>[2])
  registerRehearse(program, context, {} as Parameters<typeof registerRehearse>[2])
  const [world, rehearse] = program.commands
  const shared = ['--release', '--tenants', '--scale', '--seed', '--edge-rows', '--no-edge-rows']
  const optionsOf = (command: Command | undefined) =>
    (command?.options ?? [])
      .filter((option) => shared.includes(option.long ?? ''))
      .map(({ long, description, argChoices, defaultValue }) =>
        // By default a rehearsal is smaller, and without values that nobody can store.
        ['--tenants', '--scale', '--edge-rows'].includes(long ?? '')
          ? { long, description }
          : { long, description, argChoices, defaultValue },
      )
  assert.equal(optionsOf(rehearse).length, shared.length)
  assert.deepEqual(optionsOf(world?.commands[0]), optionsOf(rehearse))
})

test('world source refuses numbers and releases that make no sense', async () => {
  for (const wrong of [
    ['--release', '2.10'],
    ['--tenants', '0'],
    ['--scale', '0'],
    ['--seed', '-1'],
  ]) {
    await assert.rejects(run('--release', '2.16', '--mysql', 'env:WORLD', ...wrong), wrong.join(' '))
  }
})
