import type { Command } from 'commander'
import type { ControlPlaneAccess } from '../ports/control-plane.ts'
import type { CliContext } from './context.ts'
import { fault } from './faults.ts'

interface ServeOptions {
  readonly host: string
  readonly port: number
  readonly name: readonly string[]
  readonly tlsKey?: string
  readonly tlsCertificate?: string
  readonly lease: number
  readonly json?: true
}

const usualPort = 8443
const usualLeaseSeconds = 30

/** Adds `threeshift serve`: the control plane that parties' agents and approvers come to. */
export function registerServe(
  program: Command,
  context: CliContext,
  { controlPlane }: { readonly controlPlane: ControlPlaneAccess },
): void {
  program
    .command('serve')
    .helpGroup('The parties:')
    .summary("serve parties' agents and approvers over HTTPS")
    .description(
      'Hands out verbs to parties’ agents, and takes in outcomes and approvals. It runs no row: `threeshift run` does.\n' +
        'Ends at the first Ctrl-C; agents wait until it is back. Killed at any moment, it loses nothing.',
    )
    .option('--host <address>', 'where to listen', '127.0.0.1')
    .option('--port <number>', 'where to listen; 0: a port that is free', parsePort, usualPort)
    .option(
      '--name <host>',
      'a host name or address that agents use; the self-made certificate is good for it (may be repeated)',
      (name: string, before: readonly string[]) => [...before, name],
      [],
    )
    .option('--tls-key <file>', 'your own key, PEM; else one is made, with a certificate')
    .option('--tls-certificate <file>', 'your own certificate, PEM, with what leads to its root')
    .option(
      '--lease <seconds>',
      'how long an agent may be silent before its work is given to another',
      parseLease,
      usualLeaseSeconds,
    )
    .option('--json', 'print where it listens as one JSON object on stdout')
    .action((options: ServeOptions) => serve(options, context, controlPlane))
}

async function serve(options: ServeOptions, context: CliContext, access: ControlPlaneAccess): Promise<void> {
  const { host, port, tlsKey, tlsCertificate, json } = options
  if ((tlsKey === undefined) !== (tlsCertificate === undefined)) {
    const option = tlsKey === undefined ? '--tls-key' : '--tls-certificate'
    throw fault('OPTION_MISSING', { option, command: 'threeshift serve' })
  }
  await access.serve({
    host,
    port,
    names: options.name,
    tls: tlsKey === undefined || tlsCertificate === undefined ? null : { key: tlsKey, certificate: tlsCertificate },
    leaseMs: options.lease * 1000,
    onListening: ({ port, ca }) => {
      const at = `https://${options.name[0] ?? host}:${port}`
      const agents = ca === null ? '' : `Agents need this certificate (--ca): ${ca}\n`
      context.stdout.write(json ? `${JSON.stringify({ url: at, port, ca })}\n` : `Serving at ${at}\n${agents}`)
    },
    onNote: (line) => void context.stderr.write(`${line}\n`),
    signal: context.signal,
  })
}

function parsePort(text: string): number {
  const port = Number(text)
  if (/^\d+$/.test(text) && port <= 65_535) return port
  throw fault('OPTION_INVALID', { option: '--port', allowed: '0 to 65535' })
}

function parseLease(text: string): number {
  const seconds = Number(text)
  if (/^\d+$/.test(text) && seconds >= 1 && seconds <= 3600) return seconds
  throw fault('OPTION_INVALID', { option: '--lease', allowed: '1 to 3600' })
}
