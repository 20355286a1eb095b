import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { canonicalJson } from '../base/canonical-json.ts'
import type { EpochMs } from '../base/clock.ts'
import type { JournalRecord } from '../model/evidence.ts'
import { checkChain, type CheckedChain } from './check-chain.ts'
import { attachments, keysText, packFiles } from './check-pack.ts'
import { fault } from './faults.ts'
import { digestOf, type SigningKey } from './signing-key.ts'

/** What goes into a pack. */
export interface PackContent {
  readonly migration: string
  /** The journal's lines, as they are stored. */
  readonly lines: readonly string[]
  /** `report.json` and `report.html`. */
  readonly report: string
  readonly page: string
  /** Files from elsewhere, by their name. */
  readonly attached: ReadonlyMap<string, Buffer>
  readonly madeAt: EpochMs
  /** Program and version. */
  readonly madeBy: string
}

/**
 * Writes an evidence pack into a folder that is new or empty; the manifest, signed by the control plane, last: a pack without
 * one is not whole.
 *
 * Faults: PACK_FOLDER_TAKEN, PACK_UNWRITABLE; when the journal is not sound or `key` is not its last, PACK_JOURNAL_BROKEN,
 * PACK_JOURNAL_EMPTY, EVIDENCE_KEY_FOREIGN: then nothing is written.
 */
export async function writePack(folder: string, content: PackContent, key: SigningKey): Promise<void> {
  const chain = soundChain(content.migration, content.lines)
  const [first, ...others] = chain.records
  const last = others.at(-1) ?? first
  // With another key nobody could tell the pack from a forged one.
  if (chain.keys.findLast(({ holder }) => holder === 'control-plane')?.id !== key.id) {
    throw fault('EVIDENCE_KEY_FOREIGN', { holder: 'control-plane', key: key.id, migration: content.migration })
  }
  const files = new Map<string, Buffer>([
    [packFiles.journal, Buffer.from(content.lines.map((line) => `${line}\n`).join(''))],
    [packFiles.keys, Buffer.from(keysText(chain.keys))],
    [packFiles.report, Buffer.from(content.report)],
    [packFiles.page, Buffer.from(content.page)],
    ...[...content.attached].map(([name, bytes]): [string, Buffer] => [`${attachments}/${name}`, bytes]),
  ])
  const manifest = {
    version: 1,
    migration: content.migration,
    madeAt: content.madeAt,
    madeBy: content.madeBy,
    records: chain.records.length,
    head: last.hash,
    files: [...files].map(([name, bytes]) => ({ name, bytes: bytes.length, sha256: digestOf(bytes) })),
  } as const
  const signature = key.sign('manifest', manifest)
  files.set(packFiles.manifest, Buffer.from(`${canonicalJson({ manifest, signature })}\n`))
  await put(folder, files)
}

/** A chain without a problem, and with records. */
export interface SoundChain extends CheckedChain {
  readonly records: readonly [JournalRecord, ...JournalRecord[]]
}

/** The checked chain of a journal. Faults: PACK_JOURNAL_BROKEN, PACK_JOURNAL_EMPTY. */
export function soundChain(migration: string, lines: readonly string[]): SoundChain {
  const chain = checkChain(lines)
  const [problem] = chain.problems
  if (problem !== undefined) throw fault('PACK_JOURNAL_BROKEN', { migration, ...problem })
  const [first, ...others] = chain.records
  if (first === undefined) throw fault('PACK_JOURNAL_EMPTY', { migration })
  return { ...chain, records: [first, ...others] }
}

async function put(folder: string, files: ReadonlyMap<string, Buffer>): Promise<void> {
  try {
    await mkdir(folder, { recursive: true })
    if ((await readdir(folder)).length > 0) throw fault('PACK_FOLDER_TAKEN', { folder })
    for (const [name, bytes] of files) {
      await mkdir(dirname(join(folder, name)), { recursive: true })
      await writeFile(join(folder, name), bytes, { flag: 'wx' })
    }
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown'
    if (code === 'PACK_FOLDER_TAKEN') throw cause
    throw fault('PACK_UNWRITABLE', { folder, reason: code }, cause)
  }
}
