import { Readable } from 'node:stream'
import { GetObjectCommand, HeadObjectCommand, type HeadObjectCommandOutput, S3Client } from '@aws-sdk/client-s3'
import { untilAborted } from '../../base/abort.ts'
import type { EpochMs } from '../../base/clock.ts'
import type { Fault } from '../../base/fault.ts'
import { describeObject, type ObjectAddress } from '../../model/object-address.ts'
import type { ObjectChecksum, ObjectDescription, ObjectRange, ObjectStore } from '../../ports/objects.ts'
import { fault } from './faults.ts'
import { awsFault, credentialsFault, knownRefusal, reasonOf, refusalOf } from './sdk-faults.ts'

const connectionTimeoutMs = 10_000
const longestSilenceMs = 60_000

/**
 * Objects in S3, or in another store that speaks its protocol.
 *
 * Credentials, region and endpoint are found as every AWS program finds them: environment, shared files, SSO, the web
 * identity of a pod, the instance. `pathStyle`: the bucket is in the path and not in the host's name, as most stores
 * behind AWS_ENDPOINT_URL need it. The SDK itself tries a request that is not answered, or throttled, three times.
 *
 * Faults: AWS_*, S3_*. Abort: ends the request.
 */
export function s3Objects(options: { readonly pathStyle: boolean }): ObjectStore {
  const client = new S3Client({
    forcePathStyle: options.pathStyle,
    // Checksums are of whole objects, and ours to compare.
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: { connectionTimeout: connectionTimeoutMs, socketTimeout: longestSilenceMs },
  })
  return {
    describe: (at, { signal }) => describe(client, at, signal),
    read: (at, range) => read(client, at, range),
  }
}

async function describe(client: S3Client, at: ObjectAddress, signal: AbortSignal): Promise<ObjectDescription> {
  await findCredentials(client, signal)
  const command = new HeadObjectCommand({ Bucket: at.bucket, Key: at.key, ChecksumMode: 'ENABLED' })
  const asked = untilAborted(signal, () => client.send(command, { abortSignal: signal }))
  const head = await asked.catch(async (error: unknown) => {
    signal.throwIfAborted()
    throw objectFault(await moreTelling(client, at, error, signal), at)
  })
  return descriptionOf(head)
}

async function* read(client: S3Client, at: ObjectAddress, range: ObjectRange): AsyncGenerator<Uint8Array> {
  const { from, bytes, etag, signal } = range
  const address = describeObject(at)
  const to = from + bytes - 1
  await findCredentials(client, signal)
  const body = await openRange(client, at, { from, to, etag, signal })
  let left = bytes
  try {
    for await (const piece of body) {
      left -= piece.length
      yield piece
    }
  } catch (cause) {
    signal.throwIfAborted()
    throw fault('S3_CONNECTION_LOST', { address, reason: reasonOf(cause) }, cause)
  }
  if (left > 0) throw fault('S3_CONNECTION_LOST', { address, reason: `${left} bytes too few` })
}

async function openRange(
  client: S3Client,
  at: ObjectAddress,
  { from, to, etag, signal }: { from: number; to: number; etag: string; signal: AbortSignal },
): Promise<AsyncIterable<Uint8Array>> {
  const command = new GetObjectCommand({ Bucket: at.bucket, Key: at.key, Range: `bytes=${from}-${to}`, IfMatch: etag })
  const sent = untilAborted(signal, () => client.send(command, { abortSignal: signal }))
  const { Body, ContentRange } = await sent.catch((error: unknown) => {
    signal.throwIfAborted()
    throw objectFault(error, at)
  })
  if (!(Body instanceof Readable)) throw new Error('bug: the SDK gave a body that is no stream of Node')
  if (ContentRange?.startsWith(`bytes ${from}-${to}/`)) return Body
  Body.destroy()
  throw fault('S3_NO_RANGES', { address: describeObject(at) })
}

