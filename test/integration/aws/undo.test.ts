import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { StepContext } from '../../../src/ports/step.ts'
import { compile } from '../../../src/runbook/compile.ts'
import { runbook } from '../../../src/runbook/rows.ts'
import { removeMade } from '../../../src/steps/making.ts'
import type { Tools } from '../../../src/steps/tools.ts'
import { infrastructure, makeClusterNetwork, making, withAws } from '../../support/aws-cloud.ts'
import { migrationWith } from '../../support/migrations.ts'

const { signal } = new AbortController()

describe('what a row has made in the cloud', () => {
  const aws = withAws({ looks: 1 })

  test('is gone when the row is taken back, twice with the effect of once; what another row has made is not', async () => {
    const { cloud, ledger } = aws.open()
    const migration = migrationWith()
    const ours = { ...making, migration: migration.name }
    await makeClusterNetwork(aws.front().endpoint, infrastructure)
    const network = {
      name: 'threeshift-acme',
      cidr: '10.2.0.0/26',
      clusterInfrastructure: infrastructure,
      alsoTaken: [],
    }
    await cloud.networks.ensure(network, { ...ours, row: 'standalone-vpc' }, { signal })
    const bucket = { name: 'threeshift-acme', readableByCaches: true }
    await cloud.buckets.ensure(bucket, { ...ours, row: 'exchange-bucket' }, { signal })
    const row = compile(runbook, migration).rows.find(({ id }) => id === 'standalone-vpc')
    assert.ok(row)
    const context: StepContext = {
      migration,
      row,
      generation: 1,
      fence: 1,
      facts: {},
      signal,
      onProgress: () => undefined,
    }
    // Only what is needed: anything else that is asked for fails.
    const tools = { ledger, cloud: async () => cloud } as unknown as Tools
    assert.ok((await removeMade(tools, context, 'migration')) > 5)
    assert.equal(await removeMade(tools, context, 'migration'), 0)
    const left = (await ledger.list()).filter(({ state }) => state !== 'gone')
    assert.deepEqual(
      left.map(({ making, thing }) => [making.row, thing.name]),
      [['exchange-bucket', bucket.name]],
    )
    for (const entry of await ledger.list()) {
      const isThere = await cloud.removal.look(entry, { signal })
      assert.equal(isThere, entry.making.row === 'exchange-bucket' ? 'ours' : 'gone', entry.thing.name)
    }
  })
})
