import type { Introduction, KeyHolder, KeyId, Lineage } from '../model/evidence.ts'
import { isEndorsed, keyId } from './signing-key.ts'

/** A key as a chain knows it. */
export interface KnownKey {
  readonly holder: KeyHolder
  readonly publicKey: string
  readonly id: KeyId
  /** The record that introduced it. */
  readonly since: number
}

/**
 * The keys of a chain as its records introduce them: at any record, each holder has at most one that counts.
 *
 * A holder's first key is taken on the control plane's word; each further one must be endorsed by the one before it,
 * unless the chain says that the old one was forgotten.
 */
export class KnownKeys {
  readonly #current = new Map<KeyHolder, KnownKey>()
  readonly #all: KnownKey[] = []

  current(holder: KeyHolder): KnownKey | undefined {
    return this.#current.get(holder)
  }

  /** Every key that ever counted, in the order of the records. */
  all(): readonly KnownKey[] {
    return this.#all
  }

  /** Takes the lineage's last key as the holder's; false, and nothing is taken, when it is not endorsed. */
  introduce({ holder, lineage }: Introduction, since: number): boolean {
    const last = lineage.at(-1)
    if (last === undefined || !continues(this.#current.get(holder)?.publicKey, holder, lineage)) return false
    const key = { holder, publicKey: last.publicKey, id: keyId(last.publicKey), since }
    this.#current.set(holder, key)
    this.#all.push(key)
    return true
  }

  forget(holder: KeyHolder): void {
    this.#current.delete(holder)
  }
}

/** True when a holder whose key is `current` (undefined: none yet) may go on with the last key of `lineage`. */
export function continues(current: string | undefined, holder: KeyHolder, lineage: Lineage): boolean {
  if (current === undefined) return isEndorsed(holder, lineage, 0)
  const known = lineage.findIndex(({ publicKey }) => publicKey === current)
  return known >= 0 && isEndorsed(holder, lineage, known + 1)
}
