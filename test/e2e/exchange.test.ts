import assert from 'node:assert/strict'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { CreateBucketCommand, GetObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3'
import { s3Parts } from '../../src/adapters/aws/s3-parts.ts'
import { fileLedger } from '../../src/ledger/file-ledger.ts'
import { systemClock } from '../../src/base/clock.ts'
import { partStoreContract } from '../contract/part-store.contract.ts'
import { making, place } from '../support/aws-cloud.ts'
import { runCli, temporaryFolder } from '../support/cli.ts'
import { withMoto } from '../support/moto.ts'

const marked = 'CANARY-password-of-the-customer'

describe('the command line, with a bucket of AWS', () => {
  const moto = withMoto()
  let folder: Awaited<ReturnType<typeof temporaryFolder>>
  let client: S3Client
  const env = () => ({
    AWS_ENDPOINT_URL: moto().endpoint,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE',
    AWS_SECRET_ACCESS_KEY: 'CANARY-secret-key',
    AWS_EC2_METADATA_DISABLED: 'true',
  })
  before(async () => {
    folder = await temporaryFolder()
    Object.assign(process.env, env())
    client = new S3Client({ forcePathStyle: true })
    await client.send(new CreateBucketCommand({ Bucket: 'exchange' }))
  })
  after(() => folder.remove())
  const run = (...args: readonly string[]) => runCli(args, { cwd: folder.path, env: env() })

  partStoreContract('a bucket', () => s3Parts({ bucket: 'exchange', key: 'contract' }, { pathStyle: true }))

  test('exchange carries files from one party to another, and none of it lies in the bucket in clear', async () => {
    for (const party of ['customer', 'rhoam-eng']) {
      assert.equal((await run('exchange', 'keygen', '--party', party, '--out', party)).code, 0)
      for (const file of [party, `${party}.signing`]) {
        assert.equal((await stat(join(folder.path, file))).mode & 0o777, 0o600, file)
      }
    }
    const again = await run('exchange', 'keygen', '--party', 'customer', '--out', 'customer')
    assert.deepEqual([again.code, /KEYS_EXIST/.test(again.stderr)], [64, true])
    await writeFile(join(folder.path, 'secrets.json'), JSON.stringify({ password: marked }))
    const to = ['--name', 'acme-secrets', '--to', 's3://exchange/acme']
    const signed = ['--card', 'customer.card.json', '--sign-with', 'file:customer.signing']
    const packed = await run(
      'exchange',
      'pack',
      'secrets.json',
      ...to,
      ...signed,
      '--recipient',
      'rhoam-eng.card.json',
      '--json',
    )
    assert.equal(packed.code, 0, packed.stderr)
    const { manifestSha256 } = JSON.parse(packed.stdout) as { manifestSha256: string }

    const listed = await client.send(new ListObjectsV2Command({ Bucket: 'exchange', Prefix: 'acme/' }))
    assert.equal(listed.Contents?.length, 2)
    for (const { Key } of listed.Contents ?? []) {
      const { Body } = await client.send(new GetObjectCommand({ Bucket: 'exchange', Key }))
      assert.ok(!(await Body?.transformToString('latin1'))?.includes(marked), Key)
    }
    const from = ['--name', 'acme-secrets', '--from', 's3://exchange/acme', '--into', 'out']
    const mine = ['--identity', 'file:rhoam-eng', '--sender', 'customer.card.json', '--manifest', manifestSha256]
    const unpacked = await run('exchange', 'unpack', ...from, ...mine)
    assert.equal(unpacked.code, 0, unpacked.stderr)
    assert.match(unpacked.stdout, /secrets\.json .* sha256 [0-9a-f]{64}/)
    assert.deepEqual(JSON.parse(await readFile(join(folder.path, 'out', 'secrets.json'), 'utf8')), { password: marked })
    const stranger = await run(
      'exchange',
      'unpack',
      ...from,
      '--identity',
      'file:customer',
      '--sender',
      'customer.card.json',
      '--into',
      'two',
    )
    assert.deepEqual([stranger.code, /EXCHANGE_WRONG_KEY/.test(stranger.stderr)], [4, true])
    for (const { stdout, stderr } of [packed, unpacked, stranger])
      assert.ok(!/CANARY|AGE-SECRET|PRIVATE/.test(stdout + stderr))
  })

  test('a folder, file or name of an exchange that cannot be is usage, and nothing is waited for', async () => {
    const keys = [
      '--card',
      'customer.card.json',
      '--sign-with',
      'file:customer.signing',
      '--recipient',
      'customer.card.json',
    ]
    const pack = await run('exchange', 'pack', 'nowhere.json', '--name', 'x', '--to', 'file:medium', ...keys)
    assert.deepEqual([pack.code, /EXCHANGE_PATH/.test(pack.stderr)], [64, true])
    const mine = ['--identity', 'file:customer', '--sender', 'customer.card.json', '--into', 'three']
    const unpack = await run('exchange', 'unpack', '--name', 'x', '--from', 'file:nowhere', ...mine)
    assert.deepEqual([unpack.code, /FILE_UNREADABLE/.test(unpack.stderr)], [64, true])
    const up = await run('exchange', 'unpack', '--name', '../../x', '--from', 's3://exchange/acme', ...mine)
    assert.deepEqual([up.code, /EXCHANGE_NAME/.test(up.stderr)], [64, true])
  })

  test('cleanup refuses another account, and needs a ledger', async () => {
    const missing = await run('cleanup')
    assert.deepEqual([missing.code, /OPTION_MISSING/.test(missing.stderr)], [64, true])
    const file = join(folder.path, 'ledger.jsonl')
    const ledger = fileLedger(file, systemClock)
    await ledger.intend({ kind: 'bucket', place: 'aws:999999999999:us-east-1', name: 'exchange' }, making)
    await ledger.intend({ kind: 'bucket', place: place.replace('eu-west-1', 'us-east-1'), name: 'never-made' }, making)
    const failed = await run('cleanup', '--ledger', 'ledger.jsonl', '--json')
    assert.equal(failed.code, 4)
    const { entries } = JSON.parse(failed.stdout) as { entries: { kind: string; code?: string }[] }
    assert.deepEqual(
      entries.map(({ kind, code }) => code ?? kind),
      ['CLOUD_OTHER_ACCOUNT', 'was-gone'],
    )
    assert.equal((await ledger.list())[1]?.state, 'gone')
    const shown = await runCli(['cleanup', '--dry-run'], {
      cwd: folder.path,
      env: { ...env(), THREESHIFT_LEDGER: file },
    })
    assert.match(shown.stdout, /FAILED .*bucket exchange/)
  })
})
