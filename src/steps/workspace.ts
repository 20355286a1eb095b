import { mkdir, readdir, rm, stat, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import type { Step } from '../ports/step.ts'
import { measure } from './measure.ts'
import { ledgerFile, type Tools } from './tools.ts'

/** Dumps, in clear and packed, of a database of some tens of gigabytes. */
const freeGiB = 20
const bytesPerGiB = 1024 ** 3

/** Prerequisite 6: the vendor's agent has a place to work in, which only it may enter. Its state is in the journal. */
export function workspace(tools: Tools): Step {
  return {
    async check() {
      const found = await stateOf(tools)
      if (found.isPrivate && found.freeGiB >= freeGiB)
        return { kind: 'done', says: `${found.freeGiB} GiB are free`, facts: {} }
      return { kind: 'needed', says: found.isPrivate ? `${found.freeGiB} GiB are free` : 'there is no private folder' }
    },
    explain: async () => ({
      summary: "The vendor's agent gets a private folder for this migration.",
      diff: [{ what: 'folder of the migration', before: null, after: 'readable for its agent only' }],
    }),
    async apply() {
      await mkdir(tools.folder, { recursive: true, mode: 0o700 })
      return { says: 'the folder is there', facts: {} }
    },
    async confirm() {
      const found = await stateOf(tools)
      return {
        says: `${found.freeGiB} GiB are free`,
        measured: [
          measure('folder that only its owner may enter', true, found.isPrivate),
          measure(`at least ${freeGiB} GiB are free`, true, found.freeGiB >= freeGiB),
        ],
        facts: {},
      }
    },
    async undo() {
      const names = (await readdir(tools.folder)).filter((name) => name !== ledgerFile)
      for (const name of names) await rm(join(tools.folder, name), { recursive: true, force: true })
      return { says: `${names.length} files and folders are deleted; the ledger stays for cleanup` }
    },
  }
}

async function stateOf({ folder }: Tools): Promise<{ readonly isPrivate: boolean; readonly freeGiB: number }> {
  try {
    const [{ mode }, { bavail, bsize }] = await Promise.all([stat(folder), statfs(folder)])
    return { isPrivate: (mode & 0o077) === 0, freeGiB: Math.floor((bavail * bsize) / bytesPerGiB) }
  } catch {
    return { isPrivate: false, freeGiB: 0 }
  }
}
