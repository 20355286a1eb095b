import type { Release } from '../../model/release.ts'
import { catalogOf } from '../../threescale/catalog.ts'
import { dayMs, hourMs, worldNow } from './calendar.ts'
import { apiName, organisation, person, Prose, slug } from './names.ts'
import {
  type Application,
  type BackendApi,
  type Buyer,
  type Metric,
  type Outline,
  type Plan,
  type Service,
  type Tenant,
  type User,
  wildcardDomain,
} from './outline.ts'
import { Random } from './random.ts'

export interface OutlineOptions {
  readonly release: Release
  readonly tenants: number
  readonly scale: number
  readonly seed: number
  /** What the first tenant's hosts begin with; absent: 3scale, as the operator calls its own. */
  readonly firstTenant?: string
}

/** Draws up accounts, services, plans and applications; the same options give the same outline. */
export function drawOutline(options: OutlineOptions): Outline {
  const draft = new Draft(options)
  const { master, tenants } = draft.drawAll()
  const catalog = new Map(
    catalogOf(options.release).map((table) => [table.name, new Set(table.columns.map((column) => column.name))]),
  )
  const none: ReadonlySet<string> = new Set()
  return {
    release: options.release,
    seed: options.seed,
    scale: options.scale,
    master,
    tenants,
    everyone: [master, ...tenants],
    prose: new Prose(options.seed),
    random: (label) => new Random(options.seed, label),
    has: (table, column) => catalog.has(table) && (column === undefined || (catalog.get(table) ?? none).has(column)),
    columnsOf: (table) => catalog.get(table) ?? none,
    tableNames: [...catalog.keys()],
  }
}

type Counter = 'account' | 'user' | 'service' | 'backendApi' | 'metric' | 'plan' | 'contract'

