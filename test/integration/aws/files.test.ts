import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { before, describe, test } from 'node:test'
import {
  CreateBucketCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import { fileStorage } from '../../../src/adapters/aws/file-storage.ts'
import { smallFileBytes } from '../../../src/adapters/aws/put-in-parts.ts'
import { Secret } from '../../../src/base/secret.ts'
import { Stop } from '../../../src/base/stop.ts'
import type { FileBucket } from '../../../src/ports/files.ts'
import { codeOf, region } from '../../support/aws-cloud.ts'
import { withMoto } from '../../support/moto.ts'

/** As files of portals are: small ones, an empty one, one with a name that URLs escape, one in several parts. */
const contents: Readonly<Record<string, Buffer>> = {
  'system/acme/2024/01/31/logo.png': Buffer.from('not really a picture'),
  'system/acme/2024/01/31/Übersicht (neu) + 100%.html': Buffer.from('<p>hello</p>'),
  'system/acme/2024/01/31/empty.txt': Buffer.alloc(0),
  'system/acme/2024/01/31/large.zip': Buffer.alloc(smallFileBytes + 5, 'large'),
}

const byKey = (a: { readonly key: string }, b: { readonly key: string }) => (a.key < b.key ? -1 : 1)

describe('the files of the portals', () => {
  const moto = withMoto()
  const client = () => {
    const credentials = { accessKeyId: 'test', secretAccessKey: 'test' }
    return new S3Client({ endpoint: moto().endpoint, region, credentials, forcePathStyle: true })
  }
  const files = () =>
    fileStorage({ own: { kind: 'keys', id: 'test', secret: new Secret('test') }, endpoint: moto().endpoint })
  const place = { region, pathStyle: true }
  const from = (): FileBucket => ({
    ...place,
    bucket: 'source-files',
    credentials: { id: 'test', secret: new Secret('test') },
    endpoint: moto().endpoint,
  })
  const to: FileBucket = { ...place, bucket: 'rhoam-files', credentials: null, endpoint: null }
  const request = (signal = new AbortController().signal) => ({
    from: from(),
    to,
    onProgress: () => undefined,
    signal,
  })
  const put = (Bucket: string, Key: string, Body: Buffer) =>
    client().send(new PutObjectCommand({ Bucket, Key, Body, ContentType: 'text/html', CacheControl: 'max-age=60' }))

  before(async () => {
    for (const Bucket of ['source-files', 'rhoam-files'])
      await client().send(
        new CreateBucketCommand({ Bucket, CreateBucketConfiguration: { LocationConstraint: region } }),
      )
    for (const [key, body] of Object.entries(contents)) await put('source-files', key, body)
    await put('rhoam-files', 'of/rhoam', Buffer.from('stays'))
  })

  test('are copied with their digests, types and caching rules, and a second run copies nothing', async () => {
    const copied = await files().copy(request())
    const expected = Object.entries(contents).map(([key, body]) => ({
      key,
      bytes: body.length,
      sha256: createHash('sha256').update(body).digest('hex'),
    }))
    assert.deepEqual([...copied.files].toSorted(byKey), expected.toSorted(byKey))
    assert.equal(copied.alreadyThere, 0)
    for (const Key of Object.keys(contents)) {
      const head = await client().send(new HeadObjectCommand({ Bucket: to.bucket, Key }))
      assert.deepEqual([head.ContentType, head.CacheControl], ['text/html', 'max-age=60'], Key)
    }
    const compared = await files().compare(request(), copied.files)
    assert.deepEqual([compared.files, compared.differing], [4, []])
    const again = await files().copy(request())
    assert.deepEqual([again.alreadyThere, again.files], [4, copied.files])
    assert.deepEqual((await files().count(to, { signal: request().signal })).files, 5, 'what else is there stays')
  })

  test('that were lost, changed on either side or came later are named', async () => {
    const { files: known } = await files().copy(request())
    const [first = '', second = '', third = ''] = Object.keys(contents).toSorted()
    await put(to.bucket, first, Buffer.from('other bytes'))
    await files().remove(to, [second], { signal: request().signal })
    await put('source-files', third, Buffer.from('changed at the source'))
    await put('source-files', 'zz/later.txt', Buffer.from('later'))
    const { differing } = await files().compare(request(), known)
    assert.deepEqual(differing, [
      `${first}: its bytes are others`,
      `${second}: it is not there`,
      `${third}: it has changed at the source since the copy`,
      'zz/later.txt: it came to the source after the copy',
    ])
    const mended = await files().copy(request())
    assert.equal(mended.alreadyThere, 1)
    assert.deepEqual((await files().compare(request(), mended.files)).differing, [])
  })

  test('a bucket that is not there is a fault, and a copy that is stopped leaves no half file', async () => {
    const nowhere = { ...to, bucket: 'nobody-has-it' }
    assert.equal(await codeOf(files().copy({ ...request(), to: nowhere })), 'S3_NO_BUCKET')
    const controller = new AbortController()
    const stopping = { ...request(controller.signal), to, onProgress: () => controller.abort(new Stop('operator')) }
    await put('source-files', 'system/acme/2024/01/31/large.zip', Buffer.alloc(smallFileBytes + 9, 'other'))
    await assert.rejects(files().copy(stopping), new Stop('operator'))
    const { Uploads } = await client().send(new ListMultipartUploadsCommand({ Bucket: to.bucket }))
    assert.deepEqual(Uploads ?? [], [])
  })
})
