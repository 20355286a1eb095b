import { z } from 'zod'
import type { EpochMs } from '../base/clock.ts'
import type { Json } from './json.ts'
import { parties } from './party.ts'

/** Who has a signing key: each party, and the control plane that keeps the journal. */
export const keyHolders = [...parties, 'control-plane'] as const
export type KeyHolder = (typeof keyHolders)[number]

/** SHA-256 as 64 hex digits. */
export type Digest = string & { readonly __brand: 'Digest' }
/** The `Digest` of a public key's 32 bytes: how a key is named. */
export type KeyId = Digest

/** What stands before a chain's first record. */
export const noRecord = '0'.repeat(64) as Digest

const digest = z
  .string()
  .regex(/^[0-9a-f]{64}$/)
  .transform((text) => text as Digest)
const epochMs = z
  .int()
  .nonnegative()
  .transform((at) => at as EpochMs)
const json: z.ZodType<Json> = z.json()

/** An Ed25519 signature (base64, 64 bytes) and the key that it was made with. */
export const signatureSchema = z.strictObject({ key: digest, value: z.string().regex(/^[A-Za-z0-9+/]{86}==$/) })
export type Signature = z.output<typeof signatureSchema>

/**
 * One thing that somebody says has happened. `actor` is the person, agent or program within the party; `seen` is the
 * newest record of the chain that whoever signs this knew of, so that nobody can rewrite what came before it.
 */
export const statementSchema = z.strictObject({
  migration: z.string().min(1).max(100),
  party: z.enum(keyHolders),
  actor: z.string().min(1).max(200),
  at: epochMs,
  kind: z.string().regex(/^[a-z]+(?:-[a-z]+)*$/),
  row: z.string().max(100).nullable(),
  verb: z.string().max(20).nullable(),
  generation: z.int().nonnegative().nullable(),
  seen: z.strictObject({ seq: z.int().nonnegative(), hash: digest }).nullable(),
  body: z.record(z.string(), json),
})
export type Statement = z.output<typeof statementSchema>

/** What a party has said and signed itself. */
export interface SignedStatement {
  readonly statement: Statement
  readonly signature: Signature
}

/**
 * One holder's keys, oldest first; the last is the one in use. `publicKey`: base64 of its 32 bytes. `endorsement`: by the
 * key before it; null for the first.
 */
export const lineageSchema = z
  .array(
    z.strictObject({
      publicKey: z.string().regex(/^[A-Za-z0-9+/]{43}=$/),
      endorsement: signatureSchema.nullable(),
    }),
  )
  .min(1)
  .max(1000)
export type Lineage = z.output<typeof lineageSchema>

/** The body of a record of the kind `key-introduced`: from here on, this holder signs with the lineage's last key. */
export const introductionSchema = z.strictObject({ holder: z.enum(keyHolders), lineage: lineageSchema })
export type Introduction = z.output<typeof introductionSchema>
/** The body of a record of the kind `key-forgotten`: the next key of this holder needs no endorsement. */
export const forgottenSchema = z.strictObject({ holder: z.enum(parties) })

/**
 * One record of a migration's journal. `signature`: of the statement, by whoever makes it. `hash`: of sequence number,
 * `previous`, statement and signature. `seal`: of the hash, by the control plane, which fixes the record's place.
 */
export const recordSchema = z.strictObject({
  seq: z.int().nonnegative(),
  previous: digest,
  statement: statementSchema,
  signature: signatureSchema,
  hash: digest,
  seal: signatureSchema,
})
export type JournalRecord = z.output<typeof recordSchema>

/** What a pack consists of, and where its chain ends. A file's name is relative to the pack. */
export const manifestSchema = z.strictObject({
  version: z.literal(1),
  migration: z.string(),
  madeAt: epochMs,
  madeBy: z.string(),
  records: z.int().positive(),
  head: digest,
  files: z.array(z.strictObject({ name: z.string(), bytes: z.int().nonnegative(), sha256: digest })),
})
export type Manifest = z.output<typeof manifestSchema>
export const signedManifestSchema = z.strictObject({ manifest: manifestSchema, signature: signatureSchema })
