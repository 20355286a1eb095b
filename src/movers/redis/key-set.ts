/** A set holds no more, 16 MB; who has more keys goes over them in parts, by `partsFor` and `isInPart`. */
export const mostHashes = 2 * 1024 ** 2

/**
 * A set of keys as 53-bit hashes (`keyHash`), eight bytes each: for telling which keys of two places are the same.
 *
 * Two keys with one hash are taken for one: among 2 million keys that happens in one of four thousand sets. First everything is
 * added, then it is asked; sorted where it lies, so that nothing is held twice.
 */
export class KeySet {
  #hashes: Float64Array
  #count = 0
  #sorted = true

  /** `expected`: room for so many at first; with more, it grows by copying. */
  constructor(expected: number) {
    this.#hashes = new Float64Array(Math.max(16, expected))
  }

  get size(): number {
    return this.#count
  }

  add(hash: number): void {
    if (this.#count === this.#hashes.length) {
      const larger = new Float64Array(Math.ceil(this.#count * 1.25))
      larger.set(this.#hashes)
      this.#hashes = larger
    }
    this.#hashes[this.#count++] = hash
    this.#sorted = false
  }

  has(hash: number): boolean {
    this.#sort()
    let [low, high] = [0, this.#count]
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#hashes[middle] ?? 0) < hash) low = middle + 1
      else high = middle
    }
    return low < this.#count && this.#hashes[low] === hash
  }

  /** Adds the hashes that were added to this set more than once to another one, once each. */
  addRepeatedTo(other: KeySet): void {
    this.#sort()
    const hashes = this.#hashes
    for (let i = 1; i < this.#count; i++) {
      if (hashes[i] !== hashes[i - 1] || (i > 1 && hashes[i] === hashes[i - 2])) continue
      other.add(hashes[i] ?? 0)
    }
  }

  #sort(): void {
    if (this.#sorted) return
    this.#hashes.subarray(0, this.#count).sort()
    this.#sorted = true
  }
}

/** How many parts `keys` have to be gone over in, so that each part fits into a set of `hashesAtOnce`. */
export function partsFor(keys: number, hashesAtOnce = mostHashes): number {
  return Math.max(1, Math.ceil(keys / hashesAtOnce))
}

export function isInPart(hash: number, part: number, parts: number): boolean {
  return parts === 1 || hash % parts === part
}

/** Two multiplicative hashes side by side, mixed as MurmurHash3 ends. `seed` tells like keys of two databases apart. */
export function keyHash(bytes: Buffer, start: number, end: number, seed: number): number {
  let a = 0x811c_9dc5 ^ seed
  let b = 0x9747_b28c ^ Math.imul(seed, 0x9e37_79b1)
  for (let i = start; i < end; i++) {
    const byte = bytes[i] ?? 0
    a = Math.imul(a ^ byte, 0x0100_0193)
    b = Math.imul(b ^ byte, 0x5bd1_e995)
    b ^= b >>> 15
  }
  return (mixed(a) >>> 0) * 0x20_0000 + (mixed(b) >>> 11)
}

function mixed(value: number): number {
  const once = Math.imul(value ^ (value >>> 16), 0x85eb_ca6b)
  const twice = Math.imul(once ^ (once >>> 13), 0xc2b2_ae35)
  return twice ^ (twice >>> 16)
}
