import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { Secret } from '../../src/base/secret.ts'
import { authenticate } from '../../src/engine/agents/tokens.ts'
import { Store } from '../../src/engine/store.ts'
import { runCli, temporaryFolder } from '../support/cli.ts'
import { newDatabase } from '../support/engine.ts'
import { withServers } from '../support/servers.ts'

const servers = withServers({ postgres: true })

describe('party token and party key', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>
  let store: Store
  let env: Readonly<Record<string, string>>
  const cli = (...args: readonly string[]) => runCli(args, { cwd: folder.path, env })

  before(async () => {
    folder = await temporaryFolder()
    const url = await newDatabase(servers.postgres(), 'engine')
    env = { THREESHIFT_DATABASE_URL: url, THREESHIFT_STATE_DIR: join(folder.path, 'state') }
    store = new Store(new Secret(url), () => undefined)
  })
  after(async () => {
    await store.close()
    await folder.remove()
  })

  test('tokens are made, shown once, listed without themselves, rotated and revoked', async () => {
    const bare = await cli('party', 'token', 'create', '--party', 'customer', '--name', 'box')
    assert.equal(bare.code, 64)
    const made = await cli(
      'party',
      'token',
      'create',
      '--party',
      'customer',
      '--name',
      'box',
      '--migration',
      'acme',
      '--json',
    )
    const { id, token } = JSON.parse(made.stdout) as { id: string; token: string }
    const rotated = await cli('party', 'token', 'rotate', id)
    assert.match(rotated.stdout, new RegExp(`^tst_${id}_[\\w-]{43}\n$`))
    assert.notEqual(rotated.stdout.trim(), token)
    assert.ok(!rotated.stderr.includes('tst_'))
    assert.equal(await authenticate(store, new Secret(token)), null)
    assert.equal((await authenticate(store, new Secret(rotated.stdout.trim())))?.name, 'box')
    assert.equal((await cli('party', 'token', 'revoke', id)).code, 0)
    const list = await cli('party', 'token', 'list')
    assert.equal(list.stdout, `${id}  customer  agent  box  acme  revoked\n`)
    assert.equal((await cli('party', 'token', 'revoke', id)).code, 64)
  })

  test('keys are of this machine: one that is not there is said to be so, a lost one is forgotten', async () => {
    const { stdout } = await cli('party', 'key', 'show', 'customer')
    assert.equal(stdout, 'customer  has no key on this machine\n')
    assert.equal((await cli('party', 'key', 'forget', 'customer', '--as', 'ops')).code, 0)
  })
})
