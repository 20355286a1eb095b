import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import type { ControlPlaneAccess, PartyPerson } from '../ports/control-plane.ts'
import type { CliContext } from './context.ts'
import { errnoOf } from './errno.ts'
import { fault } from './faults.ts'
import type { IdentityOptions } from './identity.ts'
import { readReference } from './read-reference.ts'

/** The options by which a person comes to a control plane instead of to the engine's database. */
export interface VisitOptions {
  readonly server?: string
  readonly token?: string
  readonly ca?: string
}

export const caOption = [
  '--ca <file>',
  'the certificate, PEM, that vouches for the control plane (else what the system trusts)',
] as const

/** Adds --server, --token and --ca. */
export function addVisit(command: Command): Command {
  return command
    .option('--server <url>', 'https://HOST:PORT of a control plane, where you are who your token says')
    .option('--token <reference>', 'env:NAME or file:PATH that holds the token; with --server')
    .option(...caOption)
}

/** Refuses --party and --as beside --server: who somebody is there is for the token to say. */
export function refuseIdentity({ party, as }: IdentityOptions): void {
  if (party === undefined && as === undefined) return
  const option = party === undefined ? '--as' : '--party'
  throw fault('OPTION_INVALID', { option, allowed: 'nothing; with --server you are who your token says' })
}

/** Does `work` as a party's person at the control plane of --server. Faults: OPTION_MISSING, those of `visit` and of `work`. */
export async function visiting(
  server: string,
  options: VisitOptions,
  context: CliContext,
  access: ControlPlaneAccess,
  work: (person: PartyPerson) => Promise<void>,
): Promise<void> {
  const { token, ca } = options
  if (token === undefined) throw fault('OPTION_MISSING', { option: '--token', command: 'threeshift status' })
  const person = await access.visit({
    server,
    token: await readReference(token, '--token', context),
    ca: ca === undefined ? null : await readPem(ca, context),
    signal: context.signal,
  })
  try {
    await work(person)
  } finally {
    person.close()
  }
}

/** The text of a certificate's file. Faults: FILE_UNREADABLE. */
export async function readPem(file: string, context: CliContext): Promise<string> {
  const text = await readFile(resolve(context.cwd, file), { encoding: 'utf8', signal: context.signal }).catch(
    (cause: unknown) => {
      context.signal.throwIfAborted()
      throw fault('FILE_UNREADABLE', { file, reason: errnoOf(cause) }, cause)
    },
  )
  if (!text.includes('-----BEGIN CERTIFICATE-----')) {
    throw fault('FILE_UNREADABLE', { file, reason: 'it holds no certificate' })
  }
  return text
}
