import type { Context } from './controller.ts'

export interface Condition {
  readonly type: string
  readonly status: 'True' | 'False' | 'Unknown'
  readonly reason?: string
  readonly message?: string
  readonly lastTransitionTime?: string
}

/** The list with `wanted` in it; its time of transition moves only with its status. */
export function withCondition(
  conditions: readonly Condition[] | undefined,
  wanted: Omit<Condition, 'lastTransitionTime'>,
  context: Pick<Context, 'timestamp'>,
): Condition[] {
  const before = conditions?.find(({ type }) => type === wanted.type)
  const since = before?.status === wanted.status ? before.lastTransitionTime : undefined
  const condition = { ...wanted, lastTransitionTime: since ?? context.timestamp() }
  const others = conditions?.filter(({ type }) => type !== wanted.type) ?? []
  return [...others, condition].sort((a, b) => (a.type < b.type ? -1 : 1))
}

/** True when the condition is there with this status. */
export function hasCondition(
  object: { readonly status?: { readonly conditions?: readonly Condition[] } } | undefined,
  type: string,
  status: Condition['status'] = 'True',
): boolean {
  return object?.status?.conditions?.some((one) => one.type === type && one.status === status) ?? false
}
