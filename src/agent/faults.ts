import { exitCode, faultsOf, kind } from '../base/fault.ts'

const refused = { exit: exitCode.usage, retry: 'after-remedy' } as const

/** Faults of a party's agent: why it does not begin, or cannot go on. */
export const partyAgentFaults = {
  AGENT_SERVER_ADDRESS: kind<{ url: string }>({
    ...refused,
    says: (d) => `${d.url} is not the address of a control plane`,
    remedy: () => 'Give --server https://HOST:PORT, without user, password or path.',
  }),
  AGENT_SERVER_UNTRUSTED: kind<{ url: string; reason: string }>({
    ...refused,
    says: (d) => `the certificate of ${d.url} is not trusted (${d.reason})`,
    remedy: () => 'Give with --ca the certificate that whoever runs the control plane has handed you by another way.',
  }),
  AGENT_TOKEN_MALFORMED: kind<object>({
    ...refused,
    says: () => 'what was given as the token is none: one is a single word of letters, digits, - and _',
    remedy: () => 'Give the token that `threeshift party token create` or `rotate` has shown, and nothing else.',
  }),
  AGENT_SERVER_UNREACHABLE: kind<{ url: string; reason: string }>({
    exit: exitCode.failedSafe,
    retry: 'same-input',
    says: (d) => `the control plane at ${d.url} cannot be reached, or is in trouble (${d.reason})`,
    remedy: () =>
      'See that `threeshift serve` runs there and that the address is right; then run the same command again.',
  }),
  AGENT_NOTHING_ASKED: kind<{ migration: string; row: string; party: string }>({
    ...refused,
    says: (d) => `${d.row} of ${d.migration} asks nothing of ${d.party} now`,
    remedy: () => 'See what is asked: `threeshift status --server URL --token REFERENCE`.',
  }),
  AGENT_WRONG_PARTY: kind<{ party: string; tokenParty: string }>({
    ...refused,
    says: (d) => `the token is one of ${d.tokenParty}, and this agent is to work for ${d.party}`,
    remedy: (d) => `Give a token of ${d.party}, or start the agent with --party ${d.tokenParty}.`,
  }),
  AGENT_ANSWER_MALFORMED: kind<{ url: string; route: string }>({
    exit: exitCode.failedSafe,
    retry: 'after-remedy',
    says: (d) => `${d.url} answered ${d.route} with something that is not of the protocol`,
    remedy: () => 'See that the address is a control plane’s, of the same version as this agent.',
  }),
}

/** Makes a fault of this area: `throw fault('AGENT_WRONG_PARTY', { party, tokenParty })`. */
export const fault = faultsOf(partyAgentFaults)
