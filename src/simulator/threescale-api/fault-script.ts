import type { ApiRequest } from './request.ts'

/** What happens to a request instead of, or on top of, its answer. */
export type InjectedFault =
  /** Answered so, and nothing is done. */
  | {
      readonly kind: 'answer'
      readonly status: number
      readonly headers?: Readonly<Record<string, string>>
      readonly body?: string
    }
  /** The connection is closed: before anything is done, or after all is, with so many bytes of the answer's body sent; of 0 not even its head. */
  | { readonly kind: 'cut'; readonly when: 'before' }
  | { readonly kind: 'cut'; readonly when: 'after'; readonly bytes: number }
  /** Done and answered, so much later. */
  | { readonly kind: 'slow'; readonly delayMs: number }
  /** Never answered. */
  | { readonly kind: 'hang' }

export interface FaultRule {
  /** Absent: any. */
  readonly method?: string
  readonly host?: string
  readonly path?: RegExp
  /** The first matching request that it hits, from 1 (absent: 1), and how many from there (absent: all). */
  readonly from?: number
  readonly times?: number
  readonly fault: InjectedFault
}

/** The faults that a rehearsal or test wants, by method, host, path and n-th call; the first rule that hits decides. */
export class FaultScript {
  readonly #rules: { readonly rule: FaultRule; seen: number }[] = []

  add(rule: FaultRule): void {
    this.#rules.push({ rule, seen: 0 })
  }

  clear(): void {
    this.#rules.length = 0
  }

  /** Counts the request, and says what is to happen to it. */
  next(request: ApiRequest): InjectedFault | undefined {
    let found: InjectedFault | undefined
    for (const entry of this.#rules) {
      const { rule } = entry
      if (rule.method !== undefined && rule.method !== request.method) continue
      if (rule.host !== undefined && rule.host !== request.host) continue
      if (rule.path !== undefined && !rule.path.test(request.path)) continue
      entry.seen++
      const from = rule.from ?? 1
      if (entry.seen >= from && entry.seen < from + (rule.times ?? Number.POSITIVE_INFINITY)) found ??= rule.fault
    }
    return found
  }
}
