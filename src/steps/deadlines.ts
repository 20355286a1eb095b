/*
 * How long a step waits for what others do, in milliseconds, before it is a fault. Generous: a wait that is given up too
 * early costs the window, and a person sees in the progress that nothing moves.
 */
const minute = 60_000

export const deadlineMs = {
  /** Pods to be gone; system-sidekiq alone may take its grace of some minutes. */
  podsGone: 15 * minute,
  /** Pods to be ready after a scale-up or a rollout; a DeploymentConfig's rollout may take 20 minutes. */
  podsReady: 30 * minute,
  /** A hop of the operator: migrations of a large database included. */
  hop: 120 * minute,
  /** OLM to install a version. */
  operatorInstall: 20 * minute,
  /** RHOAM from its start to complete. */
  rhoam: 180 * minute,
  /** Routes to be admitted. */
  routes: 10 * minute,
  /** An object to be gone. */
  removal: 10 * minute,
} as const
