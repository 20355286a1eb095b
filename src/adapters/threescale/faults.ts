import { exitCode, type FaultCatalogue, faultsOf, kind } from '../../base/fault.ts'

const failedSafe = exitCode.failedSafe

/** `portal`: where, as `https://host`. `call`: what, as method and path, without query: queries may hold credentials. */
type Call = { readonly portal: string; readonly call: string }

/** What can go wrong with 3scale's own APIs. None holds a token, a query, or a word that is not of a known form. */
export const threescaleFaults = {
  THREESCALE_UNREACHABLE: kind<Call & { reason: string }>({
    exit: failedSafe,
    retry: 'same-input',
    says: (d) => `${d.portal} cannot be reached (${d.reason})`,
    remedy: () =>
      'Check that its route is admitted and its name resolves, or give the address of the router; then run the command again.',
  }),
  THREESCALE_TLS_FAILED: kind<Call & { reason: string }>({
    exit: failedSafe,
    retry: 'after-remedy',
    says: (d) => `what answers for ${d.portal} could not be verified over TLS (${d.reason})`,
    remedy: () => "Give the CA of the cluster's ingress, and check that the certificate covers this host.",
  }),
  THREESCALE_CONNECTION_LOST: kind<Call & { reason: string }>({
    exit: failedSafe,
    retry: 'same-input',
    says: (d) => `the connection to ${d.portal} was lost during ${d.call} (${d.reason})`,
    remedy: () => 'Run the same command again; if it is lost every time, look at the logs of the router and the pod.',
  }),
  THREESCALE_UNSURE: kind<Call & { reason: string }>({
    exit: failedSafe,
    retry: 'after-remedy',
    says: (d) => `${d.portal} may or may not have done ${d.call}: there was no whole answer (${d.reason})`,
    remedy: () => 'Look whether it is there, in the portal or with this command; it is not repeated by itself.',
  }),
  THREESCALE_UNAUTHORIZED: kind<Call>({
    exit: failedSafe,
    retry: 'after-remedy',
    says: (d) => `${d.portal} does not know the access token (${d.call})`,
    remedy: () => 'Check that the token is of a user of this very account, and that it has not expired.',
  }),
  THREESCALE_FORBIDDEN: kind<Call>({
    exit: failedSafe,
    retry: 'after-remedy',
    says: (d) =>
      `${d.portal} refuses ${d.call}: the token is not known here, lacks scope or permission, the plan does not allow it, or the account is not approved`,
    remedy: () =>
      'Use a token with every scope and read & write, of an admin of this account; look at the state of the account.',
  }),
  THREESCALE_NOT_FOUND: kind<Call>({
    exit: failedSafe,
    retry: 'after-remedy',
    says: (d) => `${d.portal} has nothing at ${d.call}`,
    remedy: () => 'Check the id, and that the host is the one that is stored for this account, in lower case.',
  }),
  THREESCALE_CONFLICT: kind<Call>({
    exit: failedSafe,
    retry: 'after-remedy',
    says: (d) => `${d.portal} already holds what ${d.call} would make, or it was changed at the same time`,
    remedy: () => 'Look at what is there; run the command again if it is not what is wanted.',
  }),
  THREESCALE_INVALID: kind<Call & { errors: readonly string[] }>({
    exit: failedSafe,
    retry: 'after-remedy',
    says: (d) => `${d.portal} does not accept what ${d.call} says: ${d.errors.join('; ')}`,
    remedy: () => 'Correct the values that are named.',
  }),
  THREESCALE_BUSY: kind<Call>({
    exit: failedSafe,
    retry: 'same-input',
    says: (d) => `${d.portal} answers ${d.call} with too many requests (HTTP 429)`,
    remedy: () => 'Run the same command again in a few minutes.',
  }),
  THREESCALE_FAILED: kind<Call & { status: number }>({
    exit: failedSafe,
    retry: 'same-input',
    says: (d) => `${d.portal} could not answer ${d.call} (HTTP ${d.status})`,
    remedy: (d) =>
      d.status === 503
        ? 'No pod behind the route may be ready: look at the pods of system-app, then run the same command again.'
        : 'Look at the log of system-app, or of backend-listener for /transactions; then run the same command again.',
  }),
  THREESCALE_REFUSED: kind<Call & { status: number }>({
    exit: failedSafe,
    retry: 'after-remedy',
    says: (d) => `${d.portal} answers ${d.call} in a way that 3scale does not (HTTP ${d.status})`,
    remedy: () => 'Check that the host is that of a 3scale portal, and that no proxy answers in its place.',
  }),
  THREESCALE_UNREADABLE: kind<Call & { reason: string }>({
    exit: failedSafe,
    retry: 'after-remedy',
    says: (d) => `the answer of ${d.portal} to ${d.call} cannot be read (${d.reason})`,
    remedy: () => 'Check that the host is that of a 3scale portal, and which release it is.',
  }),
} satisfies FaultCatalogue

export const fault = faultsOf(threescaleFaults)
