import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { Secret } from '../base/secret.ts'
import { referencePattern } from '../model/migration.ts'
import type { CliContext } from './context.ts'
import { errnoOf } from './errno.ts'
import { fault } from './faults.ts'

/**
 * Reads the secret that `reference` (`env:NAME` or `file:PATH`) points to.
 *
 * A file's trailing line break is not part of the secret; relative paths are meant from the context's folder. `field`
 * is what the reference stands for, for messages.
 * Faults: REFERENCE_*, none of which holds the reference as it stands when it is malformed (it may be the secret
 * itself), nor ever the secret.
 */
export async function readReference(
  reference: string,
  field: string,
  context: Pick<CliContext, 'env' | 'cwd' | 'signal'>,
): Promise<Secret> {
  if (!referencePattern.test(reference)) throw fault('REFERENCE_MALFORMED', { field })
  const rest = reference.slice(reference.indexOf(':') + 1)
  if (reference.startsWith('env:')) {
    const value = context.env(rest)
    if (value === undefined || value.trim() === '') throw fault('REFERENCE_ENV_MISSING', { field, name: rest })
    return new Secret(value)
  }
  const text = await readFile(resolve(context.cwd, rest), { encoding: 'utf8', signal: context.signal }).catch(
    (cause: unknown) => {
      if (context.signal.aborted) throw context.signal.reason
      throw fault('REFERENCE_FILE_UNREADABLE', { field, file: rest, reason: errnoOf(cause) }, cause)
    },
  )
  const value = text.replace(/\r?\n$/, '')
  if (value.trim() === '') throw fault('REFERENCE_FILE_EMPTY', { field, file: rest })
  return new Secret(value)
}
