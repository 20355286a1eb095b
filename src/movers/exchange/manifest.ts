import { createHash } from 'node:crypto'
import { z } from 'zod'
import type { PartyCard, PartyKeys } from '../../ports/exchange.ts'
import { fault } from './faults.ts'
import { isSignedBy, signAs } from './party-keys.ts'

const sha256 = z.string().regex(/^[0-9a-f]{64}$/)
const bytes = z.number().int().nonnegative()
const partSchema = z.object({ name: z.string().min(1), bytes, sha256 })
const fileSchema = z.object({
  /** An age file in base64 that holds `Contents`: names and digests of what is in clear tell about it. */
  sealed: z.base64(),
  parts: z.array(partSchema).min(1),
})
const bodySchema = z.object({
  format: z.literal('threeshift-exchange-1'),
  exchange: z.string().min(1),
  sender: z.string().min(1),
  /** Of the card: which key has signed, to look the sender up by. */
  verifier: z.string().min(1),
  partBytes: z.number().int().positive(),
  files: z.array(fileSchema).min(1),
})
const manifestSchema = z.object({ body: bodySchema, signature: z.base64() })

const contentsSchema = z.object({
  file: z.string().min(1),
  bytes,
  sha256,
  /** Of each part in clear, in their order. */
  parts: z.array(sha256).min(1),
})

export type ManifestBody = z.infer<typeof bodySchema>
export type ManifestFile = z.infer<typeof fileSchema>
export type ManifestPart = z.infer<typeof partSchema>
export type Contents = z.infer<typeof contentsSchema>

export const largestManifestBytes = 64 * 1024 * 1024

export function manifestName(exchange: string): string {
  return `${exchange}/manifest.json`
}

/** The manifest's bytes as they are put. The signature is over the body's JSON, exactly as it stands there. */
export function writeManifest(body: ManifestBody, sender: Pick<PartyKeys, 'card' | 'signingKey'>): Buffer {
  return Buffer.from(`${JSON.stringify({ body, signature: signAs(sender, JSON.stringify(body)) })}\n`)
}

/**
 * Reads a manifest that one of the senders has signed for an exchange of this name.
 *
 * Faults: EXCHANGE_MANIFEST_UNREADABLE, EXCHANGE_FOREIGN_SIGNATURE, EXCHANGE_OTHER.
 */
export function readManifest(
  raw: Uint8Array,
  exchange: string,
  senders: readonly PartyCard[],
): { readonly body: ManifestBody; readonly sender: PartyCard } {
  let json: unknown
  try {
    json = JSON.parse(Buffer.from(raw).toString())
  } catch (error) {
    throw fault('EXCHANGE_MANIFEST_UNREADABLE', { exchange }, error)
  }
  const parsed = manifestSchema.safeParse(json)
  if (!parsed.success) throw fault('EXCHANGE_MANIFEST_UNREADABLE', { exchange }, parsed.error)
  const { body, signature } = parsed.data
  const sender = senders.find((card) => card.verifier === body.verifier)
  // Decoding keeps the order of the schema, which is the order of writing; anything added would change the text.
  if (sender === undefined || !isSignedBy(sender, JSON.stringify(body), signature)) {
    throw fault('EXCHANGE_FOREIGN_SIGNATURE', { exchange, says: body.sender.slice(0, 100) })
  }
  if (body.exchange !== exchange) throw fault('EXCHANGE_OTHER', { exchange, found: body.exchange })
  return { body, sender }
}

/** Null: they are no contents, or name a file outside its folder. */
export function readContents(plain: Uint8Array): Contents | null {
  try {
    const contents = contentsSchema.parse(JSON.parse(Buffer.from(plain).toString()))
    return isPlainName(contents.file) ? contents : null
  } catch {
    return null
  }
}

function isPlainName(file: string): boolean {
  return file !== '.' && file !== '..' && !/[/\\\p{Cc}]/u.test(file)
}

export function digestOf(data: Uint8Array): string {
  return createHash('sha256').update(data).digest('hex')
}
