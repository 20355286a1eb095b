import type { Secret } from '../base/secret.ts'

export interface ProgramRun {
  /** Its name, found in the search path, such as `pg_dump`. */
  readonly program: string
  /** Never a secret: everybody on the machine may read them. */
  readonly args: readonly string[]
  /** Added to a small environment; the caller's own is not handed on. Never a secret. */
  readonly env: Readonly<Record<string, string>>
  /** What is written to its standard input, which is then closed; null: it has none. */
  readonly input: AsyncIterable<Uint8Array> | null
  /** Takes what it prints, piece by piece; the next is read when this is done. A piece is valid until then. */
  readonly onOutput: (piece: Uint8Array) => Promise<void> | void
  readonly signal: AbortSignal
}

export interface ProgramEnd {
  /** Null: it was ended by a signal, or whether it ended well is not known. */
  readonly exitCode: number | null
  /** The last few thousand characters that it wrote to standard error. They may quote rows: for no message and no log. */
  readonly errorTail: string
  /** Whether all of `input` was taken. */
  readonly inputTaken: boolean
}

/** Runs programs somewhere: on this machine, or in a pod. */
export interface Programs {
  /**
   * Runs one program to its end. Both directions at once, with backpressure.
   *
   * A program that ends badly is no fault here: the end says so. Faults: that it is not there, or its place cannot be
   * reached. When `input` or `onOutput` throws, the program is killed and that error is thrown. Abort: kills it.
   */
  run(run: ProgramRun): Promise<ProgramEnd>
  /**
   * Puts a secret into a file that only the program's account may read, gives its path to `use`, and removes it whatever
   * comes of that.
   */
  withSecretFile<Result>(
    content: Secret,
    use: (path: string) => Promise<Result>,
    options: { readonly signal: AbortSignal },
  ): Promise<Result>
}
