import { exitCode, faultsOf, kind } from '../base/fault.ts'

/** Faults of the control plane's server: what it refuses, and why it does not start. */
export const controlFaults = {
  CONTROL_TOKEN_REFUSED: kind<{ route: string }>({
    exit: exitCode.usage,
    retry: 'after-remedy',
    says: (d) => `the token for ${d.route} is missing, unknown, rotated or revoked`,
    remedy: () => 'Give a token that `threeshift party token create` or `rotate` has shown.',
  }),
  CONTROL_TOKEN_ROLE: kind<{ name: string; role: string; needed: string }>({
    exit: exitCode.usage,
    retry: 'never',
    says: (d) => `the token of ${d.name} has the role ${d.role}, and this needs the role ${d.needed}`,
    remedy: (d) =>
      `Use a token of the role ${d.needed}: \`threeshift party token create --role ${d.needed}\` makes one.`,
  }),
  CONTROL_REQUEST_MALFORMED: kind<{ where: string }>({
    exit: exitCode.usage,
    retry: 'never',
    says: (d) => `the request is not as the protocol asks: ${d.where}`,
    remedy: () => 'Use an agent of the same version as the control plane.',
  }),
  CONTROL_NOT_FOUND: kind<{ route: string }>({
    exit: exitCode.usage,
    retry: 'never',
    says: (d) => `there is nothing for this token at ${d.route}`,
    remedy: () => 'Use an agent of the same version as the control plane.',
  }),
  CONTROL_BROKE: kind<{ route: string }>({
    exit: exitCode.failedSafe,
    retry: 'same-input',
    says: (d) => `the control plane met an error that nobody foresaw at ${d.route}; nothing was stored`,
    remedy: () => 'See the log of `threeshift serve`; the same request may be made again.',
  }),
  CONTROL_STOPPING: kind<{ route: string }>({
    exit: exitCode.failedSafe,
    retry: 'same-input',
    says: (d) => `the control plane is stopping, and leaves ${d.route}`,
    remedy: () => 'Ask again: agents do so by themselves.',
  }),
  CONTROL_PORT_TAKEN: kind<{ host: string; port: number; reason: string }>({
    exit: exitCode.usage,
    retry: 'after-remedy',
    says: (d) => `the control plane cannot listen on ${d.host}:${d.port} (${d.reason})`,
    remedy: () => 'Choose another address with --host and --port.',
  }),
}

/** Makes a fault of this area: `throw fault('CONTROL_NOT_FOUND', { route })`. */
export const fault = faultsOf(controlFaults)
