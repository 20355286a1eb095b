import { exitCode, faultsOf, kind } from '../../base/fault.ts'

const failedSafe = { exit: exitCode.failedSafe, retry: 'never' } as const

/** Faults of parties' tokens, and of agents that lease and complete tasks. */
export const agentFaults = {
  AGENT_LEASE_LOST: kind<{ task: string }>({
    ...failedSafe,
    says: (d) => `the lease on ${d.task} is not, or no longer, the one that counts`,
    remedy: () => 'Throw the result away and lease again: whoever holds the lease now goes on from what is there.',
  }),
  AGENT_STATEMENT_MISMATCH: kind<{ about: string; what: string }>({
    ...failedSafe,
    says: (d) => `the statement about ${d.about} is about something else: its ${d.what} differs`,
    remedy: () => 'Use an agent of the same version as the control plane; nothing was written.',
  }),
  AGENT_TOKEN_ROLE: kind<{ name: string; role: string; needed: string }>({
    ...failedSafe,
    says: (d) => `${d.name} has a token of the role ${d.role}, and the desk serves the role ${d.needed}`,
    remedy: (d) =>
      `Use a token of the role ${d.needed}: \`threeshift party token create --role ${d.needed}\` makes one.`,
  }),
  PARTY_TOKEN_UNKNOWN: kind<{ id: string }>({
    exit: exitCode.usage,
    retry: 'never',
    says: (d) => `there is no token ${d.id} that still counts`,
    remedy: () => '`threeshift party token list` shows the tokens there are.',
  }),
}

/** Makes a fault of this area: `throw fault('AGENT_LEASE_LOST', { task })`. */
export const fault = faultsOf(agentFaults)
