import { createHash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  HeadObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { describeObject, type ObjectAddress } from '../../model/object-address.ts'
import type { CloudCall, UploadedObject } from '../../ports/cloud.ts'
import { fault } from './faults.ts'
import { type AwsSession, codeOf } from './session.ts'

const smallestPartBytes = 16 * 1024 * 1024
/** S3 takes so many parts of one object. */
const mostParts = 10_000
const digestKey = 'sha256'

/**
 * See `CloudBuckets.ensureObject`. One part is in memory at a time, each with its own checksum, which S3 compares before it
 * keeps it. A cut-off upload is given up, so nothing half stays behind.
 */
export async function ensureObject(
  session: AwsSession,
  at: ObjectAddress,
  file: string,
  call: CloudCall,
): Promise<UploadedObject> {
  const { bytes, sha256 } = await digestOf(file, call)
  const address = { Bucket: at.bucket, Key: at.key }
  const ask = new HeadObjectCommand(address)
  const there = await session.find(call, ['NotFound', 'NoSuchKey'], (o) => session.s3.send(ask, o))
  const uploaded = { bytes, sha256 }
  if (there?.Metadata?.[digestKey] === sha256 && there.ContentLength === bytes) return uploaded

  const begin = new CreateMultipartUploadCommand({
    ...address,
    Metadata: { [digestKey]: sha256 },
    ChecksumAlgorithm: 'SHA256',
    ServerSideEncryption: 'AES256',
  })
  const UploadId = (await session.change(call, (o) => session.s3.send(begin, o)))?.UploadId
  try {
    const { Parts, sent } = await sendParts(session, { ...address, UploadId }, file, bytes, call)
    if (sent !== sha256) throw fault('CLOUD_FILE_CHANGED', { file })
    const end = new CompleteMultipartUploadCommand({ ...address, UploadId, MultipartUpload: { Parts } })
    await session.change(call, (o) => session.s3.send(end, o))
  } catch (error) {
    const abort = new AbortMultipartUploadCommand({ ...address, UploadId })
    // The first failure is the one to tell; what stays of the parts goes with the bucket.
    await session.s3.send(abort).catch(() => undefined)
    if (codeOf(error) !== 'BadDigest') throw error
    throw fault('S3_UPLOAD_DAMAGED', { address: describeObject(at) })
  }
  const kept = await session.read(call, (o) => session.s3.send(ask, o))
  if (kept.ContentLength !== bytes) throw fault('S3_UPLOAD_DAMAGED', { address: describeObject(at) })
  return uploaded
}

async function sendParts(
  session: AwsSession,
  upload: { readonly Bucket: string; readonly Key: string; readonly UploadId: string | undefined },
  file: string,
  bytes: number,
  call: CloudCall,
) {
  const partBytes = Math.max(smallestPartBytes, Math.ceil(bytes / mostParts))
  const Parts: { PartNumber: number; ETag: string | undefined; ChecksumSHA256: string }[] = []
  const whole = createHash('sha256')
  const handle = await opened(file)
  try {
    // An empty file is one empty part.
    for (let from = 0; from === 0 || from < bytes; from += partBytes) {
      const Body = Buffer.allocUnsafe(Math.min(partBytes, bytes - from))
      const { bytesRead } = await handle.read(Body, 0, Body.length, from)
      if (bytesRead < Body.length) throw fault('CLOUD_FILE_CHANGED', { file })
      whole.update(Body)
      const ChecksumSHA256 = createHash('sha256').update(Body).digest('base64')
      const PartNumber = Parts.length + 1
      const send = () => new UploadPartCommand({ ...upload, PartNumber, Body, ChecksumSHA256 })
      await session.identity(call)
      // The same part again has the effect of once.
      const { ETag } = await session.read(call, (o) => session.s3.send(send(), o))
      Parts.push({ PartNumber, ETag, ChecksumSHA256 })
    }
  } finally {
    await handle.close()
  }
  return { Parts, sent: whole.digest('hex') }
}

async function opened(file: string): Promise<FileHandle> {
  return open(file).catch((error: NodeJS.ErrnoException) => {
    throw fault('CLOUD_FILE_UNREADABLE', { file, reason: error.code ?? 'unknown' }, error)
  })
}

async function digestOf(file: string, { signal }: CloudCall): Promise<UploadedObject> {
  const handle = await opened(file)
  try {
    const hash = createHash('sha256')
    let bytes = 0
    for await (const piece of handle.createReadStream({ signal, highWaterMark: 1024 * 1024 })) {
      // Without an encoding a stream gives buffers.
      const buffer = piece as Buffer
      hash.update(buffer)
      bytes += buffer.length
    }
    return { bytes, sha256: hash.digest('hex') }
  } finally {
    await handle.close()
  }
}
