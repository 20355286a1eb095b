import { Readable } from 'node:stream'
import { GetObjectCommand, HeadObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { untilAborted } from '../../base/abort.ts'
import type { ObjectAddress } from '../../model/object-address.ts'
import { describeObject } from '../../model/object-address.ts'
import type { PartStore } from '../../ports/exchange.ts'
import { fault } from './faults.ts'
import { findCredentials, objectFault } from './s3-objects.ts'
import { reasonOf, refusalOf } from './sdk-faults.ts'
import { type AwsCredentials, credentialsFor } from './session.ts'

const absent = new Set(['NoSuchKey', 'NotFound'])

/** Whose bucket it is, and where; absent: as every AWS program finds it. */
export interface PartsSession {
  readonly region: string
  readonly credentials: AwsCredentials
  readonly endpoint?: string
}

/**
 * A part of a bucket as the place of an exchange. In: a prefix as an address, whose key ends without a slash.
 *
 * Each part is put in one request with its SHA-256, which S3 compares before it keeps it; the SDK tries again by itself.
 * Faults: AWS_*, S3_*. Abort: ends the request.
 */
export function s3Parts(
  at: ObjectAddress,
  options: { readonly pathStyle: boolean; readonly session?: PartsSession },
): PartStore {
  const { session } = options
  const client = new S3Client({
    ...(session === undefined ? {} : { region: session.region, ...credentialsFor(session.credentials) }),
    ...(session?.endpoint === undefined ? {} : { endpoint: session.endpoint }),
    forcePathStyle: options.pathStyle,
    maxAttempts: 5,
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: { connectionTimeout: 10_000, socketTimeout: 60_000 },
  })
  const addressOf = (name: string): ObjectAddress => ({ bucket: at.bucket, key: `${at.key}/${name}` })
  /** Null for what is not there; any other failure as a fault of the object. */
  const asked = async <Answer>(
    name: string,
    signal: AbortSignal,
    ask: () => Promise<Answer>,
  ): Promise<Answer | null> => {
    await findCredentials(client, signal)
    try {
      return await untilAborted(signal, ask)
    } catch (error) {
      signal.throwIfAborted()
      if (absent.has(refusalOf(error)?.code ?? '')) return null
      throw objectFault(error, addressOf(name))
    }
  }
  const keyOf = (name: string) => ({ Bucket: at.bucket, Key: addressOf(name).key })
  return {
    place: describeObject(at),
    put: async (name, bytes, { sha256, signal }) => {
      const ChecksumSHA256 = Buffer.from(sha256, 'hex').toString('base64')
      const input = { ...keyOf(name), Body: bytes, ContentLength: bytes.length, ChecksumSHA256 }
      const ask = () => client.send(new PutObjectCommand(input), { abortSignal: signal })
      const answer = await asked(name, signal, ask).catch((error: unknown) => {
        const { details = {} } = Object(error) as { details?: Readonly<Record<string, unknown>> }
        if (details['code'] !== 'BadDigest') throw error
        throw fault('S3_UPLOAD_DAMAGED', { address: describeObject(addressOf(name)) })
      })
      if (answer === null) throw fault('S3_NO_BUCKET', { address: describeObject(addressOf(name)) })
    },
    get: async (name, { largestBytes, signal }) => {
      const ask = () => client.send(new GetObjectCommand(keyOf(name)), { abortSignal: signal })
      const answer = await asked(name, signal, ask)
      if (answer === null) return null
      if (!(answer.Body instanceof Readable)) throw new Error('bug: the SDK gave a body that is no stream of Node')
      try {
        return await atMost(answer.Body, largestBytes + 1)
      } catch (error) {
        signal.throwIfAborted()
        const address = describeObject(addressOf(name))
        throw fault('S3_CONNECTION_LOST', { address, reason: reasonOf(error) }, error)
      }
    },
    sizeOf: async (name, { signal }) => {
      const ask = () => client.send(new HeadObjectCommand(keyOf(name)), { abortSignal: signal })
      return (await asked(name, signal, ask))?.ContentLength ?? null
    },
  }
}

/** Leaving the loop ends the stream. */
async function atMost(body: AsyncIterable<Uint8Array>, bytes: number): Promise<Buffer> {
  const pieces: Uint8Array[] = []
  let left = bytes
  for await (const piece of body) {
    pieces.push(piece.subarray(0, left))
    left -= piece.length
    if (left <= 0) break
  }
  return Buffer.concat(pieces)
}
