import type { Command } from 'commander'
import { loadKey, loadOrCreateKey, rotateKey } from '../evidence/key-file.ts'
import { type KeyHolder, keyHolders } from '../model/evidence.ts'
import { parties, type Party } from '../model/party.ts'
import { type TokenRole, tokenRoles } from '../ports/agent-desk.ts'
import type { ControlPlaneAccess, ControlPlaneStore } from '../ports/control-plane.ts'
import type { TokenView } from '../ports/party-tokens.ts'
import type { CliContext } from './context.ts'
import { fault } from './faults.ts'

interface CreateOptions {
  readonly party: Party
  readonly role: TokenRole
  readonly name: string
  readonly migration: readonly string[]
  readonly json?: true
}

interface JsonOption {
  readonly json?: true
}

const jsonOption = ['--json', 'print the result as one JSON object as the last line of stdout'] as const

/** Adds `threeshift party token|key`: by which tokens parties are known, and with which keys they sign. */
export function registerParty(
  program: Command,
  context: CliContext,
  { controlPlane }: { readonly controlPlane: ControlPlaneAccess },
): void {
  const party = program
    .command('party')
    .helpGroup('The parties:')
    .summary("tokens and signing keys of the parties' agents and people")
    .description('By which tokens parties are known to the control plane, and with which keys they sign.')
  registerTokens(party, context, controlPlane)
  registerKeys(party, context, controlPlane)
}

function registerTokens(party: Command, context: CliContext, access: ControlPlaneAccess): void {
  const token = party
    .command('token')
    .summary('create, rotate, revoke and list tokens; where the control plane runs')
    .description(
      'A token is shown once, when it is made: only its hash is kept. Run this where the control plane runs.',
    )
  token
    .command('create')
    .summary('make a token, and show it')
    .description(
      'Makes a token and shows it, this once. A customer’s token is good for the migrations that are named; it must name one.',
    )
    .requiredOption('--party <party>', `whose: ${parties.join(', ')}`, parseParty)
    .option('--role <role>', `what it lets its bearer do: ${tokenRoles.join(', ')}`, parseRole, 'agent')
    .requiredOption('--name <name>', 'the agent’s name, or who approves; it stands in the journal')
    .option(
      '--migration <name>',
      'a migration that it is good for (may be repeated); none: all, which is not for a customer',
      (name: string, before: readonly string[]) => [...before, name],
      [],
    )
    .option(...jsonOption)
    .action(async (options: CreateOptions) => {
      const { migration, json, ...rest } = options
      if (options.party === 'customer' && migration.length === 0) {
        throw fault('OPTION_MISSING', { option: '--migration', command: 'threeshift party token create' })
      }
      const migrations = migration.length === 0 ? null : migration
      const made = await onStore(context, access, (store) => store.tokens.create({ ...rest, migrations }))
      show({ id: made.id, token: made.token.reveal('show the new token, once') }, json, context)
    })
  token
    .command('rotate')
    .summary('replace a token by a new one, and show it')
    .description('Makes a new token of the same id and shows it, this once. The old one counts no longer.')
    .argument('<id>', 'as `token list` shows it')
    .option(...jsonOption)
    .action(async (id: string, { json }: JsonOption) => {
      const made = await onStore(context, access, (store) => store.tokens.rotate(id))
      show({ id: made.id, token: made.token.reveal('show the new token, once') }, json, context)
    })
  token
    .command('revoke')
    .summary('let nobody in by a token any more')
    .description('Lets nobody in by the token any more. What its bearer had leased is given to other agents.')
    .argument('<id>', 'as `token list` shows it')
    .option(...jsonOption)
    .action(async (id: string, { json }: JsonOption) => {
      await onStore(context, access, (store) => store.tokens.revoke(id))
      context.stdout.write(json ? `${JSON.stringify({ id, revoked: true })}\n` : `${id} is revoked.\n`)
    })
  token
    .command('list')
    .summary('show the tokens there are')
    .description('Shows the tokens there are, without the tokens themselves.')
    .option(...jsonOption)
    .action(async ({ json }: JsonOption) => {
      const tokens = await onStore(context, access, (store) => store.tokens.list())
      context.stdout.write(json ? `${JSON.stringify({ tokens })}\n` : tokens.map(tokenLine).join(''))
    })
}

