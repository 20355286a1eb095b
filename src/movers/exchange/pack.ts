import { createHash } from 'node:crypto'
import { type FileHandle, open as openFile, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { ExchangedFile, PackReport, PackRequest } from '../../ports/exchange.ts'
import { fault } from './faults.ts'
import { digestOf, type ManifestBody, type ManifestFile, manifestName, writeManifest } from './manifest.ts'
import { openPackState, type PackState } from './pack-state.ts'
import { seal } from './seal.ts'

/**
 * See `Exchange.pack`. In memory are one part in clear and one encrypted.
 *
 * A part's name has a piece of its digest, so nothing that an earlier manifest names is ever written over.
 */
export async function pack(request: PackRequest): Promise<PackReport> {
  const { files, name, to, recipients, sender, partBytes, signal } = request
  demandName(name)
  if (recipients.length === 0) throw fault('EXCHANGE_NO_RECIPIENT', {})
  const names = files.map((file) => basename(file))
  const twice = names.find((file, at) => names.indexOf(file) !== at)
  if (twice !== undefined) throw fault('EXCHANGE_SAME_NAMES', { file: twice })

  const ages = recipients.map(({ recipient }) => recipient).toSorted()
  const stateFile = join(request.stateFolder, `${name}.exchange-state.jsonl`)
  const state = await openPackState(stateFile, { place: to.place, recipients: ages, partBytes })
  try {
    const packed: Packed[] = []
    for (const [at, file] of files.entries()) packed.push(await packFile(request, file, at, ages, state))
    const body: ManifestBody = {
      format: 'threeshift-exchange-1',
      exchange: name,
      sender: sender.card.party,
      verifier: sender.card.verifier,
      partBytes,
      files: packed.map(({ listed }) => listed),
    }
    // Signing has no chance in it: the same parts make the same manifest.
    const manifest = writeManifest(body, sender)
    const sha256 = digestOf(manifest)
    const there = await to.get(manifestName(name), { largestBytes: manifest.length, signal })
    const isOther = there !== null && !manifest.equals(there)
    // Parts that were lost are put again, and make another manifest of the same files.
    const isOurs = packed.every(({ known }) => known)
    if (isOther && !isOurs && !request.replace) throw fault('EXCHANGE_NAME_TAKEN', { exchange: name, place: to.place })
    if (there === null || isOther) await to.put(manifestName(name), manifest, { sha256, signal })
    return {
      exchange: name,
      place: to.place,
      files: packed.map(({ exchanged }) => exchanged),
      parts: packed.reduce((sum, { listed }) => sum + listed.parts.length, 0),
      partsKept: packed.reduce((sum, { kept }) => sum + kept, 0),
      manifestSha256: sha256,
      sender: sender.card.party,
      recipients: recipients.map(({ party }) => party),
    }
  } finally {
    await state.close()
  }
}

interface Packed {
  readonly listed: ManifestFile
  readonly exchanged: ExchangedFile
  readonly kept: number
  /** Whether the same contents were packed before, from here and under the same name. */
  readonly known: boolean
}

/** Whoever opens a pipe waits for its writer, and no signal ends that. Faults: EXCHANGE_PATH. */
async function refuseOtherThanFile(path: string): Promise<void> {
  const found = await stat(path).catch((error: unknown) => Promise.reject(fileFault(path, error)))
  if (!found.isFile()) throw fault('EXCHANGE_PATH', { path, reason: 'it is no regular file' })
}

async function packFile(
  request: PackRequest,
  path: string,
  fileNumber: number,
  ages: readonly string[],
  state: PackState,
): Promise<Packed> {
  const { name, to, partBytes, signal, onProgress } = request
  const file = basename(path)
  await refuseOtherThanFile(path)
  const handle = await openFile(path).catch((error: unknown) => Promise.reject(fileFault(path, error)))
  try {
    const before = await handle.stat()
    const whole = createHash('sha256')
    const digests: string[] = []
    const parts: ManifestFile['parts'] = []
    let kept = 0
    // An empty file has one empty part.
    for (let from = 0; from === 0 || from < before.size; from += partBytes) {
      signal.throwIfAborted()
      const plain = await readPart(handle, path, from, Math.min(partBytes, before.size - from))
      whole.update(plain)
      const clear = digestOf(plain)
      const number = parts.length
      const known = state.find(fileNumber, number, clear)
      if (known !== undefined && (await to.sizeOf(known.name, { signal })) === known.bytes) {
        kept += 1
        parts.push(known)
      } else {
        const sealed = await seal(plain, ages)
        const sha256 = digestOf(sealed)
        const partName = `${name}/${fileNumber + 1}-${String(number + 1).padStart(6, '0')}-${sha256.slice(0, 16)}.age`
        await to.put(partName, sealed, { sha256, signal })
        const part = { name: partName, bytes: sealed.length, sha256 }
        await state.add(fileNumber, number, clear, part)
        parts.push(part)
      }
      digests.push(clear)
      onProgress({ file, bytes: Math.min(from + partBytes, before.size), totalBytes: before.size })
    }
    const after = await handle.stat()
    if (after.size !== before.size || after.mtimeMs !== before.mtimeMs)
      throw fault('EXCHANGE_FILE_CHANGED', { file: path })
    const contents = { file, bytes: before.size, sha256: whole.digest('hex'), parts: digests }
    const text = JSON.stringify(contents)
    const known = state.findContents(fileNumber, digestOf(Buffer.from(text)))
    const sealed =
      known ?? (await state.addContents(fileNumber, text, (await seal(Buffer.from(text), ages)).toString('base64')))
    return {
      listed: { sealed, parts },
      exchanged: { file, bytes: contents.bytes, sha256: contents.sha256 },
      kept,
      known: known !== undefined,
    }
  } finally {
    await handle.close()
  }
}

async function readPart(handle: FileHandle, path: string, from: number, bytes: number): Promise<Buffer> {
  const plain = Buffer.allocUnsafe(bytes)
  let filled = 0
  while (filled < bytes) {
    const { bytesRead } = await handle
      .read(plain, filled, bytes - filled, from + filled)
      .catch((error: unknown) => Promise.reject(fileFault(path, error)))
    if (bytesRead === 0) throw fault('EXCHANGE_FILE_CHANGED', { file: path })
    filled += bytesRead
  }
  return plain
}

/** Faults: EXCHANGE_NAME for one that is no name, or leads elsewhere. */
export function demandName(name: string): void {
  if (!/^[A-Za-z0-9][\w.-]{0,99}$/.test(name)) throw fault('EXCHANGE_NAME', { name })
}

/** What the caller has to correct, and not the machine. */
const wrongPath = new Set(['ENOENT', 'ENOTDIR', 'EISDIR', 'EACCES', 'EPERM', 'EROFS', 'ENAMETOOLONG', 'ELOOP'])

/** Node's own errors of files have a code. Gives EXCHANGE_PATH or EXCHANGE_FILE_FAILED. */
export function fileFault(file: string, error: unknown) {
  const { code = 'unknown' } = Object(error) as NodeJS.ErrnoException
  if (wrongPath.has(code)) return fault('EXCHANGE_PATH', { path: file, reason: code }, error)
  return fault('EXCHANGE_FILE_FAILED', { file, reason: code }, error)
}
