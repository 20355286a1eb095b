import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { canonicalJson } from '../base/canonical-json.ts'
import type { EpochMs } from '../base/clock.ts'
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
 * Faults: PACK_FOLDER_TAKEN, PACK_UNWRITABLE; PACK_JOURNAL_BROKEN when the journal itself is not sound: then nothing is written.
 */
export async function writePack(folder: string, content: PackContent, key: SigningKey): Promise<void> {
  const chain = soundChain(content.migration, content.lines)
  const last = chain.records.at(-1)
  if (last === undefined) throw fault('PACK_JOURNAL_EMPTY', { migration: content.migration })
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

/** The checked chain of a journal. Faults: PACK_JOURNAL_BROKEN. */
export function soundChain(migration: string, lines: readonly string[]): CheckedChain {
  const chain = checkChain(lines)
  const [problem] = chain.problems
  if (problem !== undefined) throw fault('PACK_JOURNAL_BROKEN', { migration, ...problem })
  return chain
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
