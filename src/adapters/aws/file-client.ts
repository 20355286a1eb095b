import { S3Client } from '@aws-sdk/client-s3'
import { untilAborted } from '../../base/abort.ts'
import type { ObjectAddress } from '../../model/object-address.ts'
import type { FileBucket } from '../../ports/files.ts'
import { findCredentials, objectFault } from './s3-objects.ts'
import { refusalOf } from './sdk-faults.ts'
import { type AwsCredentials, credentialsFor } from './session.ts'

export interface FilesSettings {
  /** Of the party, for the destination's account. */
  readonly own: AwsCredentials
  /** Another store or an emulator in place of AWS. */
  readonly endpoint?: string
}

/** A client for one bucket. The SDK tries a request that is not answered, or throttled, five times. */
export function openFiles(at: FileBucket, { own, endpoint }: FilesSettings): S3Client {
  const credentials: AwsCredentials = at.credentials === null ? own : { kind: 'keys', ...at.credentials }
  const place = at.endpoint ?? endpoint
  return new S3Client({
    region: at.region,
    ...credentialsFor(credentials),
    ...(place === undefined ? {} : { endpoint: place }),
    // Stores other than AWS itself seldom have a host name for each bucket.
    forcePathStyle: at.pathStyle || (at.endpoint === null && endpoint !== undefined),
    maxAttempts: 5,
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: { connectionTimeout: 10_000, socketTimeout: 60_000 },
  })
}

type Send<Answer> = (options: { readonly abortSignal: AbortSignal }) => Promise<Answer>

/** Faults: AWS_*, S3_*. Abort: throws the signal's reason. */
export async function ask<Answer>(
  client: S3Client,
  at: ObjectAddress,
  signal: AbortSignal,
  send: Send<Answer>,
): Promise<Answer> {
  await findCredentials(client, signal)
  try {
    return await untilAborted(signal, () => send({ abortSignal: signal }))
  } catch (error) {
    signal.throwIfAborted()
    throw objectFault(error, at)
  }
}

/** The same; null when there is no such object. */
export async function find<Answer>(
  client: S3Client,
  at: ObjectAddress,
  signal: AbortSignal,
  send: Send<Answer>,
): Promise<Answer | null> {
  const sendUnlessAbsent: Send<Answer | null> = (options) =>
    send(options).catch((error: unknown) => {
      if (absent.has(refusalOf(error)?.code ?? '')) return null
      throw error
    })
  return ask(client, at, signal, sendUnlessAbsent)
}

const absent = new Set(['NoSuchKey', 'NotFound'])
