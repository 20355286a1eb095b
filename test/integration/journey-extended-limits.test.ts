import assert from 'node:assert/strict'
import { join } from 'node:path'
import { systemClock } from '../../src/base/clock.ts'
import { redisMover } from '../../src/movers/redis/mover.ts'
import { objectsOnDemand } from '../../src/app/objects-on-demand.ts'
import { type Journey, testJourney } from '../support/journey.ts'

/*
 * The customer restores Redis, which nobody reaches from outside its cluster: by a snapshot file and a cache group made anew.
 * From a PostgreSQL of the destination's own release, below a domain of the customer's own.
 */
testJourney(
  'every row runs with extended limits, from 2.16 on PostgreSQL',
  {
    accessLevel: 'extended-limits',
    release: '2.16',
    database: 'postgresql',
    customDomain: 'api.customer.example.net',
    restoredBy: 'snapshot',
    tenants: 2,
  },
  { dropped: ['workspace', 'upgrade-mysql', 'convert-to-postgres', 'upgrade-3scale'], once: true },
  countersAreWhole,
)

/** The test can do what no party can: it reads RHOAM's Redis itself. */
async function countersAreWhole({ dir, world }: Journey): Promise<void> {
  const mover = redisMover(
    systemClock,
    objectsOnDemand(() => undefined),
  )
  const verified = await mover.verify({
    source: {
      kind: 'file',
      file: join(dir, 'state', 'customer', 'migrations', 'rehearsal', 'customer', 'backend-redis.rdb'),
    },
    target: world.servers.rhoamRedis,
    carry: 'default',
    mode: 'overwrite',
    databases: new Map(),
    ontoExisting: true,
    followQuietMs: null,
    spoolFolder: dir,
    onSpoolKept: () => undefined,
    maxLatencyMs: null,
    onProgress: () => undefined,
    signal: new AbortController().signal,
  })
  assert.ok(verified.keys > 100, 'there are counters to compare')
  assert.deepEqual(
    verified.differences.filter(({ kind }) => kind !== 'extra'),
    [],
  )
}
