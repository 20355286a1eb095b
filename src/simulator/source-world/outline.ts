import type { Release } from '../../model/release.ts'
import type { Prose } from './names.ts'
import type { Random } from './random.ts'

/** The domain under which every hosted name of the world lives. */
export const wildcardDomain = 'apps.old-cluster.example.com'

export interface Metric {
  readonly id: number
  readonly systemName: string
  readonly parentId: number | null
}
export interface Plan {
  readonly id: number
  readonly name: string
  contracts: number
}
export interface BackendApi {
  readonly id: number
  readonly systemName: string
  readonly name: string
  readonly metrics: readonly Metric[]
}
export interface Service {
  readonly id: number
  readonly tenant: Tenant
  readonly systemName: string
  readonly name: string
  readonly createdAt: number
  readonly hosted: boolean
  readonly endpoint: string
  readonly sandboxEndpoint: string
  readonly metrics: readonly Metric[]
  readonly servicePlan: Plan
  readonly applicationPlans: readonly Plan[]
  readonly backends: readonly BackendApi[]
}
export interface User {
  readonly id: number
  readonly accountId: number
  readonly tenant: Tenant
  readonly username: string
  readonly first: string
  readonly last: string
  readonly email: string
  readonly admin: boolean
}
export interface Application {
  readonly id: number
  readonly buyerId: number
  readonly service: Service
  readonly plan: Plan
  readonly createdAt: number
  readonly live: boolean
  /** When it was first used; null when never. MySQL's column and the backend's counters both follow it. */
  readonly firstTrafficAt: number | null
}
/** An account below a tenant; for the master these are the tenants and itself. */
export interface Buyer {
  readonly id: number
  readonly name: string
  readonly createdAt: number
  readonly users: readonly User[]
  readonly accountContractId: number
  readonly serviceContractId: number
  readonly applications: readonly Application[]
}
export interface Tenant {
  readonly id: number
  readonly master: boolean
  readonly suspended: boolean
  readonly subdomain: string
  readonly name: string
  readonly domain: string
  readonly selfDomain: string
  readonly createdAt: number
  readonly accountPlans: readonly Plan[]
  readonly users: User[]
  readonly services: Service[]
  readonly backendApis: BackendApi[]
  readonly buyers: Buyer[]
  /** History rows per unit of weight; about 1 on average. */
  readonly weight: number
}

/** The installation's skeleton: everything that other rows point at. It grows with accounts and services, not with rows. */
export interface Outline {
  readonly release: Release
  readonly seed: number
  readonly scale: number
  readonly master: Tenant
  /** Without the master. */
  readonly tenants: readonly Tenant[]
  /** The master first. */
  readonly everyone: readonly Tenant[]
  readonly prose: Prose
  random(label: string): Random
  /** True when this release has the table, or the column of it. */
  has(table: string, column?: string): boolean
  columnsOf(table: string): ReadonlySet<string>
  readonly tableNames: readonly string[]
}

/** Applies the rule that most tables share: rows of the master carry no tenant. */
export function tenantIdOf(tenant: Tenant): number | null {
  return tenant.master ? null : tenant.id
}

/**
 * The tenant of rows that take it from an account which is not the master.
 *
 * In 2.11 that comparison went wrong: the flag of every other account is NULL, and so became the tenant.
 */
export function tenantIdByAccount(outline: Outline, tenant: Tenant): number | null {
  return outline.release === '2.11' ? null : tenantIdOf(tenant)
}
