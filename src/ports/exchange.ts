import type { Secret } from '../base/secret.ts'
import type { ObjectAddress } from '../model/object-address.ts'

/** Where the parts of an exchange lie: a folder, or a part of a bucket. Names are `a/b-1.c`: no dot-dot, no leading slash. */
export interface PartStore {
  /** For messages; no secret. */
  readonly place: string
  /** Whole or not at all, and again with the effect of once. `sha256` in hex is checked by the store where it can. */
  put(
    name: string,
    bytes: Uint8Array,
    options: { readonly sha256: string; readonly signal: AbortSignal },
  ): Promise<void>
  /** Null: there is none. Of a longer one, `largestBytes` and one more: nobody can fill the memory from there. */
  get(
    name: string,
    options: { readonly largestBytes: number; readonly signal: AbortSignal },
  ): Promise<Uint8Array | null>
  /** Length in bytes; null: there is none. */
  sizeOf(name: string, options: { readonly signal: AbortSignal }): Promise<number | null>
}

export type ExchangePlace =
  | { readonly kind: 'folder'; readonly folder: string }
  /** The key is that of a folder, and ends without a slash. */
  | { readonly kind: 's3'; readonly at: ObjectAddress }

/** What a party gives to the others: nothing of it is secret. */
export interface PartyCard {
  readonly party: string
  /** `age1…`: whatever is encrypted for it can be read by this party only. */
  readonly recipient: string
  /** Public key of its signatures: Ed25519, raw, base64. */
  readonly verifier: string
}

/** What a party keeps to itself. */
export interface PartyKeys {
  readonly card: PartyCard
  /** `AGE-SECRET-KEY-1…` */
  readonly identity: Secret
  /** Ed25519, PKCS #8, PEM. */
  readonly signingKey: Secret
}

export interface ExchangeProgress {
  readonly file: string
  readonly bytes: number
  readonly totalBytes: number
}

export interface PackRequest {
  /** Paths; the names without folders must differ. */
  readonly files: readonly string[]
  /** Of the exchange; below it are its parts. Letters, digits, `-`, `_`, `.`. */
  readonly name: string
  readonly to: PartStore
  readonly recipients: readonly PartyCard[]
  readonly sender: Pick<PartyKeys, 'card' | 'signingKey'>
  /** Of what is encrypted at once, in bytes; the last of a file is shorter. */
  readonly partBytes: number
  /** Whether another exchange of this name that lies there may be replaced; else it is refused. The same one is gone on with. */
  readonly replace: boolean
  /** Where it is noted what is already there, to go on from. */
  readonly stateFolder: string
  readonly onProgress: (progress: ExchangeProgress) => void
  readonly signal: AbortSignal
}

export interface ExchangedFile {
  readonly file: string
  readonly bytes: number
  /** Of the contents in clear, in hex. */
  readonly sha256: string
}

export interface PackReport {
  readonly exchange: string
  readonly place: string
  readonly files: readonly ExchangedFile[]
  readonly parts: number
  /** Parts that an earlier try had already put there. */
  readonly partsKept: number
  /** SHA-256 of the manifest, in hex: told by another way, it makes sure that this very exchange is unpacked. */
  readonly manifestSha256: string
  readonly sender: string
  readonly recipients: readonly string[]
}

export interface UnpackRequest {
  readonly name: string
  readonly from: PartStore
  readonly identity: Secret
  /** Of the very exchange that is meant, if the sender has told; an earlier one of the same name is then refused. */
  readonly manifestSha256?: string
  /** Whoever may have sent it. */
  readonly senders: readonly PartyCard[]
  /** The files get their names in here, each only when it is whole. */
  readonly folder: string
  readonly onProgress: (progress: ExchangeProgress) => void
  readonly signal: AbortSignal
}

export interface UnpackReport {
  readonly exchange: string
  readonly files: readonly ExchangedFile[]
  readonly parts: number
  readonly partsKept: number
  readonly sender: string
}

/**
 * Carries files from one party to another through a place that both can reach and neither trusts. There they lie
 * encrypted for the receiver, in parts with a digest each, listed in a manifest that the sender has signed.
 * Faults: EXCHANGE_*, and those of the place.
 */
export interface Exchange {
  /** A new party's keys. */
  keygen(party: string): Promise<PartyKeys>
  /** Reads a card's JSON; `name` is that of the file, for the message. */
  readCard(text: string, name: string): Promise<PartyCard>
  /** The manifest is put last: without it there is no exchange. Abort: between two parts; the same call goes on. */
  pack(request: PackRequest): Promise<PackReport>
  /** Abort: between two parts; the same call goes on. A file with the right contents is left as it is. */
  unpack(request: UnpackRequest): Promise<UnpackReport>
}