function registerKeys(party: Command, context: CliContext, access: ControlPlaneAccess): void {
  const key = party
    .command('key')
    .summary('show, rotate and forget signing keys')
    .description('Each party signs what its agent reports with a key that never leaves its machine.')
  const write = (holder: KeyHolder, id: string | null, json: true | undefined) =>
    context.stdout.write(
      json ? `${JSON.stringify({ holder, key: id })}\n` : `${holder}  ${id ?? 'has no key on this machine'}\n`,
    )
  key
    .command('show')
    .summary("show the fingerprint of a holder's key on this machine")
    .description('Shows the fingerprint that others compare with the one in an evidence pack (verify-report --trust).')
    .argument('<holder>', keyHolders.join(', '), parseHolder)
    .option(...jsonOption)
    .action(async (holder: KeyHolder, { json }: JsonOption) => {
      write(holder, (await loadKey(access.keyFolder(), holder))?.id ?? null, json)
    })
  key
    .command('rotate')
    .summary("replace a holder's key on this machine by one that it endorses")
    .description(
      'Makes a new key, endorsed by the old one; every journal learns of it with the next record. Processes go on.',
    )
    .argument('<holder>', keyHolders.join(', '), parseHolder)
    .option(...jsonOption)
    .action(async (holder: KeyHolder, { json }: JsonOption) => {
      await loadOrCreateKey(access.keyFolder(), holder)
      write(holder, (await rotateKey(access.keyFolder(), holder)).id, json)
    })
  key
    .command('forget')
    .summary("take a party's next key without the old one's endorsement; where the control plane runs")
    .description(
      'For a key that was lost: the next one that the party’s agent brings is taken. Every journal that knows the old one says so,\n' +
        'and so does every evidence pack.',
    )
    .argument('<party>', parties.join(', '), parseParty)
    .requiredOption('--as <name>', 'your name; it stands in the journal')
    .action(async (holder: Party, { as }: { readonly as: string }) => {
      await onStore(context, access, (store) => store.forgetKey(holder, as))
      context.stdout.write(`The key of ${holder} is forgotten.\n`)
    })
}

async function onStore<Result>(
  context: CliContext,
  access: ControlPlaneAccess,
  work: (store: ControlPlaneStore) => Promise<Result>,
): Promise<Result> {
  const onNote = (line: string) => void context.stderr.write(`${line}\n`)
  const store = await access.open({ onNote, signal: context.signal })
  try {
    return await work(store)
  } finally {
    await store.close()
  }
}

/** The token alone on stdout, so that a script can put it where it belongs. */
function show(
  made: { readonly id: string; readonly token: string },
  json: true | undefined,
  context: CliContext,
): void {
  if (!json) context.stderr.write(`The token ${made.id}, shown this once:\n`)
  context.stdout.write(json ? `${JSON.stringify(made)}\n` : `${made.token}\n`)
}

function tokenLine({ id, party, role, name, migrations, revokedAt }: TokenView): string {
  const scope = migrations === null ? 'all migrations' : migrations.join(', ')
  return `${id}  ${party}  ${role}  ${name}  ${scope}${revokedAt === null ? '' : '  revoked'}\n`
}

export function parseParty(text: string): Party {
  const party = parties.find((candidate) => candidate === text)
  if (party === undefined) throw fault('OPTION_INVALID', { option: '--party', allowed: parties.join(', ') })
  return party
}

function parseHolder(text: string): KeyHolder {
  const holder = keyHolders.find((candidate) => candidate === text)
  if (holder === undefined) throw fault('OPTION_INVALID', { option: '<holder>', allowed: keyHolders.join(', ') })
  return holder
}

function parseRole(text: string): TokenRole {
  const role = tokenRoles.find((candidate) => candidate === text)
  if (role === undefined) throw fault('OPTION_INVALID', { option: '--role', allowed: tokenRoles.join(', ') })
  return role
}
