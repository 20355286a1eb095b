import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import {
  DeleteObjectCommand,
  GetObjectCommand,
  type GetObjectCommandOutput,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3'
import { describeObject } from '../../model/object-address.ts'
import type { CopiedFiles, FileBucket, FilesRequest, FileStorage, StoredFile } from '../../ports/files.ts'
import { fault } from './faults.ts'
import { ask, type FilesSettings, find, openFiles } from './file-client.ts'
import { putInParts, smallFileBytes } from './put-in-parts.ts'
import { reasonOf } from './sdk-faults.ts'

/** Of what was read at the source, kept with each copy: a later run knows by them what it has done already. */
const digestKey = 'threeshift-sha256'
const originKey = 'threeshift-source-etag'

interface Side {
  readonly client: S3Client
  readonly bucket: string
}

interface Listed {
  readonly key: string
  readonly bytes: number
  readonly etag: string
}

/** See `FileStorage`. Nothing is asked before the first call. */
export function fileStorage(settings: FilesSettings): FileStorage {
  const open = (at: FileBucket): Side => ({ client: openFiles(at, settings), bucket: at.bucket })
  const withSides = async <Result>(
    buckets: readonly FileBucket[],
    work: (...sides: Side[]) => Promise<Result>,
  ): Promise<Result> => {
    const sides = buckets.map(open)
    try {
      return await work(...sides)
    } finally {
      for (const { client } of sides) client.destroy()
    }
  }
  return {
    copy: (request) =>
      withSides([request.from, request.to], (from, to) => copyFiles(sideOf(from), sideOf(to), request)),
    compare: (request, expected) =>
      withSides([request.from, request.to], (from, to) => compareFiles(sideOf(from), sideOf(to), request, expected)),
    takeBack: ({ from: source, to: target, signal }) =>
      withSides([source, target], async (from, to) => {
        let gone = 0
        for await (const file of list(sideOf(from), signal)) {
          if ((await knownCopy(sideOf(to), file, signal)) === null) continue
          await removeFile(sideOf(to), file.key, signal)
          gone += 1
        }
        return gone
      }),
    count: (at, { signal }) =>
      withSides([at], async (side) => {
        let [files, bytes] = [0, 0]
        for await (const file of list(sideOf(side), signal)) {
          files += 1
          bytes += file.bytes
        }
        return { files, bytes }
      }),
    remove: (at, keys, { signal }) =>
      withSides([at], async (side) => {
        for (const key of keys) await removeFile(sideOf(side), key, signal)
      }),
  }
}

async function removeFile({ client, bucket }: Side, key: string, signal: AbortSignal): Promise<void> {
  const gone = new DeleteObjectCommand({ Bucket: bucket, Key: key })
  await ask(client, { bucket, key }, signal, (options) => client.send(gone, options))
}

function sideOf(side: Side | undefined): Side {
  if (side === undefined) throw new Error('bug: a bucket was not opened')
  return side
}

async function* list({ client, bucket }: Side, signal: AbortSignal): AsyncGenerator<Listed> {
  let from: string | undefined
  do {
    const page = new ListObjectsV2Command({
      Bucket: bucket,
      ...(from === undefined ? {} : { ContinuationToken: from }),
    })
    const answer = await ask(client, { bucket, key: '' }, signal, (options) => client.send(page, options))
    for (const { Key: key = '', Size: bytes = 0, ETag: etag = '' } of answer.Contents ?? []) {
      yield { key, bytes, etag }
    }
    from = answer.NextContinuationToken
  } while (from !== undefined)
}

async function copyFiles(from: Side, to: Side, { onProgress, signal }: FilesRequest): Promise<CopiedFiles> {
  const files: StoredFile[] = []
  let [alreadyThere, bytes] = [0, 0]
  for await (const file of list(from, signal)) {
    const known = await knownCopy(to, file, signal)
    if (known !== null) alreadyThere += 1
    files.push({ key: file.key, bytes: file.bytes, sha256: known ?? (await copyFile(from, to, file, signal)) })
    bytes += file.bytes
    onProgress({ files: files.length, bytes })
  }
  return { files, alreadyThere }
}

/** The digest of a copy that an earlier run has made of this very file; null: there is none. */
async function knownCopy({ client, bucket }: Side, file: Listed, signal: AbortSignal): Promise<string | null> {
  const { key } = file
  const head = new HeadObjectCommand({ Bucket: bucket, Key: key })
  const found = await find(client, { bucket, key }, signal, (options) => client.send(head, options))
  const { [digestKey]: sha256, [originKey]: origin } = found?.Metadata ?? {}
  return found?.ContentLength === file.bytes && origin === file.etag ? (sha256 ?? null) : null
}

async function copyFile(from: Side, to: Side, file: Listed, signal: AbortSignal): Promise<string> {
  const { key } = file
  const address = { bucket: to.bucket, key }
  const first = await read(from, file, signal)
  const headers = headersOf(first.answer)
  if (file.bytes <= smallFileBytes) {
    const Body = Buffer.concat(await piecesOf(first, file, signal))
    const digest = createHash('sha256').update(Body).digest()
    const sha256 = digest.toString('hex')
    const Metadata = { ...first.answer.Metadata, [digestKey]: sha256, [originKey]: file.etag }
    const put = new PutObjectCommand({
      ...headers,
      Bucket: to.bucket,
      Key: key,
      Body,
      Metadata,
      ChecksumSHA256: digest.toString('base64'),
    })
    await ask(to.client, address, signal, (options) => to.client.send(put, options))
    return sha256
  }
  // The digest is told with the first part, so a large file is read twice.
  const hash = createHash('sha256')
  for await (const piece of bodyOf(first, file, signal)) hash.update(piece)
  const sha256 = hash.digest('hex')
  const again = await read(from, file, signal)
  const Metadata = { ...first.answer.Metadata, [digestKey]: sha256, [originKey]: file.etag }
  const sent = await putInParts(to.client, address, { ...headers, Metadata }, bodyOf(again, file, signal), signal)
  if (sent !== sha256) throw fault('S3_OBJECT_CHANGED', { address: describeObject({ bucket: from.bucket, key }) })
  return sha256
}

interface Reading {
  readonly answer: GetObjectCommandOutput
  readonly address: { readonly bucket: string; readonly key: string }
}

/** Of the bytes that were listed: one that has changed meanwhile is S3_OBJECT_CHANGED. */
async function read({ client, bucket }: Side, { key, etag }: Listed, signal: AbortSignal): Promise<Reading> {
  const address = { bucket, key }
  const get = new GetObjectCommand({ Bucket: bucket, Key: key, ...(etag === '' ? {} : { IfMatch: etag }) })
  return { answer: await ask(client, address, signal, (options) => client.send(get, options)), address }
}

async function* bodyOf({ answer, address }: Reading, { bytes }: Pick<Listed, 'bytes'>, signal: AbortSignal) {
  if (!(answer.Body instanceof Readable)) throw new Error('bug: the SDK gave a body that is no stream of Node')
  let left = bytes
  try {
    for await (const piece of answer.Body) {
      // Without an encoding a stream gives buffers.
      const buffer = piece as Buffer
      left -= buffer.length
      yield buffer
    }
  } catch (error) {
    signal.throwIfAborted()
    throw fault('S3_CONNECTION_LOST', { address: describeObject(address), reason: reasonOf(error) }, error)
  }
  if (left !== 0)
    throw fault('S3_CONNECTION_LOST', { address: describeObject(address), reason: `${left} bytes too few` })
}

async function piecesOf(reading: Reading, file: Listed, signal: AbortSignal): Promise<readonly Buffer[]> {
  const pieces: Buffer[] = []
  for await (const piece of bodyOf(reading, file, signal)) pieces.push(piece)
  return pieces
}

/** What browsers are told with the file. */
function headersOf({
  ContentType,
  ContentEncoding,
  ContentDisposition,
  ContentLanguage,
  CacheControl,
}: GetObjectCommandOutput) {
  const all = { ContentType, ContentEncoding, ContentDisposition, ContentLanguage, CacheControl }
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined))
}

