import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, beforeEach, describe, test } from 'node:test'
import { inspect } from 'node:util'
import { CreateBucketCommand, PutObjectCommand, type PutObjectCommandInput, S3Client } from '@aws-sdk/client-s3'
import { s3Objects } from '../../src/adapters/aws/s3-objects.ts'
import { Fault } from '../../src/base/fault.ts'
import { Stop } from '../../src/base/stop.ts'
import { type FetchOptions, fetchObject } from '../../src/movers/redis/fetch-object.ts'
import { type Meddling, type MeddlingProxy, startMeddlingProxy } from '../support/meddling-proxy.ts'
import { callMoto, enforceIam, withMoto } from '../support/moto.ts'
import { temporaryFolder } from '../support/servers.ts'

const bucket = 'snapshots'
const key = 'redis/dump 1.rdb'
const secret = 'wJalrXUtnFEMI-the-secret-key'
const token = 'the-session-token'
const content = randomBytes(5_000_000)
const partBytes = 1_000_000

const moto = withMoto()
let proxy: MeddlingProxy
let client: S3Client
let dir = ''

/** Environment of a shell with working credentials; undefined takes a variable away. */
function setEnvironment(changes: Readonly<Record<string, string | undefined>> = {}): void {
  const variables = {
    AWS_ENDPOINT_URL: proxy.endpoint,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE',
    AWS_SECRET_ACCESS_KEY: secret,
    AWS_SESSION_TOKEN: token,
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_CONFIG_FILE: join(dir, 'no-config'),
    AWS_SHARED_CREDENTIALS_FILE: join(dir, 'no-credentials'),
    ...changes,
  }
  for (const [name, value] of Object.entries(variables)) {
    if (value === undefined) delete process.env[name]
    else process.env[name] = value
  }
}

async function put(changes: Partial<PutObjectCommandInput> = {}): Promise<void> {
  await client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: content, ...changes }))
}

function fetchTo(name: string, at: { bucket?: string; key?: string } = {}, options: Partial<FetchOptions> = {}) {
  const { signal } = new AbortController()
  const store = s3Objects({ pathStyle: true })
  const usual = { spoolFolder: dir, signal, partBytes, waitsMs: [10, 20] }
  return fetchObject(store, { bucket, key, ...at }, join(dir, name), { ...usual, ...options })
}

/** The fault that the work ends with, in which nothing secret may be found however it is printed. */
async function faultOf(work: Promise<unknown>): Promise<Fault> {
  const error = await work.then(
    () => assert.fail('it worked'),
    (error: unknown) => error,
  )
  assert.ok(error instanceof Fault, String(error))
  const printed = `${error.message} ${error.remedy} ${inspect(error, { depth: 20, showHidden: true })}`
  for (const hidden of [secret, token, 'Signature=', 'x-amz-security-token', 'AKIAIOSFODNN7EXAMPLE']) {
    assert.ok(!printed.includes(hidden), `${hidden} in ${printed}`)
  }
  return error
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  return (await faultOf(work)).code
}

function errorAnswer(status: number, code: string, message = 'said by AWS', headers = {}): Meddling {
  const body = `<?xml version="1.0"?><Error><Code>${code}</Code><Message>${message}</Message></Error>`
  return { kind: 'answer', status, headers, body }
}

function openFiles(): string[] {
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      const target = readlinkSync(`/proc/self/fd/${fd}`)
      return target.startsWith(dir) ? [target] : []
    } catch {
      return []
    }
  })
}

