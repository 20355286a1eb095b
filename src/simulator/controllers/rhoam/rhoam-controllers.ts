import type { Controller } from '../engine/controller.ts'
import type { Cloud } from '../ports.ts'
import { cloudResourceControllers } from './cloud-resources.ts'
import { customDomainOperator, keycloakClientOperator } from './keycloak.ts'
import { type RhoamOptions, rhoamOperator } from './rhoam-operator.ts'

/** RHOAM's operator and those that it works with, but for 3scale's. */
export function rhoamControllers(options: RhoamOptions & { readonly cloud: Cloud }): readonly Controller[] {
  return [
    rhoamOperator(options),
    ...cloudResourceControllers(options.cloud),
    keycloakClientOperator,
    customDomainOperator,
  ]
}
