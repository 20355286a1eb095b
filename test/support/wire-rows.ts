import * as fc from 'fast-check'

/** Whole numbers that 64 bits hold, the ends of all smaller types among them. */
export const bigints: fc.Arbitrary<bigint> = fc.oneof(
  fc.constantFrom(
    0n,
    -1n,
    2n ** 31n,
    2n ** 53n - 1n,
    2n ** 53n,
    -(2n ** 53n) - 1n,
    2n ** 63n - 1n,
    -(2n ** 63n),
    10n ** 9n,
  ),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.integer().map(BigInt),
)

/** A row as MySQL's text protocol sends it. */
export function packetOf(cells: readonly (Buffer | null)[]): Buffer {
  return Buffer.concat(
    cells.flatMap((cell) => {
      if (cell === null) return [Buffer.from([0xfb])]
      const length = Buffer.alloc(4)
      length.writeUInt32LE(cell.length)
      if (cell.length < 0xfb) return [length.subarray(0, 1), cell]
      if (cell.length <= 0xffff) return [Buffer.from([0xfc]), length.subarray(0, 2), cell]
      return [Buffer.from([0xfd]), length.subarray(0, 3), cell]
    }),
  )
}

/** A row as PostgreSQL's binary COPY sends it. */
export function tupleOf(cells: readonly (Buffer | null)[]): Buffer {
  const count = Buffer.alloc(2)
  count.writeInt16BE(cells.length)
  return Buffer.concat([
    count,
    ...cells.flatMap((cell) => {
      const length = Buffer.alloc(4)
      length.writeInt32BE(cell?.length ?? -1)
      return cell === null ? [length] : [length, cell]
    }),
  ])
}