async function compareFiles(
  from: Side,
  to: Side,
  { onProgress, signal }: FilesRequest,
  expected: readonly StoredFile[],
) {
  const known = new Map(expected.map((file) => [file.key, file]))
  const differing: string[] = []
  let [files, bytes] = [0, 0]
  for await (const file of list(from, signal)) {
    const why = await whyDifferent(to, file, known.get(file.key), signal)
    if (why !== null) differing.push(`${file.key}: ${why}`)
    files += 1
    bytes += file.bytes
    onProgress({ files, bytes })
  }
  return { files, bytes, differing }
}

async function whyDifferent(
  to: Side,
  file: Listed,
  known: StoredFile | undefined,
  signal: AbortSignal,
): Promise<string | null> {
  if (known === undefined) return 'it came to the source after the copy'
  if (known.bytes !== file.bytes) return 'it has changed at the source since the copy'
  const address = { bucket: to.bucket, key: file.key }
  const get = new GetObjectCommand({ Bucket: to.bucket, Key: file.key })
  const answer = await find(to.client, address, signal, (options) => to.client.send(get, options))
  if (answer === null) return 'it is not there'
  const hash = createHash('sha256')
  for await (const piece of bodyOf({ answer, address }, { bytes: answer.ContentLength ?? 0 }, signal))
    hash.update(piece)
  return hash.digest('hex') === known.sha256 ? null : 'its bytes are others'
}
