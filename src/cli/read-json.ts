import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { z } from 'zod'
import type { CliContext } from './context.ts'
import { errnoOf } from './errno.ts'
import { fault } from './faults.ts'

/**
 * Reads a file of ours that holds JSON; `what` is what it should be, such as `a declaration`.
 *
 * Faults: FILE_UNREADABLE; JSON_INVALID, which names the place of the first mistake and quotes nothing.
 */
export async function readJson<Content>(
  file: string,
  what: string,
  schema: z.ZodType<Content>,
  context: Pick<CliContext, 'cwd' | 'signal'>,
): Promise<Content> {
  const text = await readFile(resolve(context.cwd, file), { encoding: 'utf8', signal: context.signal }).catch(
    (cause: unknown) => {
      if (context.signal.aborted) throw context.signal.reason
      throw fault('FILE_UNREADABLE', { file, reason: errnoOf(cause) }, cause)
    },
  )
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw fault('JSON_INVALID', { file, what, where: 'it is no JSON' }, cause)
  }
  const decoded = schema.safeParse(value)
  if (decoded.success) return decoded.data
  const path = decoded.error.issues[0]?.path.join('.') ?? ''
  throw fault('JSON_INVALID', { file, what, where: path === '' ? 'as a whole' : `at ${path}` }, decoded.error)
}