class Draft {
  readonly #options: OutlineOptions
  readonly #random: Random
  readonly #inUse = new Set<number>()
  readonly #last: Record<Counter, number> = {
    account: 0,
    user: 0,
    service: 0,
    backendApi: 0,
    metric: 0,
    plan: 0,
    contract: 0,
  }

  constructor(options: OutlineOptions) {
    this.#options = options
    this.#random = new Random(options.seed, 'outline')
  }

  drawAll(): { readonly master: Tenant; readonly tenants: readonly Tenant[] } {
    const master = this.#tenant(0)
    const tenants: Tenant[] = []
    for (let i = 1; i <= this.#options.tenants; i++) tenants.push(this.#tenant(i))
    const [service] = master.services
    if (service === undefined) throw new Error('bug: the master has no service')
    for (const tenant of [...tenants, master]) master.buyers.push(this.#buyer(tenant, service, master, tenant))
    return { master, tenants }
  }

  /** Ids have gaps, as those of a database that has lived. */
  #next(counter: Counter): number {
    this.#last[counter] += this.#random.chance(0.04) ? this.#random.between(2, 6) : 1
    return this.#last[counter]
  }

  #tenant(index: number): Tenant {
    const master = index === 0
    const id = index <= 1 ? index + 1 : this.#next('account')
    this.#last.account = Math.max(this.#last.account, id)
    const weight = master ? 0.3 : 0.5 + ((index * 7) % 11) / 10
    const perTenant = (count: number, least: number): number =>
      Math.max(least, Math.round(count * weight * this.#options.scale))
    const name = master ? 'Master Account' : index === 1 ? 'Provider Name' : `${organisation(this.#random)} ${index}`
    const { firstTenant = '3scale' } = this.#options
    // The others get a name that cannot be derived from the organisation's.
    const subdomain = master ? 'master' : index === 1 ? firstTenant : `${slug(name).split('-')[0]}-t${index}`
    const adminHost = master ? `master.${wildcardDomain}` : `${subdomain}-admin.${wildcardDomain}`
    const vanity = index === 3 || (index === 2 && this.#options.tenants < 3)
    const tenant: Tenant = {
      id,
      master,
      suspended: index === 5,
      subdomain,
      name,
      domain: master ? adminHost : vanity ? 'developers.vanity-example.org' : `${subdomain}.${wildcardDomain}`,
      selfDomain: adminHost,
      createdAt: worldNow - (1400 - Math.min(index, 300)) * dayMs,
      accountPlans: [this.#plan('Default'), this.#plan('Partner')],
      users: [],
      services: [],
      backendApis: [],
      buyers: [],
      weight,
    }
    for (let i = 0; i < 3; i++) tenant.users.push(this.#user(id, tenant, i === 0 ? 'admin' : undefined, true))
    const backends = master ? 1 : perTenant(4, 1)
    for (let i = 0; i < backends; i++) tenant.backendApis.push(this.#backendApi(i))
    const services = master ? 1 : perTenant(5, 2)
    for (let i = 0; i < services; i++) tenant.services.push(this.#service(tenant, i))
    if (!master) this.#buyers(tenant, perTenant(60, 3))
    return tenant
  }

  #buyers(tenant: Tenant, count: number): void {
    for (let i = 0; i < count; i++) {
      const service = this.#random.pick(tenant.services)
      tenant.buyers.push(this.#buyer({ id: this.#next('account'), name: organisation(this.#random) }, service, tenant))
    }
  }

  #buyer(account: { id: number; name: string }, service: Service, owner: Tenant, self?: Tenant): Buyer {
    const createdAt = self?.createdAt ?? owner.createdAt + this.#random.below(1000) * dayMs
    const users = self === undefined ? [this.#user(account.id, owner, undefined, true)] : []
    if (self === undefined && this.#random.chance(0.2)) users.push(this.#user(account.id, owner, undefined, false))
    const accountPlan = owner.accountPlans[this.#random.below(2)]
    if (accountPlan !== undefined) accountPlan.contracts++
    service.servicePlan.contracts++
    const applications: Application[] = []
    for (let i = self === undefined && this.#random.chance(0.5) ? 2 : 1; i > 0; i--) {
      const plan = this.#random.pick(service.applicationPlans)
      plan.contracts++
      applications.push(this.#application(account.id, service, plan, createdAt + this.#random.below(200) * dayMs))
    }
    return {
      id: account.id,
      name: account.name,
      createdAt,
      users,
      accountContractId: this.#next('contract'),
      serviceContractId: this.#next('contract'),
      applications,
    }
  }

  /** One in six has had traffic, the first of each service in any case. */
  #application(buyerId: number, service: Service, plan: Plan, drawnAt: number): Application {
    const id = this.#next('contract')
    const createdAt = Math.min(drawnAt, worldNow - dayMs)
    const first = !this.#inUse.has(service.id)
    const live = this.#random.chance(0.95) || first
    const used = live && (first || id % 6 === 0)
    if (used) this.#inUse.add(service.id)
    return { id, buyerId, service, plan, createdAt, live, firstTrafficAt: used ? createdAt + hourMs : null }
  }

  #user(accountId: number, tenant: Tenant, username: string | undefined, admin: boolean): User {
    const { first, last } = person(this.#random)
    const id = this.#next('user')
    const login = username ?? `${slug(`${first} ${last}`, '_')}_${id}`.slice(0, 40)
    const email = username === undefined ? `${login}@mail.example.net` : `admin@${tenant.domain}`
    return { id, accountId, tenant, username: login, first, last, email, admin }
  }

  #plan(name: string): Plan {
    return { id: this.#next('plan'), name, contracts: 0 }
  }

  #metrics(names: readonly string[]): Metric[] {
    const hits = this.#next('metric')
    return names.map((systemName, i) => ({
      id: i === 0 ? hits : this.#next('metric'),
      systemName,
      // The last one is a metric of its own, those between are methods of `hits`.
      parentId: i === 0 || i === names.length - 1 ? null : hits,
    }))
  }

  #backendApi(index: number): BackendApi {
    const name = `${apiName(this.#random)} Backend ${index + 1}`
    const id = this.#next('backendApi')
    // Metrics of a backend carry its id behind a dot, so that they stay unique within a service.
    const metrics = this.#metrics([`hits.${id}`, `list.${id}`, `bytes.${id}`])
    return { id, name, systemName: slug(name, '_'), metrics }
  }

  #service(tenant: Tenant, index: number): Service {
    const name = tenant.master ? 'Master Service' : index === 0 ? 'API' : `${apiName(this.#random)} API ${index + 1}`
    const systemName = tenant.master ? 'master_service' : slug(name, '_')
    const host = `${systemName.replaceAll('_', '-')}-${tenant.subdomain}-apicast`
    const hosted = tenant.master || index % 4 !== 3
    const own = `gateway-${index}.${tenant.subdomain}.customer.example.org`
    return {
      id: this.#next('service'),
      tenant,
      systemName,
      name,
      createdAt: tenant.createdAt + index * dayMs,
      hosted,
      endpoint: hosted ? `https://${host}-production.${wildcardDomain}:443` : `https://${own}:8443`,
      sandboxEndpoint: hosted ? `https://${host}-staging.${wildcardDomain}:443` : `https://staging-${own}:8443`,
      metrics: this.#metrics(['hits', 'list_items', 'create_item', 'bytes_out']),
      servicePlan: this.#plan('Default'),
      applicationPlans: [this.#plan('Basic'), this.#plan('Pro'), this.#plan('Enterprise €')],
      backends: tenant.backendApis.slice(index % tenant.backendApis.length).slice(0, 2),
    }
  }
}
