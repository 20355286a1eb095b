/** How long everything takes in a simulated cluster, in milliseconds. */
export interface Timings {
  /** From a pod's creation until it has a node. */
  readonly schedule: number
  readonly imagePull: number
  readonly initContainer: number
  /** Between two looks of what cannot go on: a missing key, an init container that waits, a claim. */
  readonly retry: number
  /** From a container's start until it is ready; by its name, else `default`. */
  readonly readiness: Readonly<Record<string, number>> & { readonly default: number }
  /** From the deletion of a pod until it is gone; by the name of its first container, else `default`. */
  readonly termination: Readonly<Record<string, number>> & { readonly default: number }
  /** The first wait of a container that crashes; doubled up to `crashBackoffMost`. */
  readonly crashBackoff: number
  readonly crashBackoffMost: number
  /** After it, a rollout that has not come to its end has failed. */
  readonly rolloutDeadline: number
  readonly routeAdmission: number
  readonly claimBinding: number
  /** Resolving a Subscription, unpacking a bundle. */
  readonly olmResolve: number
  readonly olmInstall: number
  /** Between two reconciles of an APIManager that is not ready. */
  readonly operatorLoop: number
  /** Between two tries of preflight checks that failed. */
  readonly preflightRetry: number
  /** From the event until the Route is there. */
  readonly zync: number
  readonly provisionPostgres: number
  readonly provisionRedis: number
  readonly provisionBlobStorage: number
  readonly snapshot: number
  readonly keycloakClient: number
  readonly customDomain: number
  /** Between two reconciles of RHOAM while it installs, and when it is complete. */
  readonly rhoamBusy: number
  readonly rhoamIdle: number
  /** How long a product of RHOAM takes that is not simulated any further. */
  readonly rhoamProduct: number
}

const seconds = (n: number): number => n * 1000
const minutes = (n: number): number => n * 60_000

/** As on a middling cluster with the default sizes. */
export const realTimings: Timings = {
  schedule: seconds(1),
  imagePull: seconds(8),
  initContainer: seconds(5),
  retry: seconds(10),
  readiness: {
    default: seconds(10),
    'system-master': seconds(45),
    'system-provider': seconds(45),
    'system-developer': seconds(45),
    'system-sidekiq': seconds(30),
    zync: seconds(30),
  },
  termination: { default: seconds(5), 'system-sidekiq': seconds(25), 'backend-worker': seconds(10) },
  crashBackoff: seconds(10),
  crashBackoffMost: minutes(5),
  rolloutDeadline: seconds(1200),
  routeAdmission: seconds(2),
  claimBinding: seconds(3),
  olmResolve: seconds(10),
  olmInstall: seconds(15),
  operatorLoop: seconds(10),
  preflightRetry: minutes(10),
  zync: seconds(20),
  provisionPostgres: minutes(12),
  provisionRedis: minutes(9),
  provisionBlobStorage: minutes(1),
  snapshot: minutes(3),
  keycloakClient: seconds(5),
  customDomain: minutes(2),
  rhoamBusy: seconds(10),
  rhoamIdle: minutes(5),
  rhoamProduct: minutes(3),
}

/** The same world, `speed` times as fast: 60 makes a minute of a second. */
export function scaledTimings(timings: Timings, speed: number): Timings {
  const scale = (value: number | Readonly<Record<string, number>>): unknown =>
    typeof value === 'number'
      ? value / speed
      : Object.fromEntries(Object.entries(value).map(([name, ms]) => [name, ms / speed]))
  // Each entry keeps its form, which Object.entries cannot say.
  return Object.fromEntries(Object.entries(timings).map(([name, value]) => [name, scale(value)])) as unknown as Timings
}

/** The entry of a table by name, or its default. */
export function timingOf(
  table: Readonly<Record<string, number>> & { readonly default: number },
  name: string | undefined,
): number {
  return (name === undefined ? undefined : table[name]) ?? table.default
}
