import { createHash } from 'node:crypto'
import { z } from 'zod'
import { canonicalJson } from '../base/canonical-json.ts'

const format = 'threeshift-proof-1'
const rows = z.int().min(0)
/** 32 hex digits: a sum of row digests modulo 2^128; empty where nothing could be read. */
const digest = z.string().regex(/^(?:[0-9a-f]{32})?$/)
const sha256 = z.string().regex(/^[0-9a-f]{64}$/)
const side = z.strictObject({ rows, digest })

const proven = z.strictObject({
  name: z.string(),
  /** Rows, schema and ledger. */
  equal: z.boolean(),
  source: side,
  target: side,
  tenants: z.array(z.strictObject({ tenant: z.string(), source: side, target: side })),
})

const copied = z.strictObject({
  name: z.string(),
  /** What was sent; null for a table that is not whole. `reread`: it was read back and was the same. */
  sent: z.strictObject({ rows, digest }).nullable(),
  reread: z.boolean(),
  /** Entries of the ledger about it. */
  ledger: z.strictObject({ entries: rows, digest }),
})

const sections = {
  /** Who made the proof, when (ISO 8601, UTC), and which databases were compared. */
  made: z.strictObject({ by: z.string(), at: z.iso.datetime(), source: z.string(), target: z.string() }),
  /** What the copy wrote down in the target; null where no copy of ours has. */
  copy: z
    .strictObject({
      source: z.string(),
      snapshot: z.string(),
      position: z.string().nullable(),
      plan: sha256,
      startedAt: z.iso.datetime(),
      finishedAt: z.iso.datetime().nullable(),
      tables: z.array(copied),
      changes: z.array(
        z.strictObject({
          table: z.string(),
          column: z.string(),
          reason: z.string(),
          action: z.string(),
          entries: rows,
        }),
      ),
    })
    .nullable(),
  /** What both databases held, each read afresh in one snapshot. */
  tables: z.array(proven),
  verdict: z.strictObject({
    kind: z.enum(['equal', 'different']),
    /** In words; `more`: there were others. */
    differences: z.array(z.string()),
    more: z.boolean(),
    /** Values that differ and rows that are missing because a decision said so, each held against the ledger. */
    declared: z.strictObject({ cells: rows, rows }),
    /** What differs because the migration declared it; absent or null: nothing was declared. */
    declaration: z.strictObject({ renamed: rows, cells: rows, added: rows, removed: rows }).nullable().optional(),
    notChecked: z.array(z.string()),
  }),
}

const contentSchema = z.strictObject(sections)
type Section = keyof typeof sections
const sectionNames = ['made', 'copy', 'tables', 'verdict'] as const satisfies readonly Section[]

const proofSchema = contentSchema.extend({
  format: z.literal(format),
  /** SHA-256 of each section in canonical form, and of these with the format: one number that stands for all. */
  hashes: z.strictObject({ made: sha256, copy: sha256, tables: sha256, verdict: sha256 }),
  sha256,
})

/** What was proven about one copy of a database, without a row of it. */
export type ProofContent = z.infer<typeof contentSchema>
export type Proof = z.infer<typeof proofSchema>

/** A proof as the one text that it can be: canonical JSON (RFC 8785) and a line feed. */
export function sealProof(content: ProofContent): string {
  const { made, copy, tables, verdict } = content
  return `${canonicalJson({ format, made, copy, tables, verdict, ...hashesOf(content) })}\n`
}

/** The proof in a file, or what is wrong with it: a sentence each. */
export type ProofCheck =
  | { readonly kind: 'sound'; readonly proof: Proof }
  | { readonly kind: 'broken'; readonly problems: readonly string[] }

/**
 * Checks a proof by itself, with no database: that it is whole and unchanged, and that it says of itself what follows
 * from its numbers. Who vouches for it is said by whoever signs its SHA-256.
 */
export function checkProof(bytes: Buffer): ProofCheck {
  const proof = decode(bytes)
  if (proof === null) return broken(['it is not a proof of this format'])
  const { hashes } = hashesOf(proof)
  const problems = [
    ...sectionNames.flatMap((name) =>
      hashes[name] === proof.hashes[name] ? [] : [`the section ${name} was changed since the proof was made`],
    ),
    ...(proof.sha256 === hashOf({ format, hashes: proof.hashes }) ? [] : ['its hash was changed since it was made']),
    ...proof.tables.flatMap(sumProblems),
    ...verdictProblems(proof),
  ]
  // A space more, or a name that stands twice, changes no hash.
  if (problems.length === 0 && !Buffer.from(sealProof(proof)).equals(bytes)) {
    problems.push('it is not in canonical form')
  }
  return problems.length === 0 ? { kind: 'sound', proof } : broken(problems)
}

function decode(bytes: Buffer): Proof | null {
  try {
    return proofSchema.parse(JSON.parse(bytes.toString('utf8')))
  } catch {
    return null
  }
}

function broken(problems: readonly string[]): ProofCheck {
  return { kind: 'broken', problems }
}

function hashesOf(content: ProofContent): Pick<Proof, 'hashes' | 'sha256'> {
  const { made, copy, tables, verdict } = content
  const hashes = {
    made: hashOf(made),
    copy: hashOf(copy),
    tables: hashOf(tables),
    verdict: hashOf(verdict),
  }
  return { hashes, sha256: hashOf({ format, hashes }) }
}

function hashOf(value: unknown): string {
  return createHash('sha256').update(canonicalJson(value)).digest('hex')
}

type Side = z.infer<typeof side>

/** The rows and digests of a table's tenants add up to the table's, on both sides. */
function sumProblems({ name, tenants, ...table }: ProofContent['tables'][number]): readonly string[] {
  if (tenants.length === 0) return []
  return (['source', 'target'] as const).flatMap((where) =>
    isSum(
      table[where],
      tenants.map((tenant) => tenant[where]),
    )
      ? []
      : [`the tenants of ${name} do not add up to the table, at the ${where}`],
  )
}

function isSum(whole: Side, parts: readonly Side[]): boolean {
  // What could not be read has no sum.
  if (whole.digest === '') return parts.every((part) => part.digest === '')
  const digests = parts.reduce((sum, part) => sum + BigInt(`0x${part.digest || '0'}`), 0n)
  return (
    whole.rows === parts.reduce((sum, part) => sum + part.rows, 0) &&
    BigInt(`0x${whole.digest}`) === digests % 2n ** 128n
  )
}

/** `equal` is said exactly when nothing speaks against it. */
function verdictProblems({ copy, tables, verdict }: ProofContent): readonly string[] {
  if (verdict.kind === 'different') return verdict.differences.length > 0 ? [] : ['it names no difference']
  const declared = copy?.tables.reduce((sum, table) => sum + table.ledger.entries, 0) ?? 0
  return [
    ...tables.flatMap(({ name, equal, source, target, tenants }) =>
      equal && [{ source, target }, ...tenants].every((pair) => isSame(pair.source, pair.target))
        ? []
        : [`${name} is not equal, and the verdict is`],
    ),
    ...(verdict.differences.length === 0 && !verdict.more ? [] : ['it names differences, and the verdict is equal']),
    ...(copy !== null && copy.finishedAt === null ? ['the copy was cut off, and the verdict is equal'] : []),
    ...(verdict.declared.cells + verdict.declared.rows === declared
      ? []
      : ['it declares other values and rows than the ledger has']),
  ]
}

function isSame(a: Side, b: Side): boolean {
  return a.rows === b.rows && a.digest === b.digest && a.digest !== ''
}
