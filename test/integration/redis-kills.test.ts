import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { checkpointKey } from '../../src/movers/redis/checkpoint.ts'
import { faultOf, fillEveryType, redisUrl, runRedis, startTestRedis, type TestRedis } from '../support/redis.ts'

/*
 * Kills (SIGKILL) a copy again and again, at moments spread over the whole of it, and lets the last run end.
 */
const kills = 20
const counters = 300_000
/** The part of the keys after which the last kill has come: what is left takes longer than a kill. */
const lastKillBefore = 0.9

let source: TestRedis
let target: TestRedis
let snapshot: string
let digest: unknown
let keys: number

before(async () => {
  ;[source, target] = await Promise.all([startTestRedis(), startTestRedis()])
  await fillEveryType(source.client)
  const fill =
    "for i = 1, ARGV[1] do redis.call('SET', 'stats/{service:8}/cinstance:' .. i .. '/metric:1/eternity', i * 7) end"
  await source.client.eval(fill, 0, counters)
  snapshot = await source.save()
  digest = await source.digest()
  keys = await source.client.dbsize()
  // Fills the cache that makes every start a third of what it is: a run that is killed writes none.
  await run(['inspect', '--source', `file:${snapshot}`])
})
after(() => Promise.all([source.stop(), target.stop()]))

const run = (args: readonly string[], untilKilled?: Promise<void>) => {
  const env = { TARGET: redisUrl(target.server), NODE_COMPILE_CACHE: join(target.folder, 'compile-cache') }
  return runRedis(args, env, untilKilled)
}
const copy = (mode: string, untilKilled?: Promise<void>) => {
  const args = ['copy', '--source', `file:${snapshot}`, '--target', 'env:TARGET', '--carry', 'all', '--mode', mode]
  // Little in flight: when a run is killed, the target soon stops where it is.
  return run([...args, '--max-latency', '1'], untilKilled)
}

/** Starts the copy, and kills it as soon as the target holds more than `wanted` keys; gives how many it holds then. */
async function killAt(mode: string, wanted: number): Promise<number> {
  const ended = new AbortController()
  const grown = (async () => {
    while (!ended.signal.aborted && (await target.client.dbsize()) <= wanted) await setTimeout(1)
  })()
  const { signal, stderr } = await copy(mode, grown)
  ended.abort()
  await grown
  assert.equal(signal, 'SIGKILL', `a run ended before the target held ${wanted} keys: ${stderr}`)
  return settledSize()
}

/** What was on its way when the client died is still carried out. */
async function settledSize(): Promise<number> {
  for (let before = -1; ; await setTimeout(2)) {
    const now = await target.client.dbsize()
    if (now === before) return now
    before = now
  }
}

/** One kill in the first part of each of twenty equal stretches. Gives how many keys the target held at each. */
async function killAndResume(mode: string): Promise<readonly number[]> {
  const stretch = (keys * lastKillBefore) / kills
  const progress: number[] = []
  for (let kill = 0; kill < kills; kill++) {
    const wanted = Math.floor((kill + Math.random() * 0.6) * stretch)
    progress.push(await killAt(mode, Math.max(wanted, progress.at(-1) ?? 0)))
  }
  const { code, stderr, result } = await copy(mode)
  assert.equal(code, 0, stderr)
  assert.equal(result['resumed'], true)
  return progress
}

function assertSpread(progress: readonly number[]): void {
  const said = `keys in the target at each kill: ${progress.join(', ')} of ${keys}`
  assert.equal(progress.length, kills, said)
  for (const [i, size] of progress.entries()) assert.ok(size > (progress[i - 1] ?? 0) && size < keys, said)
  for (const part of [0, 1, 2, 3]) {
    const within = progress.filter((size) => Math.floor((size / keys) * 4) === part)
    assert.ok(within.length >= 2, `none in a quarter of the run: ${said}`)
  }
}

describe(`a copy that is killed ${kills} times`, () => {
  test('is gone on with to an equal digest', async () => {
    assertSpread(await killAndResume('overwrite'))
    assert.equal(await target.digest(), digest)
  })

  test('adds nothing twice when it merges, and never merges a snapshot twice', async () => {
    await target.client.flushall()
    const known = 'stats/{service:8}/cinstance:5/metric:1/eternity'
    await target.client.set(known, '1000')
    assertSpread(await killAndResume('merge'))
    assert.equal(faultOf(await copy('merge')), 'REDIS_ALREADY_MERGED')
    assert.equal(await target.client.get(known), '1035')
    await target.client.set(known, '35')
    for (const database of [1, 0]) {
      await target.client.select(database)
      await target.client.del(checkpointKey)
    }
    // Every counter is what it is in the source, and every list as long.
    assert.equal(await target.digest(), digest)
  })
})