describe('an object in S3', () => {
  before(async () => {
    dir = temporaryFolder()
    proxy = await startMeddlingProxy(moto().endpoint)
    setEnvironment()
    client = new S3Client({ endpoint: moto().endpoint, forcePathStyle: true })
    await client.send(new CreateBucketCommand({ Bucket: bucket }))
    await put()
  })
  beforeEach(() => {
    setEnvironment()
    proxy.meddle = () => ({ kind: 'pass' })
    proxy.requests.length = 0
  })
  after(async () => {
    client.destroy()
    await proxy.stop()
    rmSync(dir, { recursive: true, force: true })
  })

  test('is fetched whole, in parts, and compared with the checksum that the store keeps', async () => {
    const seen: number[] = []
    for (const algorithm of ['CRC32', 'SHA256', 'CRC64NVME'] as const) {
      await put({ ChecksumAlgorithm: algorithm })
      const fetched = await fetchTo('whole', {}, { onProgress: (bytes) => seen.push(bytes) })
      assert.equal(fetched.compared, algorithm)
      assert.equal(fetched.description.bytes, content.length)
      assert.ok(Date.now() - fetched.description.lastModifiedMs < 60_000)
      assert.ok(readFileSync(join(dir, 'whole')).equals(content))
      assert.equal(seen.at(-1), content.length)
    }
    assert.equal(proxy.requests.filter((line) => line.startsWith('GET')).length, 15)
  })

  test('that is empty becomes an empty file', async () => {
    await put({ Key: 'empty', Body: Buffer.alloc(0) })
    assert.equal((await fetchTo('empty', { key: 'empty' })).description.bytes, 0)
    assert.equal(readFileSync(join(dir, 'empty')).length, 0)
  })

  test('goes on where it was when the connection is cut, as often as something came', async () => {
    let cuts = 0
    proxy.meddle = ({ method }) =>
      method === 'GET' && cuts++ < 8 ? { kind: 'cut', afterBytes: 150_000 } : { kind: 'pass' }
    await fetchTo('cut')
    assert.ok(readFileSync(join(dir, 'cut')).equals(content))
    const ranges = proxy.requests.filter((line) => line.startsWith('GET'))
    assert.equal(ranges.length, 5 + 8)
    assert.equal(new Set(ranges).size, ranges.length, 'a part began again')
  })

  test('is given up when nothing comes any more', async () => {
    proxy.meddle = ({ method }) => (method === 'GET' ? { kind: 'cut', afterBytes: 0 } : { kind: 'pass' })
    const fault = await faultOf(fetchTo('never'))
    assert.equal(fault.code, 'S3_CONNECTION_LOST')
    assert.deepEqual(openFiles(), [])
  })

  test('that is replaced while it is read is a fault, and never a mix', async () => {
    let replaced = false
    proxy.meddle = async ({ method }) => {
      if (method === 'GET' && !replaced) {
        replaced = true
        await put({ Body: randomBytes(content.length) })
      }
      return { kind: 'pass' }
    }
    assert.equal(await codeOf(fetchTo('mixed')), 'S3_OBJECT_CHANGED')
    await put()
  })

  test('that does not exist is told from a bucket that does not', async () => {
    assert.equal(await codeOf(fetchTo('none', { key: 'absent' })), 'S3_NO_OBJECT')
    assert.equal(await codeOf(fetchTo('none', { bucket: 'no-such-bucket' })), 'S3_NO_BUCKET')
  })

  test('that is archived is a fault of its own', async () => {
    await put({ Key: 'archived', Body: 'cold', StorageClass: 'DEEP_ARCHIVE' })
    const fault = await faultOf(fetchTo('none', { key: 'archived' }))
    assert.equal(fault.code, 'S3_OBJECT_ARCHIVED')
    assert.match(fault.message, /DEEP_ARCHIVE/)
  })

  test('is denied to a user whom no policy allows to read it, and to a key that is none', async () => {
    await callMoto(moto(), 'iam', { Action: 'CreateUser', UserName: 'nobody', Version: '2010-05-08' })
    const made = await callMoto(moto(), 'iam', { Action: 'CreateAccessKey', UserName: 'nobody', Version: '2010-05-08' })
    const field = (name: string) => new RegExp(`<${name}>([^<]+)<`).exec(made)?.[1] ?? assert.fail(made)
    await enforceIam(moto(), true)
    try {
      setEnvironment({
        AWS_ACCESS_KEY_ID: field('AccessKeyId'),
        AWS_SECRET_ACCESS_KEY: field('SecretAccessKey'),
        AWS_SESSION_TOKEN: undefined,
      })
      assert.equal(await codeOf(fetchTo('none')), 'S3_DENIED')
      setEnvironment({ AWS_SESSION_TOKEN: undefined })
      assert.equal(await codeOf(fetchTo('none')), 'AWS_CREDENTIALS_REFUSED')
    } finally {
      await enforceIam(moto(), false)
    }
  })

  test('is fetched although the store is busy for a while', async () => {
    let busy = 0
    proxy.meddle = ({ method }) => (method === 'GET' && busy++ < 4 ? errorAnswer(503, 'SlowDown') : { kind: 'pass' })
    await fetchTo('busy', {}, { partBytes: content.length })
    assert.ok(readFileSync(join(dir, 'busy')).equals(content))
  })

  test('gives a fault of its own for whatever AWS refuses it with', async () => {
    const kms = 'User: arn:x is not authorized to perform: kms:Decrypt on resource: arn:y'
    const customerKey = 'The object was stored using a form of Server Side Encryption.'
    const cases: readonly (readonly [string, Meddling])[] = [
      ['AWS_CREDENTIALS_EXPIRED', errorAnswer(400, 'ExpiredToken')],
      ['AWS_CREDENTIALS_REFUSED', errorAnswer(403, 'SignatureDoesNotMatch')],
      ['AWS_CLOCK_SKEW', errorAnswer(403, 'RequestTimeTooSkewed')],
      ['S3_DENIED', errorAnswer(403, 'AccessDenied')],
      ['S3_KMS_DENIED', errorAnswer(403, 'AccessDenied', kms)],
      ['S3_KMS_DENIED', errorAnswer(400, 'KMS.DisabledException')],
      ['S3_CUSTOMER_KEY_NEEDED', errorAnswer(400, 'InvalidRequest', customerKey)],
      ['S3_OTHER_REGION', errorAnswer(301, 'PermanentRedirect', '', { 'x-amz-bucket-region': 'eu-west-1' })],
      ['AWS_REFUSED', errorAnswer(400, 'SomethingNew')],
      ['AWS_REFUSED', { kind: 'answer', status: 407, body: '<html>a proxy that wants a login</html>' }],
    ]
    for (const [code, meddling] of cases) {
      proxy.meddle = () => meddling
      const fault = await faultOf(fetchTo('none'))
      assert.equal(fault.code, code, `${inspect(meddling)} gave ${fault.message}`)
      assert.doesNotMatch(fault.message, /said by AWS|arn:/)
      if (code === 'S3_OTHER_REGION') assert.match(fault.remedy, /AWS_REGION to eu-west-1,/)
    }
  })

  test('of a store that does not give ranges is not mixed up', async () => {
    proxy.meddle = (incoming) => {
      delete incoming.headers.range
      return { kind: 'pass' }
    }
    assert.equal(await codeOf(fetchTo('none')), 'S3_NO_RANGES')
  })

  test('is fetched with the web identity of a pod, and says so when its token is not there', async () => {
    const file = join(dir, 'token')
    writeFileSync(file, 'header.payload.signature')
    const identity = { AWS_ROLE_ARN: 'arn:aws:iam::123456789012:role/reader', AWS_WEB_IDENTITY_TOKEN_FILE: file }
    const absent = { AWS_ACCESS_KEY_ID: undefined, AWS_SECRET_ACCESS_KEY: undefined, AWS_SESSION_TOKEN: undefined }
    setEnvironment({ ...identity, ...absent })
    assert.equal((await fetchTo('pod')).description.bytes, content.length)
    rmSync(file)
    assert.equal(await codeOf(fetchTo('none')), 'AWS_CREDENTIALS_UNREADABLE')
    setEnvironment({ AWS_ROLE_ARN: undefined, AWS_WEB_IDENTITY_TOKEN_FILE: undefined })
  })

  test('is not found without credentials, region, a server or TLS, and each is said', async () => {
    setEnvironment({ AWS_ACCESS_KEY_ID: undefined, AWS_SECRET_ACCESS_KEY: undefined })
    assert.equal(await codeOf(fetchTo('none')), 'AWS_NO_CREDENTIALS')
    setEnvironment({ AWS_REGION: undefined })
    assert.equal(await codeOf(fetchTo('none')), 'AWS_NO_REGION')
    setEnvironment({ AWS_ENDPOINT_URL: 'http://127.0.0.1:1' })
    const unreachable = await faultOf(fetchTo('none'))
    assert.equal(unreachable.code, 'AWS_UNREACHABLE')
    assert.match(unreachable.message, /127\.0\.0\.1:1 \(ECONNREFUSED\)/)
    setEnvironment({ AWS_ENDPOINT_URL: 'http://no-such-host.invalid' })
    assert.match((await faultOf(fetchTo('none'))).message, /no-such-host\.invalid \((?:ENOTFOUND|EAI_AGAIN)\)/)
    setEnvironment({ AWS_ENDPOINT_URL: proxy.endpoint.replace('http:', 'https:') })
    assert.equal(await codeOf(fetchTo('none')), 'AWS_TLS_FAILED')
  })

  test('can be let go at any moment: the reason is thrown, and no file stays open', async () => {
    const moments: readonly ((incoming: { method?: string | undefined }) => Meddling)[] = [
      () => ({ kind: 'hang' }),
      ({ method }) => (method === 'GET' ? { kind: 'hang' } : { kind: 'pass' }),
      ({ method }) => (method === 'GET' ? { kind: 'cut', afterBytes: 10 } : { kind: 'pass' }),
    ]
    for (const meddle of moments) {
      const controller = new AbortController()
      proxy.meddle = (incoming) => {
        setTimeout(() => controller.abort(new Stop('operator')), 50)
        return meddle(incoming)
      }
      const stopped = fetchTo('stopped', {}, { signal: controller.signal, waitsMs: [60_000] })
      await assert.rejects(stopped, (error) => error instanceof Stop)
      assert.deepEqual(openFiles(), [])
    }
  })
})
