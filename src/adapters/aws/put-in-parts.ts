import { createHash } from 'node:crypto'
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  type CreateMultipartUploadCommandInput,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { describeObject, type ObjectAddress } from '../../model/object-address.ts'
import { fault } from './faults.ts'
import { ask } from './file-client.ts'

/** A file up to so many bytes is put in one request, and is in memory for it. */
export const smallFileBytes = 16 * 1024 * 1024
/** S3 takes 10,000 parts of one object: enough for 640 GB. */
const partBytes = 64 * 1024 * 1024

/**
 * Puts a stream as one object, one part in memory at a time, each with its checksum, which S3 compares before it keeps it.
 *
 * Out: the SHA-256 of what was sent, in hex. Faults: AWS_*, S3_*. Abort or any failure: gives the upload up.
 */
export async function putInParts(
  client: S3Client,
  at: ObjectAddress,
  about: Omit<CreateMultipartUploadCommandInput, 'Bucket' | 'Key'>,
  body: AsyncIterable<Buffer>,
  signal: AbortSignal,
): Promise<string> {
  const address = { Bucket: at.bucket, Key: at.key }
  const begin = new CreateMultipartUploadCommand({ ...address, ...about, ChecksumAlgorithm: 'SHA256' })
  const { UploadId } = await ask(client, at, signal, (options) => client.send(begin, options))
  const Parts: { PartNumber: number; ETag: string | undefined; ChecksumSHA256: string }[] = []
  const whole = createHash('sha256')
  const send = async (Body: Buffer) => {
    whole.update(Body)
    const ChecksumSHA256 = createHash('sha256').update(Body).digest('base64')
    const PartNumber = Parts.length + 1
    const part = new UploadPartCommand({ ...address, UploadId, PartNumber, Body, ChecksumSHA256 })
    const { ETag } = await ask(client, at, signal, (options) => client.send(part, options))
    Parts.push({ PartNumber, ETag, ChecksumSHA256 })
  }
  try {
    for await (const part of inParts(body)) await send(part)
    const end = new CompleteMultipartUploadCommand({ ...address, UploadId, MultipartUpload: { Parts } })
    await ask(client, at, signal, (options) => client.send(end, options))
    return whole.digest('hex')
  } catch (error) {
    // The first failure is the one to tell; parts that stay are what the bucket's own rules are for.
    await client.send(new AbortMultipartUploadCommand({ ...address, UploadId })).catch(() => undefined)
    const { details = {} } = Object(error) as { details?: Readonly<Record<string, unknown>> }
    if (details['code'] !== 'BadDigest') throw error
    throw fault('S3_UPLOAD_DAMAGED', { address: describeObject(at) })
  }
}

async function* inParts(body: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let pieces: Buffer[] = []
  let held = 0
  for await (const piece of body) {
    pieces.push(piece)
    held += piece.length
    if (held < partBytes) continue
    yield Buffer.concat(pieces)
    pieces = []
    held = 0
  }
  if (held > 0) yield Buffer.concat(pieces)
}
