import type { Command } from 'commander'
import { parties, type Party } from '../model/party.ts'
import type { Actor } from '../ports/journal.ts'
import type { CliContext } from './context.ts'
import { fault } from './faults.ts'

export interface IdentityOptions {
  readonly party?: string
  readonly as?: string
}

/** Options that say who is at the keyboard. What is said here is believed: whoever reaches the database could say anything. */
export function addIdentity(command: Command): Command {
  return command
    .option('--party <party>', `who you act for: ${parties.join(', ')} (else THREESHIFT_PARTY)`)
    .option('--as <name>', 'your name, as it is kept (else THREESHIFT_USER, else USER)')
}

/** Faults: OPTION_MISSING, OPTION_INVALID. `usual` is the party when nothing says otherwise. */
export function identityOf(options: IdentityOptions, context: CliContext, command: string, usual?: Party): Actor {
  const said = options.party ?? context.env('THREESHIFT_PARTY') ?? usual
  if (said === undefined) throw fault('OPTION_MISSING', { option: '--party', command })
  const party = parties.find((each) => each === said)
  if (party === undefined) throw fault('OPTION_INVALID', { option: '--party', allowed: parties.join(', ') })
  const name = options.as ?? context.env('THREESHIFT_USER') ?? context.env('USER') ?? ''
  if (name.trim() === '') throw fault('OPTION_MISSING', { option: '--as', command })
  return { party, name: name.trim() }
}
