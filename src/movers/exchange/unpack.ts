import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { type FileHandle, mkdir, open as openFile, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { never } from '../../base/never.ts'
import type { ExchangedFile, UnpackReport, UnpackRequest } from '../../ports/exchange.ts'
import { fault } from './faults.ts'
import {
  type Contents,
  digestOf,
  largestManifestBytes,
  type ManifestFile,
  type ManifestPart,
  manifestName,
  readContents,
  readManifest,
} from './manifest.ts'
import { demandName, fileFault } from './pack.ts'
import { open } from './seal.ts'

/** See `Exchange.unpack`. In memory are one part encrypted and one in clear. */
export async function unpack(request: UnpackRequest): Promise<UnpackReport> {
  const { name, from, senders, folder, signal } = request
  demandName(name)
  const raw = await from.get(manifestName(name), { largestBytes: largestManifestBytes, signal })
  if (raw === null) throw fault('EXCHANGE_NOT_THERE', { exchange: name, place: from.place })
  if (raw.length > largestManifestBytes) throw fault('EXCHANGE_MANIFEST_UNREADABLE', { exchange: name })
  const { body, sender } = readManifest(raw, name, senders)
  const found = digestOf(raw)
  if (request.manifestSha256 !== undefined && request.manifestSha256 !== found) {
    throw fault('EXCHANGE_OTHER', { exchange: name, found: `manifest ${found.slice(0, 16)}…` })
  }
  await mkdir(folder, { recursive: true, mode: 0o700 }).catch((error: unknown) =>
    Promise.reject(fileFault(folder, error)),
  )
  const files: ExchangedFile[] = []
  let parts = 0
  let partsKept = 0
  for (const listed of body.files) {
    const contents = await openContents(request, listed)
    partsKept += await unpackFile(request, listed, contents, body.partBytes)
    parts += listed.parts.length
    files.push({ file: contents.file, bytes: contents.bytes, sha256: contents.sha256 })
  }
  return { exchange: name, files, parts, partsKept, sender: sender.party }
}

async function openContents({ name, identity }: UnpackRequest, listed: ManifestFile): Promise<Contents> {
  const opened = await open(Buffer.from(listed.sealed, 'base64'), identity)
  if (opened.kind === 'wrong-key') throw fault('EXCHANGE_WRONG_KEY', { exchange: name })
  const contents = opened.kind === 'opened' ? readContents(opened.plain) : null
  if (contents === null || contents.parts.length !== listed.parts.length) {
    throw fault('EXCHANGE_MANIFEST_UNREADABLE', { exchange: name })
  }
  return contents
}

/** Out: how many parts were there from an earlier try. */
async function unpackFile(
  request: UnpackRequest,
  listed: ManifestFile,
  contents: Contents,
  partBytes: number,
): Promise<number> {
  const { name, folder, signal, onProgress } = request
  const target = join(folder, contents.file)
  if (await isThere(target)) {
    if ((await digestOfFile(target, signal)) === contents.sha256) return listed.parts.length
    throw fault('EXCHANGE_FILE_THERE', { file: target })
  }
  const partial = `${target}.partial`
  const handle = await openFile(partial, 'a+', 0o600).catch((error: unknown) =>
    Promise.reject(fileFault(partial, error)),
  )
  const whole = createHash('sha256')
  let kept = 0
  try {
    let at = 0
    for (const [number, part] of listed.parts.entries()) {
      signal.throwIfAborted()
      const bytes = Math.min(partBytes, contents.bytes - at)
      const expected = contents.parts[number] ?? ''
      const earlier = kept === number ? await keptPart(handle, at, bytes, expected) : null
      const plain = earlier ?? (await fetchPart(request, part))
      if (earlier === null) {
        if (plain.length !== bytes || digestOf(plain) !== expected) {
          throw fault('EXCHANGE_CONTENTS_DIFFER', { exchange: name, file: contents.file })
        }
        // What an earlier try has written beyond the last whole part goes.
        await handle.truncate(at)
        await handle.appendFile(plain)
      } else {
        kept += 1
      }
      whole.update(plain)
      at += bytes
      onProgress({ file: contents.file, bytes: at, totalBytes: contents.bytes })
    }
    await handle.truncate(at)
    await handle.sync()
  } finally {
    await handle.close()
  }
  if (whole.digest('hex') !== contents.sha256) {
    await rm(partial, { force: true })
    throw fault('EXCHANGE_CONTENTS_DIFFER', { exchange: name, file: contents.file })
  }
  await rename(partial, target)
  return kept
}

/** The part as an earlier try has written it; null: it is not there, or not as it must be. */
async function keptPart(handle: FileHandle, at: number, bytes: number, expected: string): Promise<Buffer | null> {
  const { size } = await handle.stat()
  if (size < at + bytes || bytes === 0) return null
  const plain = Buffer.allocUnsafe(bytes)
  const { bytesRead } = await handle.read(plain, 0, bytes, at)
  return bytesRead === bytes && digestOf(plain) === expected ? plain : null
}

async function fetchPart({ name, from, identity, signal }: UnpackRequest, part: ManifestPart): Promise<Buffer> {
  const about = { exchange: name, part: part.name }
  const sealed = await from.get(part.name, { largestBytes: part.bytes, signal })
  if (sealed === null) throw fault('EXCHANGE_PART_MISSING', about)
  if (sealed.length !== part.bytes) {
    throw fault('EXCHANGE_PART_CUT', { ...about, bytes: sealed.length, expected: part.bytes })
  }
  if (digestOf(sealed) !== part.sha256) throw fault('EXCHANGE_PART_CHANGED', about)
  const opened = await open(sealed, identity)
  switch (opened.kind) {
    case 'opened':
      return opened.plain
    case 'wrong-key':
      throw fault('EXCHANGE_WRONG_KEY', { exchange: name })
    case 'damaged':
      throw fault('EXCHANGE_PART_CHANGED', about)
    default:
      return never(opened)
  }
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}

async function digestOfFile(path: string, signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256')
  for await (const piece of createReadStream(path, { signal, highWaterMark: 1024 * 1024 })) hash.update(piece)
  return hash.digest('hex')
}
