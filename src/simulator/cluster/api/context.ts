import type { Clock } from '../../../base/clock.ts'
import type { Accounts, User } from '../access/accounts.ts'
import type { FaultEffect, FaultScript } from '../fault-script.ts'
import type { ResourceKind } from '../kind-table.ts'
import type { ObjectRef } from '../kube-object.ts'
import type { PodRuntime } from '../pod-runtime.ts'
import type { PodLogs } from '../pods/pod-logs.ts'
import type { RequestJournal } from '../request-journal.ts'
import type { ClusterStore, WriteOptions } from '../store.ts'
import type { ApiRequest, Target } from './api-request.ts'

/** What the API of one cluster is served from. */
export interface ApiContext {
  readonly store: ClusterStore
  readonly accounts: Accounts
  readonly pods: PodRuntime
  readonly logs: PodLogs
  readonly faults: FaultScript
  readonly journal: RequestJournal
  readonly clock: Clock
  readonly bookmarkMs: number
}

/** A request for a resource, from somebody who may make it. */
export interface ResourceCall {
  readonly request: ApiRequest
  readonly target: Target
  readonly kind: ResourceKind
  /** `plural.group`. */
  readonly resource: string
  readonly user: User
  readonly effect: FaultEffect | undefined
}

/** The object that the URL names. */
export function refOf({ target, resource, kind }: ResourceCall): ObjectRef {
  const namespace = kind.namespaced && target.namespace !== undefined ? { namespace: target.namespace } : {}
  return { resource, name: target.name ?? '', ...namespace }
}

/** The field manager is named by the query, else after the client's program; a dry run is asked for. */
export function writeOptionsOf({ request }: ResourceCall): WriteOptions {
  const agent = (request.message.headers['user-agent'] ?? 'unknown').split(/[/\s]/)[0] ?? 'unknown'
  return {
    manager: request.query.get('fieldManager') ?? agent,
    ...(request.query.get('dryRun') === 'All' ? { dryRun: true } : {}),
  }
}
