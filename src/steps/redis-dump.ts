import { join } from 'node:path'
import type { StepContext } from '../ports/step.ts'
import { dumpFacts, dumpFiles } from './dump.ts'
import { factsOf } from './facts.ts'
import { fault } from './faults.ts'
import { dumpsFolder } from './load-system-database.ts'
import { sha256OfFile } from './sha256-of-file.ts'
import type { Tools } from './tools.ts'

/**
 * The dump of the backend's Redis on this machine: whoever took it has it, and whoever loaded the system database has
 * unpacked it beside that. By its digest: never another dump of the same name.
 *
 * Faults: STEP_NO_DUMP, STEP_FACT_MISSING.
 */
export async function redisDump(tools: Tools, context: StepContext): Promise<string> {
  const { redis } = factsOf(context, 'dump', dumpFacts)
  for (const folder of [tools.folder, dumpsFolder(tools)]) {
    const file = join(folder, dumpFiles.redis)
    if ((await sha256OfFile(file)) === redis.sha256) return file
  }
  throw fault('STEP_NO_DUMP', { file: dumpFiles.redis, sha256: redis.sha256 })
}
