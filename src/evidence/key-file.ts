import { randomUUID } from 'node:crypto'
import { link, mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import { type KeyHolder, keyHolders, lineageSchema } from '../model/evidence.ts'
import { fault } from './faults.ts'
import { exportPrivateKey, generateKey, importPrivateKey, type SigningKey, signingKey } from './signing-key.ts'

const keyFileSchema = z.strictObject({ holder: z.enum(keyHolders), privateKey: z.string(), lineage: lineageSchema })

/** Where a holder's key is below a folder of keys. */
export function keyFile(folder: string, holder: KeyHolder): string {
  return join(folder, `${holder}.key.json`)
}

/**
 * The holder's key from its file, made (mode 0600) when there is none; of several processes that make it at once, all get
 * the same.
 *
 * Faults: EVIDENCE_KEY_UNREADABLE also when others than the owner may read the file; EVIDENCE_KEY_UNWRITABLE.
 */
export async function loadOrCreateKey(folder: string, holder: KeyHolder): Promise<SigningKey> {
  const file = keyFile(folder, holder)
  const found = await loadKey(folder, holder)
  if (found !== null) return found
  const { privateKey, lineage } = generateKey(holder)
  const text = JSON.stringify({ holder, privateKey: exportPrivateKey(privateKey), lineage })
  await writeBeside(file, text, async (fresh) => {
    await link(fresh, file).catch((error: unknown) => {
      if (codeOf(error) !== 'EEXIST') throw error
    })
  })
  const made = await loadKey(folder, holder)
  if (made === null) throw fault('EVIDENCE_KEY_UNREADABLE', { file, reason: 'it disappeared' })
  return made
}

/** The holder's key from its file; null when there is no file. Faults: EVIDENCE_KEY_UNREADABLE. */
export async function loadKey(folder: string, holder: KeyHolder): Promise<SigningKey | null> {
  const file = keyFile(folder, holder)
  try {
    const { mode } = await stat(file)
    if ((mode & 0o077) !== 0) {
      throw fault('EVIDENCE_KEY_UNREADABLE', { file, reason: 'others than its owner may read it' })
    }
    const content = keyFileSchema.parse(JSON.parse(await readFile(file, 'utf8')))
    if (content.holder !== holder) throw new TypeError(`it is the key of ${content.holder}`)
    return signingKey(holder, importPrivateKey(content.privateKey), content.lineage)
  } catch (error) {
    const code = codeOf(error)
    if (code === 'ENOENT') return null
    // No cause: a parser's message may quote the file.
    if (code === 'EVIDENCE_KEY_UNREADABLE') throw error
    throw fault('EVIDENCE_KEY_UNREADABLE', { file, reason: code ?? 'it is damaged' })
  }
}

/** Replaces the holder's key by a new one that the old one endorses. Whatever happens meanwhile, the file holds one of them. */
export async function rotateKey(folder: string, holder: KeyHolder): Promise<SigningKey> {
  const before = await loadOrCreateKey(folder, holder)
  const { privateKey, lineage } = generateKey(holder, before)
  const file = keyFile(folder, holder)
  const text = JSON.stringify({ holder, privateKey: exportPrivateKey(privateKey), lineage })
  await writeBeside(file, text, (fresh) => rename(fresh, file))
  return signingKey(holder, privateKey, lineage)
}

async function writeBeside(file: string, text: string, put: (fresh: string) => Promise<void>): Promise<void> {
  const fresh = `${file}.${randomUUID()}`
  try {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 })
    const handle = await open(fresh, 'wx', 0o600)
    try {
      await handle.writeFile(text)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await put(fresh)
  } catch (cause) {
    throw fault('EVIDENCE_KEY_UNWRITABLE', { file, reason: codeOf(cause) ?? 'unknown' }, cause)
  } finally {
    await rm(fresh, { force: true })
  }
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}
