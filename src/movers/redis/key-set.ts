/**
 * A set of keys as 53-bit hashes, eight bytes each: for telling which key of a target is not one of a snapshot's.
 *
 * Two keys with one hash would hide one extra key among 10^15; its count is compared apart from this.
 */
export class KeySet {
  #hashes = new Float64Array(1024)
  #count = 0
  #sorted = true

  add(bytes: Buffer, start: number, end: number): void {
    if (this.#count === this.#hashes.length) {
      const larger = new Float64Array(this.#count * 2)
      larger.set(this.#hashes)
      this.#hashes = larger
    }
    this.#hashes[this.#count++] = hash(bytes, start, end)
    this.#sorted = false
  }

  has(bytes: Buffer, start: number, end: number): boolean {
    if (!this.#sorted) {
      this.#hashes = this.#hashes.slice(0, this.#count).sort()
      this.#sorted = true
    }
    const wanted = hash(bytes, start, end)
    let [low, high] = [0, this.#count]
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#hashes[middle] ?? 0) < wanted) low = middle + 1
      else high = middle
    }
    return low < this.#count && this.#hashes[low] === wanted
  }
}

/** Two multiplicative hashes side by side, mixed as MurmurHash3 ends. */
function hash(bytes: Buffer, start: number, end: number): number {
  let a = 0x811c_9dc5
  let b = 0x9747_b28c
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
