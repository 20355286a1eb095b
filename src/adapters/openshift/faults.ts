import { exitCode, type FaultCatalogue, faultsOf, kind } from '../../base/fault.ts'

const failedSafe = exitCode.failedSafe
/** `doing` is a verb and an object: `patch deployments ns/name`. */
type Doing = { readonly doing: string }
type Program = { readonly program: string; readonly container: string }

/** What can go wrong between us and a cluster. None holds a credential, a value, or a sentence of the cluster's own. */
export const openshiftFaults = {
  OPENSHIFT_CONFIG_UNUSABLE: kind<{ reason: string }>({
    exit: failedSafe,
    retry: 'after-remedy',
    says: (d) => `the kubeconfig cannot be used: ${d.reason}`,
    remedy: () =>
      'Give a kubeconfig with the CA of the cluster and a token or client certificate, as `oc login` writes it.',
  }),
  OPENSHIFT_TLS_FAILED: kind<{ server: string; reason: string }>({
    exit: failedSafe,
    retry: 'after-remedy',
    says: (d) => `what answers at ${d.server} could not be verified over TLS (${d.reason})`,
    remedy: () => 'Put the CA of the cluster into certificate-authority-data of the kubeconfig.',
  }),
  OPENSHIFT_UNREACHABLE: kind<Doing & { server: string; reason: string; unknown: string }>({
    exit: failedSafe,
    retry: 'same-input',
    says: (d) => `could not ${d.doing}: the cluster cannot be reached at ${d.server} (${d.reason})${d.unknown}`,
    remedy: () => 'Check VPN, DNS, HTTPS_PROXY and NO_PROXY with `oc version`; then run the same command again.',
  }),
  OPENSHIFT_UNAVAILABLE: kind<Doing & { status: number; unknown: string }>({
    exit: failedSafe,
    retry: 'same-input',
    says: (d) => `could not ${d.doing}: the cluster goes on answering that it is busy (HTTP ${d.status})${d.unknown}`,
    remedy: () => 'See `oc get clusteroperators`; when the API server is well, run the same command again.',
  }),
  OPENSHIFT_TOKEN_REFUSED: kind<{ server: string }>({
    exit: failedSafe,
    retry: 'after-remedy',
    says: (d) => `the cluster at ${d.server} does not accept the token or certificate, or no longer`,
    remedy: () => 'Log in again (`oc login`), or give a fresh token of the service account; then run the same command.',
  }),
  OPENSHIFT_FORBIDDEN: kind<Doing & { right: string }>({
    exit: failedSafe,
    retry: 'after-remedy',
    says: (d) => `could not ${d.doing}: it is not allowed`,
    remedy: (d) => `Grant ${d.right} (docs/how-to/access.md has the roles); then run the same command again.`,
  }),
  OPENSHIFT_DENIED: kind<Doing & { by: string }>({
    exit: failedSafe,
    retry: 'after-remedy',
    says: (d) => `could not ${d.doing}: it is allowed, but was turned down by ${d.by}`,
    remedy: (d) => `Have an administrator of the cluster make room for it in ${d.by}; then run the same command again.`,
  }),
  OPENSHIFT_NOT_FOUND: kind<Doing>({
    exit: failedSafe,
    retry: 'after-remedy',
    says: (d) => `could not ${d.doing}: it, or its namespace, does not exist`,
    remedy: () => 'Compare the name and the namespace with `oc get`, and correct the migration file.',
  }),
  OPENSHIFT_KIND_UNKNOWN: kind<{ resource: string }>({
    exit: failedSafe,
    retry: 'after-remedy',
    says: (d) => `the cluster has no ${d.resource}`,
    remedy: () => 'See with `oc api-resources` whether the operator that brings it is installed on this cluster.',
  }),
  OPENSHIFT_EXISTS: kind<{ what: string }>({
    exit: failedSafe,
    retry: 'after-remedy',
    says: (d) => `${d.what} exists already, and was not made by this call`,
    remedy: () => 'Look at it with `oc get -o yaml`; delete it if it is a leftover, then run the same command again.',
  }),
  OPENSHIFT_CONFLICT: kind<Doing>({
    exit: failedSafe,
    retry: 'same-input',
    says: (d) => `did not ${d.doing}: it was changed or made anew since it was looked at`,
    remedy: () => 'Run the same command again: it looks afresh, and acts on what is there now.',
  }),
  OPENSHIFT_FIELD_OWNED: kind<{ what: string; managers: string; fields: string }>({
    exit: failedSafe,
    retry: 'after-remedy',
    says: (d) => `${d.what} was not changed: ${d.managers} keeps ${d.fields} at another value`,
    remedy: (d) => `Stop what ${d.managers} does with this object, then run the same command again.`,
  }),
  OPENSHIFT_REFUSED: kind<Doing & { status: number; reason: string; fields: string }>({
    exit: failedSafe,
    retry: 'after-remedy',
    says: (d) => `could not ${d.doing}: the cluster refuses it (HTTP ${d.status} ${d.reason}${d.fields})`,
    remedy: () => 'Compare the object with `oc explain` on this cluster: its version may want another form of it.',
  }),
  OPENSHIFT_OUTCOME_UNKNOWN: kind<Doing & { reason: string }>({
    exit: failedSafe,
    retry: 'after-remedy',
    says: (d) => `it is not known whether this was done: ${d.doing} (${d.reason})`,
    remedy: () =>
      'Look at the object with `oc get -o yaml`, then run the same command again: it begins with a look too.',
  }),
  OPENSHIFT_BAD_ANSWER: kind<Doing & { reason: string }>({
    exit: failedSafe,
    retry: 'after-remedy',
    says: (d) => `the answer to ${d.doing} is not one of an OpenShift cluster (${d.reason})`,
    remedy: () => 'See what stands between: `oc get --raw /version` must answer in JSON from this machine.',
  }),
  OPENSHIFT_NOT_IN_TIME: kind<{ what: string; seconds: number; stands: string }>({
    exit: failedSafe,
    retry: 'same-input',
    says: (d) => `waited ${d.seconds} s for ${d.what}, which is not so${d.stands}`,
    remedy: () => 'Look at the events of the namespace (`oc get events`), then run the same command again.',
  }),
  OPENSHIFT_WRONG_CLUSTER: kind<{ expected: string; found: string }>({
    exit: failedSafe,
    retry: 'after-remedy',
    says: (d) => `this is the cluster ${d.found}, and ${d.expected} is meant; nothing was changed on it`,
    remedy: (d) => `Give the kubeconfig of ${d.expected}.`,
  }),
  OPENSHIFT_NOT_OPENSHIFT: kind<{ server: string }>({
    exit: failedSafe,
    retry: 'after-remedy',
    says: (d) => `what answers at ${d.server} is no OpenShift: it does not say which cluster it is`,
    remedy: () => 'Give the kubeconfig of an OpenShift cluster; `oc get infrastructure cluster` must work on it.',
  }),
  OPENSHIFT_EXEC_NOT_STARTED: kind<Program & { reason: string }>({
    exit: failedSafe,
    retry: 'same-input',
    says: (d) => `${d.program} was not started in ${d.container} (${d.reason})`,
    remedy: () =>
      'See with `oc describe pod` that the container runs and has a shell; then run the same command again.',
  }),
  OPENSHIFT_EXEC_CUT: kind<Program & { reason: string }>({
    exit: failedSafe,
    retry: 'after-remedy',
    says: (d) => `${d.program} in ${d.container} was cut off, so nothing of it counts (${d.reason})`,
    remedy: () => 'See with `oc get pods` whether the pod was restarted or moved, then run the same command again.',
  }),
  OPENSHIFT_EXEC_INCOMPLETE: kind<Program & { reason: string }>({
    exit: failedSafe,
    retry: 'after-remedy',
    says: (d) => `${d.program} in ${d.container} ended, but its bytes did not all pass (${d.reason})`,
    remedy: () => 'Run the same command again; if it happens each time, look for a proxy between here and the cluster.',
  }),
  OPENSHIFT_EXEC_INPUT_LEFT: kind<Program>({
    exit: failedSafe,
    retry: 'after-remedy',
    says: (d) => `${d.program} in ${d.container} ended well without reading all of its input`,
    remedy: () => 'Check by hand what the program has done with the part that it read.',
  }),
  OPENSHIFT_EXEC_FAILED: kind<Program & { exitCode: number }>({
    exit: failedSafe,
    retry: 'after-remedy',
    says: (d) => `${d.program} in ${d.container} ended with exit code ${d.exitCode}`,
    remedy: () => 'Read the log of the container (`oc logs`), remove the cause, and run the same command again.',
  }),
  OPENSHIFT_LOG_CUT: kind<{ container: string; reason: string }>({
    exit: failedSafe,
    retry: 'same-input',
    says: (d) => `the log of ${d.container} broke off (${d.reason})`,
    remedy: () => 'Run the same command again.',
  }),
  OPENSHIFT_JOB_FAILED: kind<{ job: string; reason: string }>({
    exit: failedSafe,
    retry: 'after-remedy',
    says: (d) => `the job ${d.job} failed (${d.reason}); it is removed`,
    remedy: () => 'Remove the cause that is named, such as too little memory, and run the same command again.',
  }),
} satisfies FaultCatalogue

export const fault = faultsOf(openshiftFaults)
