/**
 * Small numbers for byte strings that come again and again, such as the ids of services: a string is made once per
 * name, not once per key.
 */
export class NameTable {
  readonly #names: Buffer[] = []
  #slots = new Int32Array(256).fill(-1)

  /** The number of `bytes[start, end)`: 0 for the first name, and so on. */
  idOf(bytes: Buffer, start: number, end: number): number {
    let slot = this.#slotOf(bytes, start, end)
    const found = this.#slots[slot] ?? -1
    if (found >= 0) return found
    if (this.#names.length * 2 >= this.#slots.length) {
      this.#grow()
      slot = this.#slotOf(bytes, start, end)
    }
    this.#slots[slot] = this.#names.length
    return this.#names.push(Buffer.from(bytes.subarray(start, end))) - 1
  }

  /** Bytes that are not UTF-8 become replacement characters. */
  nameOf(id: number): string {
    const name = this.#names[id]
    if (name === undefined) throw new Error(`bug: no name has the number ${id}`)
    return name.toString('utf8')
  }

  /** Where the name is or belongs: open addressing, FNV-1a. */
  #slotOf(bytes: Buffer, start: number, end: number): number {
    const mask = this.#slots.length - 1
    let hash = 0x811c9dc5
    for (let at = start; at < end; at++) hash = Math.imul(hash ^ (bytes[at] ?? 0), 0x01000193)
    let slot = (hash ^ (hash >>> 15)) & mask
    for (;;) {
      const id = this.#slots[slot] ?? -1
      const name = id < 0 ? undefined : this.#names[id]
      if (name === undefined || isSame(name, bytes, start, end)) return slot
      slot = (slot + 1) & mask
    }
  }

  #grow(): void {
    this.#slots = new Int32Array(this.#slots.length * 4).fill(-1)
    for (const [id, name] of this.#names.entries()) this.#slots[this.#slotOf(name, 0, name.length)] = id
  }
}

function isSame(name: Buffer, bytes: Buffer, start: number, end: number): boolean {
  if (name.length !== end - start) return false
  for (let at = 0; at < name.length; at++) if (name[at] !== bytes[start + at]) return false
  return true
}
