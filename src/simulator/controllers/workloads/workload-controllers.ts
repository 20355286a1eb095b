import type { Controller } from '../engine/controller.ts'
import type { ContainerRuntime } from './container-runtime.ts'
import { deploymentConfigs } from './deployment-configs.ts'
import { deployments } from './deployments.ts'
import { jobs } from './jobs.ts'
import { podKeepers } from './pod-keepers.ts'
import { pods } from './pods.ts'
import { claims, routes } from './routes.ts'

/** What every OpenShift cluster runs by itself. `appsDomain`: under which it gives hosts to Routes. */
export function workloadControllers(runtime: ContainerRuntime, appsDomain: string): readonly Controller[] {
  return [pods(runtime), ...podKeepers, deployments, deploymentConfigs, jobs, routes(appsDomain), claims]
}
