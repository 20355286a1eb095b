import { readdir, readFile } from 'node:fs/promises'
import { join, sep } from 'node:path'
import { canonicalJson } from '../base/canonical-json.ts'
import { type KeyHolder, type Manifest, signedManifestSchema } from '../model/evidence.ts'
import { checkProof } from '../model/proof.ts'
import { checkChain, type CheckedChain, type Problem } from './check-chain.ts'
import { fault } from './faults.ts'
import type { KnownKey } from './known-keys.ts'
import { digestOf, isSignedBy } from './signing-key.ts'

/** The files that every pack has, beside what is attached. */
export const packFiles = {
  journal: 'journal.jsonl',
  keys: 'keys.json',
  report: 'report.json',
  page: 'report.html',
  manifest: 'manifest.json',
} as const
/** The folder of a pack for what came from elsewhere. */
export const attachments = 'attachments'

/** What checking a pack came to; `sound` when there is no problem. Problems with records come first. */
export interface CheckedPack {
  readonly verdict: 'sound' | 'tampered'
  readonly migration: string | null
  readonly records: number
  readonly keys: readonly KnownKey[]
  readonly problems: readonly Problem[]
  /** Not wrong, but a reader should know it. */
  readonly notes: readonly string[]
}

/**
 * Checks an evidence pack with nothing but its files: every byte of it is covered by a hash that a signature covers.
 *
 * `trusted`: the ids that holders' keys must have, as somebody learnt them by another way; without them a pack that was
 * made anew as a whole, with new keys, cannot be told from the original.
 * Faults: PACK_UNREADABLE when there is no such folder.
 */
export async function checkPack(folder: string, trusted: ReadonlyMap<KeyHolder, string>): Promise<CheckedPack> {
  const files = await readFiles(folder)
  const signed = parseManifest(files.get(packFiles.manifest))
  const chain = checkChain(linesOf(files.get(packFiles.journal)))
  const problems = [
    ...chain.problems,
    ...endProblems(files.get(packFiles.journal), chain, signed?.manifest ?? null),
    ...manifestProblems(files, signed, chain),
    ...keyProblems(files.get(packFiles.keys), chain, trusted),
  ]
  const proofs = checkProofs(files, chain)
  problems.push(...proofs.problems)
  return {
    verdict: problems.length === 0 ? 'sound' : 'tampered',
    migration: signed?.manifest.migration ?? chain.records[0]?.statement.migration ?? null,
    records: chain.records.length,
    keys: chain.keys,
    problems,
    notes: [...chain.notes, ...proofs.notes],
  }
}

/** The text of `keys.json`. */
export function keysText(keys: readonly KnownKey[]): string {
  return `${canonicalJson({ keys: keys.map(({ holder, id, publicKey, since }) => ({ holder, id, publicKey, since })) })}\n`
}

type Files = ReadonlyMap<string, Buffer>
type SignedManifest = NonNullable<ReturnType<typeof parseManifest>>

async function readFiles(folder: string): Promise<Files> {
  try {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true })
    const files = entries.filter((entry) => !entry.isDirectory())
    const read = files.map(async (entry): Promise<readonly [string, Buffer]> => {
      const path = join(entry.parentPath, entry.name)
      const name = path.slice(join(folder, sep).length).replaceAll(sep, '/')
      return [name, await readFile(path)]
    })
    return new Map(await Promise.all(read))
  } catch (cause) {
    const reason = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown'
    throw fault('PACK_UNREADABLE', { folder, reason }, cause)
  }
}

function textOf(bytes: Buffer): string {
  // A byte order mark would otherwise vanish unseen. What is no UTF-8 becomes U+FFFD, and so no record.
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)
}

function linesOf(journal: Buffer | undefined): readonly string[] {
  if (journal === undefined || journal.length === 0) return []
  const lines = textOf(journal).split('\n')
  return lines.at(-1) === '' ? lines.slice(0, -1) : lines
}

function parseManifest(bytes: Buffer | undefined) {
  try {
    const text = textOf(bytes ?? Buffer.alloc(0))
    const signed = signedManifestSchema.parse(JSON.parse(text))
    return `${canonicalJson(signed)}\n` === text ? signed : null
  } catch {
    // Absent or not readable: said as one problem.
    return null
  }
}

