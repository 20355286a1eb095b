import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Secret } from '../../src/base/secret.ts'
import {
  defaultTenantHost,
  masterHost,
  type SimulatedThreescale,
  withTwoThreescales,
} from '../support/threescale-world.ts'
import { type ContractThreescale, threescaleApiContract } from './threescale-api.contract.ts'

const both = withTwoThreescales()

function contractOf(side: () => SimulatedThreescale): () => ContractThreescale {
  return () => ({
    master: () => side().master(),
    withToken: (adminDomain, token) => side().api.tenant(side().at(adminDomain), token),
    anyTenant: async () => ({
      adminDomain: defaultTenantHost,
      token: await side().token(defaultTenantHost),
      readOnly: await side().token(defaultTenantHost, 'ro'),
    }),
  })
}

threescaleApiContract(
  'a source in MariaDB',
  contractOf(() => both().mariadb),
)
threescaleApiContract(
  'its copy in PostgreSQL',
  contractOf(() => both().postgres),
)

test('a new tenant of the contract told zync of its hosts, on both sides', () => {
  assert.equal(both().domainChanges.count, 2)
})

test('the master knows its own token only as the master’s', async () => {
  const side = both().mariadb
  const master = side.api.master(side.at(masterHost), await side.token(defaultTenantHost))
  const { signal } = new AbortController()
  await assert.rejects(
    master.createTenant({ orgName: 'X', username: 'admin', email: 'a@b.c', password: new Secret('p') }, { signal }),
    { code: 'THREESCALE_UNAUTHORIZED' },
  )
  await assert.rejects(master.tenants({ signal }), { code: 'THREESCALE_FORBIDDEN' })
})
