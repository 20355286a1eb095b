import { z } from 'zod'

/** What a cluster says when it refuses, without any of its sentences: they may quote the object. */
export interface StatusAnswer {
  /** False: the body is no Status of Kubernetes, but a page of something in between. */
  readonly isStatus: boolean
  /** Such as `AlreadyExists`. */
  readonly reason: string
  /** The object's name that the answer is about; empty when it is about none. */
  readonly name: string
  /** Paths of fields that are at fault, with what is wrong with them: `spec.image FieldValueRequired`. */
  readonly fields: readonly string[]
  /** Who manages the fields that were to be applied, by name; empty when that is not the matter. */
  readonly managers: readonly string[]
  /** What turned down a request that is allowed: a quota, a webhook, a security context; or null. */
  readonly deniedBy: string | null
  readonly retryAfterMs: number | null
  /** Of an expired list: where it goes on, with newer objects. */
  readonly continueAt: string | null
}

export const statusSchema = z.object({
  kind: z.literal('Status'),
  status: z.string().optional(),
  reason: z.string().default(''),
  message: z.string().default(''),
  code: z.number().optional(),
  metadata: z.object({ continue: z.string().optional() }).optional(),
  details: z
    .object({
      name: z.string().default(''),
      retryAfterSeconds: z.number().optional(),
      causes: z
        .array(
          z.object({ reason: z.string().default(''), message: z.string().default(''), field: z.string().default('') }),
        )
        .default([]),
    })
    .optional(),
})
export type Status = z.output<typeof statusSchema>

const notStatus: StatusAnswer = {
  isStatus: false,
  reason: '',
  name: '',
  fields: [],
  managers: [],
  deniedBy: null,
  retryAfterMs: null,
  continueAt: null,
}

/** Reads a refusal's body, whatever it is. `retryAfter` is the header. */
export function readStatus(body: unknown, retryAfter: string | undefined): StatusAnswer {
  const inHeader = /^\d{1,6}$/.test(retryAfter ?? '') ? Number(retryAfter) * 1000 : null
  const decoded = statusSchema.safeParse(body)
  if (!decoded.success) return { ...notStatus, retryAfterMs: inHeader }
  const { reason, message, details, metadata } = decoded.data
  const causes = details?.causes ?? []
  const managed = causes.filter((cause) => cause.reason === 'FieldManagerConflict')
  const seconds = details?.retryAfterSeconds
  return {
    isStatus: true,
    reason: plain(reason),
    name: details?.name ?? '',
    fields: causes.map((cause) => `${plain(cause.field)} ${plain(cause.reason)}`.trim()).filter((text) => text !== ''),
    managers: [...new Set(managed.map((cause) => plain(/conflict with "([^"]*)"/.exec(cause.message)?.[1] ?? '')))],
    deniedBy: deniedBy(message),
    retryAfterMs: inHeader ?? (seconds === undefined ? null : seconds * 1000),
    continueAt: metadata?.continue ?? null,
  }
}

/** Admission answers with the same 403 as missing rights do; only the words tell them apart. */
function deniedBy(message: string): string | null {
  const quota = /exceeded quota: ([\w.-]{1,100})/.exec(message)
  if (quota !== null) return `the quota ${quota[1]}`
  const webhook = /admission webhook "([\w./-]{1,100})"/.exec(message)
  if (webhook !== null) return `the admission webhook ${webhook[1]}`
  if (/security context constraint/.test(message)) return 'the security context constraints'
  if (/violates PodSecurity/.test(message)) return 'the pod security standard of the namespace'
  if (/limits? to |LimitRange/i.test(message)) return 'a limit range'
  return /being terminated/.test(message) ? 'its namespace, which is being deleted' : null
}

/** Text that can only be a code, a name or a path of fields. */
function plain(text: string): string {
  return /^[\w./:=\-[\]"{},]{0,200}$/.test(text) ? text : ''
}