/** Whether the journal ends where the manifest says that it does. */
function endProblems(journal: Buffer | undefined, chain: CheckedChain, manifest: Manifest | null): readonly Problem[] {
  const where = packFiles.journal
  if (journal === undefined) return [{ where, says: 'it is missing' }]
  const lines = linesOf(journal).length
  const problems: Problem[] = []
  if (journal.length > 0 && journal.at(-1) !== 0x0a) problems.push({ where, says: 'its last line is cut off' })
  if (manifest === null) return problems
  if (lines < manifest.records) {
    const gone = manifest.records - lines
    problems.push({
      where: `record ${lines}`,
      says: `${where} has ${lines} of ${manifest.records} records: ${gone === 1 ? 'one is' : `${gone} are`} missing`,
    })
  } else if (lines > manifest.records) {
    problems.push({ where: `record ${manifest.records}`, says: `the manifest counts ${manifest.records} records only` })
  } else if (chain.problems.length === 0 && chain.records.at(-1)?.hash !== manifest.head) {
    problems.push({ where: `record ${lines - 1}`, says: 'it is not the one that the manifest ends with' })
  }
  return problems
}

function manifestProblems(files: Files, signed: SignedManifest | null, chain: CheckedChain): readonly Problem[] {
  const where = packFiles.manifest
  if (signed === null) {
    return [{ where, says: files.has(where) ? 'it is not the manifest that was written' : 'it is missing' }]
  }
  const { manifest, signature } = signed
  const problems: Problem[] = []
  const key = chain.keys.findLast(({ holder }) => holder === 'control-plane')
  if (key?.id !== signature.key) {
    problems.push({ where, says: `it is signed with a foreign key (${signature.key.slice(0, 16)})` })
  } else if (!isSignedBy(key.publicKey, signature, 'manifest', manifest)) {
    problems.push({ where, says: 'its signature is not valid: it was changed' })
  }
  const first = chain.records[0]
  if (first !== undefined && first.statement.migration !== manifest.migration) {
    problems.push({ where, says: 'it is of another migration than the journal' })
  }
  for (const { name, bytes, sha256 } of manifest.files) {
    const found = files.get(name)
    if (found === undefined) problems.push({ where: name, says: 'it is missing' })
    else if (found.length !== bytes || digestOf(found) !== sha256) {
      problems.push({ where: name, says: 'it is not the file that the manifest lists: it was changed' })
    }
  }
  const listed = new Set(manifest.files.map(({ name }) => name))
  for (const name of files.keys()) {
    if (name !== where && !listed.has(name)) problems.push({ where: name, says: 'the manifest does not list it' })
  }
  return problems
}

function keyProblems(
  bytes: Buffer | undefined,
  chain: CheckedChain,
  trusted: ReadonlyMap<KeyHolder, string>,
): readonly Problem[] {
  const where = packFiles.keys
  const problems: Problem[] = []
  // With a broken chain its keys are not known, and the chain's own problem says more.
  if (bytes !== undefined && chain.problems.length === 0 && textOf(bytes) !== keysText(chain.keys)) {
    problems.push({ where, says: 'it lists other keys than the journal introduces' })
  }
  for (const [holder, id] of trusted) {
    const found = chain.keys.filter((key) => key.holder === holder)
    if (!found.some((key) => key.id.startsWith(id))) {
      problems.push({
        where,
        says: `${holder} signs with ${found.map((key) => key.id.slice(0, 16)).join(', ') || 'no key'}, not with the one you trust`,
      })
    }
  }
  return problems
}

/** Attached proofs of the database's mover are checked by themselves, and for whether the journal knows them. */
function checkProofs(files: Files, chain: CheckedChain): { readonly problems: Problem[]; readonly notes: string[] } {
  const problems: Problem[] = []
  const notes: string[] = []
  const journal = linesOf(files.get(packFiles.journal))
  for (const [name, bytes] of files) {
    if (!name.startsWith(`${attachments}/`) || !/proof[^/]*\.json$/.test(name)) continue
    const checked = checkProof(bytes)
    if (checked.kind === 'broken') {
      problems.push(...checked.problems.map((says) => ({ where: name, says })))
      continue
    }
    const { proof } = checked
    if (chain.records.length > 0 && !journal.some((line) => line.includes(proof.sha256))) {
      notes.push(`${name}: no record of the journal names this proof (SHA-256 ${proof.sha256.slice(0, 16)}…)`)
    }
    if (proof.verdict.kind === 'different') notes.push(`${name}: the databases differed when it was made`)
  }
  return { problems, notes }
}
