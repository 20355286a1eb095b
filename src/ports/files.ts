import type { Secret } from '../base/secret.ts'

/** A bucket that a 3scale keeps its files in: of S3, or of a store that speaks its protocol. */
export interface FileBucket {
  readonly bucket: string
  readonly region: string
  /** Null: those of the party that runs the row, for the destination's account. */
  readonly credentials: { readonly id: string; readonly secret: Secret } | null
  /** Such as `https://minio.example.com`; null: AWS, or where the party's settings lead to. */
  readonly endpoint: string | null
  /** Whether the bucket stands in the path and not in the host's name. */
  readonly pathStyle: boolean
}

export interface StoredFile {
  readonly key: string
  readonly bytes: number
  /** In hex, of the bytes as they were read at the source. */
  readonly sha256: string
}

export interface FilesRequest {
  readonly from: FileBucket
  readonly to: FileBucket
  readonly onProgress: (progress: { readonly files: number; readonly bytes: number }) => void
  readonly signal: AbortSignal
}

export interface CopiedFiles {
  /** All that the source has, by key. */
  readonly files: readonly StoredFile[]
  /** How many of them were there already, from an earlier run of the same copy. */
  readonly alreadyThere: number
}

export interface ComparedFiles {
  readonly files: number
  readonly bytes: number
  /** Keys, each with what is wrong with it. */
  readonly differing: readonly string[]
}

/**
 * Moves the files of the portals from bucket to bucket, under the same keys, with their types and caching rules. It reads the
 * source only, and leaves alone what else is in the target.
 *
 * Faults: AWS_*, S3_*. Abort: ends the request; a file is there as a whole or not at all.
 */
export interface FileStorage {
  /** A second run copies only what is missing or has changed at the source since. */
  copy(request: FilesRequest): Promise<CopiedFiles>
  /** Lists the source, and reads every file of the target to its end. `expected`: what `copy` has told. */
  compare(request: FilesRequest, expected: readonly StoredFile[]): Promise<ComparedFiles>
  /** Takes out of the target what `copy` has put there, whole or in part, and gives how many files that were. */
  takeBack(request: Pick<FilesRequest, 'from' | 'to' | 'signal'>): Promise<number>
  /** What is in a bucket, by its list alone. */
  count(
    at: FileBucket,
    options: { readonly signal: AbortSignal },
  ): Promise<{ readonly files: number; readonly bytes: number }>
  /** Takes these files out of a bucket; one that is not there is none. */
  remove(at: FileBucket, keys: readonly string[], options: { readonly signal: AbortSignal }): Promise<void>
}
