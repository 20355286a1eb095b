import type { Controller } from '../engine/controller.ts'
import type { HostedNames } from '../ports.ts'
import { apiManagerOperator, type ThreescaleOperatorPorts } from './api-manager.ts'
import { zync } from './zync.ts'

/** The 3scale operator and the one part of 3scale that writes to the cluster. */
export function threescaleControllers(
  ports: ThreescaleOperatorPorts & { readonly hostedNames: HostedNames },
): readonly Controller[] {
  return [apiManagerOperator(ports), zync(ports.hostedNames)]
}
