import { type FileHandle, mkdir, open, readFile, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { z } from 'zod'
import { digestOf, type ManifestPart } from './manifest.ts'

const partSchema = z.object({ name: z.string(), bytes: z.number(), sha256: z.string() })
const lineSchema = z.union([
  z.object({ place: z.string(), recipients: z.array(z.string()), partBytes: z.number() }),
  z.object({ file: z.number(), part: z.number(), clear: z.string(), put: partSchema }),
  z.object({ file: z.number(), clear: z.string(), sealed: z.string() }),
])
type Line = z.infer<typeof lineSchema>

/** What must be the same for earlier parts to be of use. */
interface PackConditions {
  readonly place: string
  readonly recipients: readonly string[]
  readonly partBytes: number
}

/**
 * What an earlier try has put: for each part the digest of what it holds in clear. It stays on the sender's machine, for its
 * account only, and is worth nothing but time: without it everything is put again.
 */
export interface PackState {
  find(file: number, part: number, clear: string): ManifestPart | undefined
  add(file: number, part: number, clear: string, put: ManifestPart): Promise<void>
  findContents(file: number, clear: string): string | undefined
  /** Out: `sealed`. */
  addContents(file: number, text: string, sealed: string): Promise<string>
  close(): Promise<void>
}

/** Opens the state, or begins a new one when there is none, or it is of other conditions or not readable. */
export async function openPackState(path: string, conditions: PackConditions): Promise<PackState> {
  const lines = await readLines(path)
  const [first] = lines
  const fits = first !== undefined && 'place' in first && JSON.stringify(first) === JSON.stringify(conditions)
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  if (!fits) await rm(path, { force: true })
  const handle = await open(path, 'a', 0o600)
  if (!fits) await append(handle, conditions)
  const parts = new Map<string, ManifestPart>()
  const contents = new Map<string, string>()
  for (const line of fits ? lines : []) {
    if ('put' in line) parts.set(`${line.file} ${line.part} ${line.clear}`, line.put)
    if ('sealed' in line) contents.set(`${line.file} ${line.clear}`, line.sealed)
  }
  return {
    find: (file, part, clear) => parts.get(`${file} ${part} ${clear}`),
    add: (file, part, clear, put) => append(handle, { file, part, clear, put }),
    findContents: (file, clear) => contents.get(`${file} ${clear}`),
    addContents: async (file, text, sealed) => {
      await append(handle, { file, clear: digestOf(Buffer.from(text)), sealed })
      return sealed
    },
    close: () => handle.close(),
  }
}

async function append(handle: FileHandle, line: object): Promise<void> {
  // The line break comes first: a line that a crash has cut off ends there, and is read as nothing.
  await handle.appendFile(`\n${JSON.stringify(line)}`)
}

async function readLines(path: string): Promise<Line[]> {
  const text = await readFile(path, 'utf8').catch(() => '')
  return text.split('\n').flatMap((line) => {
    try {
      return lineSchema.parse(JSON.parse(line))
    } catch {
      return []
    }
  })
}
