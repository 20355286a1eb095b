import { writeFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { type ExitCode, exitCode } from '../base/fault.ts'
import type { DatabaseAddress } from '../model/database-address.ts'
import { declarationSchema } from '../model/declaration.ts'
import { type Decisions, actionsFor, classOfKey, isDecisionKey, valueActions, valueClasses } from '../model/decision.ts'
import { parseDatabaseUrl } from '../model/parse-database-url.ts'
import type {
  AssessReport,
  CopyReport,
  MoveRequest,
  SystemDatabaseMover,
  VerifyReport,
  VerifyRequest,
} from '../ports/system-database.ts'
import type { CliContext } from './context.ts'
import { type ProofMaker, proofOf } from './db-proof.ts'
import { assessText, copyText, verifyText } from './db-text.ts'
import { errnoOf } from './errno.ts'
import { fault } from './faults.ts'
import { parseLatency } from './parse-latency.ts'
import { type Paint, painter } from './print-fault.ts'
import { jsonOptionSays, tableProgressPrinter } from './progress-line.ts'
import { readJson } from './read-json.ts'
import { readMigration } from './read-migration.ts'
import { readReference } from './read-reference.ts'

interface DbOptions {
  readonly config?: string
  readonly source?: string
  readonly target?: string
  readonly decide?: readonly string[]
  readonly schema?: MoveRequest['schema']
  readonly emptyTarget?: true
  readonly streams?: number
  readonly compression?: MoveRequest['compression']
  readonly reread?: boolean
  readonly maxLatency?: number
  readonly proof?: string
  readonly declared?: string
  readonly json?: true
}

type Verb = 'assess' | 'copy' | 'verify'

const verbs: Readonly<Record<Verb, { readonly summary: string; readonly description: string }>> = {
  assess: {
    summary: 'find what PostgreSQL cannot store; reads the source only',
    description:
      'Reads the source once and counts, by class and column, the values that PostgreSQL cannot store. Changes nothing.\n' +
      'Exit codes: 0 nothing stands in the way, 3 a decision is needed.',
  },
  copy: {
    summary: 'copy the database into PostgreSQL',
    description:
      'Copies schema and rows from one consistent snapshot. When a decision is missing it finds all that need one, and leaves the target empty.\n' +
      'A copy that was cut off is gone on with by the same command; one that was whole is replaced.\n' +
      'Exit codes: 0 copied, 3 stopped because a decision is needed.',
  },
  verify: {
    summary: 'compare both databases, digest by digest; changes neither',
    description:
      'Reads both databases afresh and compares schema, rows and digests per table and per tenant.\n' +
      'With --declared: the source with the destination, where renamed hosts, upgrades and what else is declared are no differences.\n' +
      'Exit codes: 0 equal, 2 different; each difference is narrowed down to row and column.',
  },
}

/** Adds `threeshift db assess|copy|verify`. */
export function registerDb(
  program: Command,
  context: CliContext,
  ports: { readonly mover: SystemDatabaseMover; readonly version: string },
): void {
  const db = program
    .command('db')
    .helpGroup('The data:')
    .summary('assess, copy and verify the system database')
    .description('Moves the system database (MySQL, MariaDB or PostgreSQL) into PostgreSQL, and proves it.')
  // The keys of an object literal are its type's keys.
  for (const verb of Object.keys(verbs) as Verb[]) {
    const command = db
      .command(verb)
      .summary(verbs[verb].summary)
      .description(verbs[verb].description)
      .option(
        '-c, --config <file>',
        'take decisions from this migration.yaml, and the databases: source.database.url and migrationCluster.postgresql (with --declared, destination.database)',
      )
      .option('--source <reference>', 'env:NAME or file:PATH that holds a mysql:// or postgresql:// URL')
      .option('--target <reference>', 'env:NAME or file:PATH that holds a postgresql:// URL')
      .option('--json', jsonOptionSays)
    if (verb !== 'verify') {
      command.option(
        '--decide <class=action>',
        `what becomes of values that cannot be stored: CLASS or CLASS@TABLE.COLUMN, and ${valueActions.join('|')} (may be repeated)`,
        (text: string, before: readonly string[]) => [...before, text],
        [],
      )
    }
    if (verb === 'copy') {
      command
        .option('--schema <create|adopt>', 'make the tables, or fill those that 3scale made', parseSchema, 'create')
        .option('--empty-target', 'with --schema adopt: let rows that 3scale put there be replaced')
        .option(
          '--streams <number>',
          'copy so many tables, or parts of large ones, at once (the cores, 2 to 8)',
          parseStreams,
        )
        .option('--compression <lz4|pglz>', 'how the target compresses long values', parseCompression, 'lz4')
        .option('--no-reread', 'do not read every table back and compare it with what was sent')
        .option('--max-latency <ms>', 'slow down when source or target take longer to answer others', parseLatency)
    }
    if (verb === 'verify') {
      command.option(
        '--declared <file>',
        'a declaration of what the migration has changed since: compares the source with the database at its end',
      )
      command.option('--proof <file>', 'write what was compared into this file, for whoever checks it later, offline')
    }
    command.action((options: DbOptions) => run(verb, options, context, ports))
  }
}

async function run(
  verb: Verb,
  options: DbOptions,
  context: CliContext,
  { mover, version }: { readonly mover: SystemDatabaseMover; readonly version: string },
): Promise<void> {
  const migration = options.config === undefined ? undefined : await readMigration(options.config, context)
  const address = async (option: 'source' | 'target', fallback: string | undefined): Promise<DatabaseAddress> => {
    const reference = options[option] ?? fallback
    if (reference === undefined)
      throw fault('OPTION_MISSING', { option: `--${option}`, command: `threeshift db ${verb}` })
    return parseDatabaseUrl(await readReference(reference, `--${option}`, context), reference)
  }
  const source = await address('source', migration?.source.database.url)
  const printer = tableProgressPrinter(context, options.json === true)
  const declared =
    options.declared === undefined
      ? undefined
      : await readJson(options.declared, 'a declaration of changes', declarationSchema, context)
  // What the whole migration has changed is to be found at its end.
  const usualTarget = declared === undefined ? migration?.migrationCluster.postgresql : migration?.destination.database
  const request: VerifyRequest = {
    source,
    // An assessment reads the source alone.
    target: verb === 'assess' ? source : await address('target', usualTarget),
    ...(declared === undefined ? {} : { declared }),
    decisions: { ...migration?.decisions, ...parseDecisions(options.decide ?? []) },
    schema: options.schema ?? 'create',
    emptyTarget: options.emptyTarget ?? false,
    streams: options.streams ?? defaultStreams(),
    compression: options.compression ?? 'lz4',
    reread: options.reread ?? true,
    maxLatencyMs: options.maxLatency ?? null,
    onProgress: printer.show,
    signal: context.signal,
  }
  // Whether it can be written is found out before the work.
  const proofFile = options.proof === undefined ? null : await openProof(options.proof, context)
  const { text, result, code, proof } = await carryOut[verb](mover, request).finally(printer.end)
  if (proofFile !== null && proof !== null) await proofFile(proof({ by: version, atMs: context.clock.now() }))
  context.stdout.write(options.json ? `${JSON.stringify(result)}\n` : text(painter(context, context.stdout)))
  context.exitWith(code)
}

/** What a verb gives: the result as data and as text, and the exit code for its verdict. */
interface Outcome {
  readonly result: AssessReport | CopyReport | VerifyReport
  readonly text: (paint: Paint) => string
  readonly code: ExitCode
  /** What goes into `--proof`; null for a verb that proves nothing. */
  readonly proof: ((made: ProofMaker) => string) | null
}

const carryOut: Readonly<Record<Verb, (mover: SystemDatabaseMover, request: VerifyRequest) => Promise<Outcome>>> = {
  async assess(mover, request) {
    const result = await mover.assess(request)
    const code = result.verdict === 'undecided' ? exitCode.waiting : exitCode.ok
    return { result, text: (paint) => assessText(result, paint), code, proof: null }
  },
  async copy(mover, request) {
    const result = await mover.copy(request)
    const code = result.verdict === 'stopped' ? exitCode.waiting : exitCode.ok
    return { result, text: (paint) => copyText(result, paint), code, proof: null }
  },
  async verify(mover, request) {
    const result = await mover.verify(request)
    const code = result.verdict === 'equal' ? exitCode.ok : exitCode.differences
    return { result, text: (paint) => verifyText(result, paint), code, proof: (made) => proofOf(result, request, made) }
  },
}

/** Gives what writes the proof; a file that is there keeps what it holds until then. Faults: FILE_UNWRITABLE. */
async function openProof(file: string, context: CliContext): Promise<(text: string) => Promise<void>> {
  const path = resolve(context.cwd, file)
  const write = (text: string, flag: 'a' | 'w') =>
    writeFile(path, text, { flag }).catch((cause: unknown) => {
      throw fault('FILE_UNWRITABLE', { file, reason: errnoOf(cause) }, cause)
    })
  await write('', 'a')
  return async (text) => {
    await write(text, 'w')
    context.stderr.write(`Proof for whoever checks it later: ${file}\n`)
  }
}

function parseSchema(text: string): MoveRequest['schema'] {
  if (text === 'create' || text === 'adopt') return text
  throw fault('OPTION_INVALID', { option: '--schema', allowed: 'create, adopt' })
}

function parseCompression(text: string): MoveRequest['compression'] {
  if (text === 'lz4' || text === 'pglz') return text
  throw fault('OPTION_INVALID', { option: '--compression', allowed: 'lz4, pglz' })
}

const mostStreams = 32

function parseStreams(text: string): number {
  const value = Number(text)
  if (/^\d+$/.test(text) && value > 0 && value <= mostStreams) return value
  throw fault('OPTION_INVALID', { option: '--streams', allowed: `1 to ${mostStreams}` })
}

function defaultStreams(): number {
  return Math.min(8, Math.max(2, availableParallelism()))
}

/** `CLASS=ACTION` and `CLASS@TABLE.COLUMN=ACTION`; a later one wins. */
function parseDecisions(texts: readonly string[]): Decisions {
  return Object.fromEntries(
    texts.map((text) => {
      const [key = '', action = ''] = text.split('=')
      const valueClass = classOfKey(key)
      if (valueClass === undefined || !isDecisionKey(key)) {
        throw fault('OPTION_INVALID', {
          option: '--decide',
          allowed: `CLASS=ACTION or CLASS@TABLE.COLUMN=ACTION with the classes ${Object.keys(valueClasses).join(', ')}`,
        })
      }
      const allowed = actionsFor(valueClass)
      const found = allowed.find((candidate) => candidate === action)
      if (found === undefined) throw fault('OPTION_INVALID', { option: `--decide ${key}`, allowed: allowed.join(', ') })
      return [key, found]
    }),
  )
}