/** Apart from the request, so that what STS or SSO answers is not taken for an answer of S3. The SDK keeps them. */
export async function findCredentials(client: S3Client, signal: AbortSignal): Promise<void> {
  try {
    await untilAborted(signal, async () => {
      await client.config.region()
      await client.config.credentials()
    })
  } catch (error) {
    signal.throwIfAborted()
    throw credentialsFault(error)
  }
}

/** HEAD is answered without a body, which means without a code: the same question asked with GET tells why. */
async function moreTelling(client: S3Client, at: ObjectAddress, error: unknown, signal: AbortSignal): Promise<unknown> {
  const status = refusalOf(error)?.status ?? 0
  if (status < 300 || status >= 500) return error
  const command = new GetObjectCommand({ Bucket: at.bucket, Key: at.key, Range: 'bytes=0-0' })
  try {
    const { Body } = await untilAborted(signal, () => client.send(command, { abortSignal: signal }))
    if (Body instanceof Readable) Body.destroy()
    return error
  } catch (again) {
    signal.throwIfAborted()
    return again
  }
}

function descriptionOf(head: HeadObjectCommandOutput): ObjectDescription {
  const { ContentLength: bytes, ETag: etag, LastModified: lastModified } = head
  if (bytes === undefined || etag === undefined) {
    throw fault('AWS_FAILED', { reason: 'an object without length or etag' })
  }
  // A store that does not say when it was written gets the beginning of time. Branding is what the cast is for.
  const lastModifiedMs = (lastModified?.getTime() ?? 0) as EpochMs
  return { bytes, etag, lastModifiedMs, checksum: checksumOf(head) }
}

/** One over parts names their number at its end, and cannot be computed without their sizes. */
function checksumOf(head: HeadObjectCommandOutput): ObjectChecksum | null {
  const kept: Readonly<Record<string, string | undefined>> = {
    SHA256: head.ChecksumSHA256,
    SHA512: head.ChecksumSHA512,
    SHA1: head.ChecksumSHA1,
    MD5: head.ChecksumMD5,
    CRC32: head.ChecksumCRC32,
    CRC32C: head.ChecksumCRC32C,
    CRC64NVME: head.ChecksumCRC64NVME,
  }
  for (const [algorithm, value] of Object.entries(kept)) {
    if (value === undefined || head.ChecksumType === 'COMPOSITE' || /-\d+$/.test(value)) continue
    return { algorithm, value }
  }
  return null
}

/** What an error of the SDK means for one object. */
export function objectFault(error: unknown, at: ObjectAddress): Fault {
  const refusal = refusalOf(error)
  if (refusal === null) return awsFault(error)
  const { code, status, words, region } = refusal
  const address = describeObject(at)
  if (code.startsWith('KMS.') || (status === 403 && /\bkms:/.test(words)))
    return fault('S3_KMS_DENIED', { address, code })
  if (status === 301 || status === 307 || (region !== null && /^(?:Authorization|IllegalLocation)/.test(code))) {
    return fault('S3_OTHER_REGION', { address, region: region ?? 'one that S3 does not name' })
  }
  switch (code) {
    case 'NoSuchBucket':
      return fault('S3_NO_BUCKET', { address })
    case 'NoSuchKey':
    case 'NotFound':
      return fault('S3_NO_OBJECT', { address })
    case 'PreconditionFailed':
      return fault('S3_OBJECT_CHANGED', { address })
    case 'InvalidObjectState':
      return fault('S3_OBJECT_ARCHIVED', { address, storageClass: storageClassOf(error) })
    case 'InvalidRequest':
      if (/server.side encryption/i.test(words)) return fault('S3_CUSTOMER_KEY_NEEDED', { address })
      return awsFault(error)
    default:
      return knownRefusal(refusal) ?? (status === 403 ? fault('S3_DENIED', { address }) : awsFault(error))
  }
}

function storageClassOf(error: unknown): string {
  // A field of this one exception.
  const { StorageClass } = Object(error) as { StorageClass?: string }
  return StorageClass ?? 'GLACIER'
}
