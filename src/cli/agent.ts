import type { Command } from 'commander'
import type { Party } from '../model/party.ts'
import { parties } from '../model/party.ts'
import type { ControlPlaneAccess } from '../ports/control-plane.ts'
import type { CliContext } from './context.ts'
import { parseParty } from './party.ts'
import { readReference } from './read-reference.ts'
import { caOption, readPem } from './visit.ts'

interface AgentOptions {
  readonly party: Party
  readonly server: string
  readonly token: string
  readonly ca?: string
}

/** Adds `threeshift agent`: runs one party's rows on this machine, with this machine's credentials. */
export function registerAgent(
  program: Command,
  context: CliContext,
  { controlPlane }: { readonly controlPlane: ControlPlaneAccess },
): void {
  program
    .command('agent')
    .helpGroup('The parties:')
    .summary("run a party's rows on this machine")
    .description(
      'Runs the rows of one party, one verb at a time, with the credentials of this machine: nobody else ever holds them. Connects\n' +
        'to the control plane over HTTPS, outbound only, also through a proxy (HTTPS_PROXY, NO_PROXY). Signs what it reports.\n' +
        'Ends at the first Ctrl-C, when the running verb can be left; killed at any moment, the same command goes on.',
    )
    .requiredOption('--party <party>', `whose rows: ${parties.join(', ')}`, parseParty)
    .requiredOption('--server <url>', 'https://HOST:PORT of the control plane')
    .requiredOption('--token <reference>', 'env:NAME or file:PATH that holds the token')
    .option(...caOption)
    .action(async ({ party, server, token, ca }: AgentOptions) => {
      await controlPlane.runAgent({
        party,
        server,
        token: await readReference(token, '--token', context),
        ca: ca === undefined ? null : await readPem(ca, context),
        onNote: (line) => void context.stderr.write(`${line}\n`),
        signal: context.signal,
      })
    })
}
