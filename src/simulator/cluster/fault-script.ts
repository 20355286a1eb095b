import { z } from 'zod'

const effect = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('refuse').describe('answered with a Status of this code, and not done'),
    code: z.number().int().min(400).max(599),
    retryAfterSeconds: z.number().int().min(0).optional(),
    message: z.string().optional(),
  }),
  z.strictObject({ kind: z.literal('slow').describe('done after a wait'), ms: z.number().min(0) }),
  z.strictObject({
    kind: z.literal('reset').describe('the connection breaks, before or after the request was carried out'),
    when: z.enum(['before', 'after']),
  }),
  z.strictObject({
    kind: z.literal('cut').describe('the connection breaks after so many bytes of the answer, log, watch or output'),
    afterBytes: z.number().int().min(0),
  }),
  z.strictObject({
    kind: z.literal('end-early').describe('an exec ends after so many bytes of output, and says that all went well'),
    afterBytes: z.number().int().min(0),
  }),
  z.strictObject({ kind: z.literal('silent').describe('a watch stays open and tells nothing') }),
  z.strictObject({ kind: z.literal('expire').describe('a watch ends at once with 410 Expired') }),
  z.strictObject({
    kind: z.literal('crash').describe('a container ends when it starts, with this exit code'),
    exitCode: z.number().int().min(1).max(255),
  }),
  z.strictObject({
    kind: z.literal('hold').describe('a container does not come to start, for this reason'),
    reason: z.string(),
  }),
])

const faultSchema = z.strictObject({
  verb: z
    .string()
    .optional()
    .describe('get, list, watch, create, update, patch, delete, deletecollection; start of containers; absent: any'),
  resource: z
    .string()
    .optional()
    .describe(
      'plural, with group and subresource where it has them: deployments.apps/scale; containers, by their names',
    ),
  namespace: z.string().optional(),
  name: z.string().optional(),
  user: z.string().optional(),
  fromCall: z.number().int().min(1).default(1).describe('the first of the matching calls that it happens to'),
  times: z.number().int().min(0).default(1).describe('to how many of them; 0: to all from there on'),
  effect,
})

/** A script: which calls go wrong, and how. */
export const faultScriptSchema = z.strictObject({ faults: z.array(faultSchema) })

export type FaultEffect = z.infer<typeof effect>
export type ScriptedFault = z.input<typeof faultSchema>

/** What a container's start is called. */
export const containers = 'containers'

/** A request, or the start of a container, as a fault may name it. */
export interface Call {
  readonly verb: string
  /** With group and subresource: `deployments.apps/scale`. */
  readonly resource: string
  readonly namespace: string | undefined
  readonly name: string | undefined
  readonly user: string
}

/** The faults of one cluster, and how often each was met. */
export class FaultScript {
  #faults: { readonly fault: z.infer<typeof faultSchema>; calls: number }[] = []

  /** Replaces the script; counting starts anew. Throws zod's error for what is no script. */
  load(script: unknown): void {
    this.#faults = faultScriptSchema.parse(script).faults.map((fault) => ({ fault, calls: 0 }))
  }

  add(fault: ScriptedFault): void {
    this.#faults.push({ fault: faultSchema.parse(fault), calls: 0 })
  }

  clear(): void {
    this.#faults = []
  }

  /** Counts the call for every fault that it matches. Out: what happens to it; the first such fault wins. */
  meet(call: Call): FaultEffect | undefined {
    let found: FaultEffect | undefined
    for (const entry of this.#faults) {
      if (!matches(entry.fault, call)) continue
      entry.calls += 1
      const { fromCall, times } = entry.fault
      const isDue = entry.calls >= fromCall && (times === 0 || entry.calls < fromCall + times)
      if (isDue) found ??= entry.fault.effect
    }
    return found
  }

  /** Each fault, with the number of calls that it has matched. */
  state(): readonly object[] {
    return this.#faults.map(({ fault, calls }) => ({ ...fault, calls }))
  }
}

/** What happens to containers happens to nothing else, and the other way round. */
function matches(fault: z.infer<typeof faultSchema>, call: Call): boolean {
  const ofContainers = fault.effect.kind === 'crash' || fault.effect.kind === 'hold'
  if (ofContainers !== (call.resource === containers)) return false
  return (['verb', 'resource', 'namespace', 'name', 'user'] as const).every(
    (field) => fault[field] === undefined || fault[field] === call[field],
  )
}
