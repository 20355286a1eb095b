/** How a command may end, for the shell. 1 is not among them: Node ends with it on an error that is no fault. */
export const exitCode = {
  ok: 0,
  differences: 2,
  waiting: 3,
  failedSafe: 4,
  rollbackNeeded: 5,
  usage: 64,
} as const
export type ExitCode = (typeof exitCode)[keyof typeof exitCode]

/**
 * An entry of a catalogue: how one kind of failure is put into words, and what follows from it.
 *
 * `says`: what is the case, as precisely as the details allow. `remedy`: what to do next, a single action. Both are
 * shown and logged, so no secret and nothing of a customer's rows goes into them. `retry`: when trying again makes sense.
 */
export interface FaultKind<Details> {
  readonly exit: ExitCode
  readonly retry: 'never' | 'same-input' | 'after-remedy'
  readonly says: (details: Details) => string
  readonly remedy: (details: Details) => string
}

/** Gives a catalogue entry its details type; the entry itself is returned as it is. */
export function kind<Details>(entry: FaultKind<Details>): FaultKind<Details> {
  return entry
}

// The parameter is contravariant, so only `never` lets every entry in.
export type FaultCatalogue = Readonly<Record<string, FaultKind<never>>>
type DetailsOf<Entry> = Entry extends FaultKind<infer Details> ? Details : never

/** An expected failure, as opposed to a bug: made from a catalogue entry by `faultsOf`, printed and mapped to an exit code by `app`. */
export class Fault extends Error {
  override readonly name = 'Fault'
  readonly code: string
  readonly exit: ExitCode
  readonly retry: FaultKind<never>['retry']
  readonly remedy: string
  readonly details: Readonly<Record<string, unknown>>

  constructor(code: string, entry: Pick<Fault, 'exit' | 'retry' | 'remedy' | 'message' | 'details'>, cause?: unknown) {
    super(entry.message, cause === undefined ? undefined : { cause })
    this.code = code
    this.exit = entry.exit
    this.retry = entry.retry
    this.remedy = entry.remedy
    this.details = entry.details
  }
}

/**
 * Makes the constructor of one area's faults: `throw fault('CODE', details, cause)`.
 *
 * Codes and their details are checked against the catalogue by the compiler.
 */
export function faultsOf<Catalogue extends FaultCatalogue>(catalogue: Catalogue) {
  return <Code extends keyof Catalogue & string>(
    code: Code,
    details: DetailsOf<Catalogue[Code]> & Readonly<Record<string, unknown>>,
    cause?: unknown,
  ): Fault => {
    // The catalogue's own type ties `details` to `code`; TypeScript loses that through the index.
    const entry = catalogue[code] as unknown as FaultKind<typeof details>
    return new Fault(
      code,
      { exit: entry.exit, retry: entry.retry, message: entry.says(details), remedy: entry.remedy(details), details },
      cause,
    )
  }
}
