import { exitCode, faultsOf, kind } from '../base/fault.ts'

/** Where an object is in an object store. Made from `s3://BUCKET/KEY` by `parseObjectAddress`. */
export interface ObjectAddress {
  readonly bucket: string
  readonly key: string
}

/** Faults of an object's address. None ever holds a part of it: what was given instead may be a signed URL. */
export const objectAddressFaults = {
  OBJECT_ADDRESS_UNREADABLE: kind<{ name: string }>({
    exit: exitCode.usage,
    retry: 'after-remedy',
    says: (d) => `${d.name} does not name an object of S3`,
    remedy: (d) =>
      `Give ${d.name} as s3://BUCKET/KEY, without credentials and options; the key as it is, not percent-encoded.`,
  }),
  OBJECT_ADDRESS_BUCKET: kind<{ name: string }>({
    exit: exitCode.usage,
    retry: 'after-remedy',
    says: (d) => `the bucket in ${d.name} has a name that S3 gives to none`,
    remedy: (d) =>
      `Correct it in ${d.name}: 3 to 63 lower-case letters, digits, dots and hyphens, as in s3://BUCKET/KEY.`,
  }),
  OBJECT_ADDRESS_KEY: kind<{ name: string }>({
    exit: exitCode.usage,
    retry: 'after-remedy',
    says: (d) => `${d.name} names no single object in its bucket`,
    remedy: (d) => `End ${d.name} with the object's whole key, at most 1024 bytes: s3://BUCKET/FOLDER/dump.rdb.`,
  }),
}
const fault = faultsOf(objectAddressFaults)

const bucketPattern = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/
const longestKeyBytes = 1024

/** Whether the text is meant as an object's address, well-formed or not. */
export function looksLikeObjectAddress(text: string): boolean {
  return /^s3:/i.test(text)
}

/**
 * Parses `s3://BUCKET/KEY`. The key is everything after the slash, taken as it is, so `?`, `#` and `%` are part of it.
 *
 * Faults: OBJECT_ADDRESS_* with exit 64, naming `name` (where the text came from) and never a part of the text.
 */
export function parseObjectAddress(text: string, name: string): ObjectAddress {
  const [, bucket, key] = /^s3:\/\/([^/]*)(?:\/(.*))?$/s.exec(text) ?? []
  if (bucket === undefined) throw fault('OBJECT_ADDRESS_UNREADABLE', { name })
  if (!bucketPattern.test(bucket) || bucket.includes('..')) throw fault('OBJECT_ADDRESS_BUCKET', { name })
  if (key === undefined || !isKeyOfObject(key)) throw fault('OBJECT_ADDRESS_KEY', { name })
  return { bucket, key }
}

/** `s3://bucket/key`, for messages. */
export function describeObject(at: ObjectAddress): string {
  return `s3://${at.bucket}/${at.key}`
}

/** A key that ends in a slash is how consoles show a folder. */
function isKeyOfObject(key: string): boolean {
  return key !== '' && !key.endsWith('/') && Buffer.byteLength(key) <= longestKeyBytes && !/\p{Cc}/u.test(key)
}
