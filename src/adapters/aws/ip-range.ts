import { fault } from './faults.ts'

/** Addresses `from` to `to`, both included, as numbers of 32 bits. */
export interface IpRange {
  readonly text: string
  readonly from: number
  readonly to: number
  readonly prefix: number
}

/** Reads `10.2.0.0/26`; null for what is no IPv4 range that begins at its first address. */
export function readRange(text: string): IpRange | null {
  const [, address = '', bits = ''] = /^(\d{1,3}(?:\.\d{1,3}){3})\/(\d{1,2})$/.exec(text) ?? []
  const parts = address.split('.').map(Number)
  const prefix = Number(bits)
  if (bits === '' || prefix > 32 || parts.some((part) => part > 255)) return null
  const from = parts.reduce((sum, part) => sum * 256 + part, 0)
  const length = 2 ** (32 - prefix)
  return from % length === 0 ? { text, from, to: from + length - 1, prefix } : null
}

/** Reads the range of a network that is to be made. Faults: CLOUD_RANGE_UNREADABLE. */
export function networkRange(text: string): IpRange {
  const range = readRange(text)
  if (range === null || range.prefix < 16 || range.prefix > 26) throw fault('CLOUD_RANGE_UNREADABLE', { range: text })
  return range
}

export function overlap(one: IpRange, other: IpRange): boolean {
  return one.from <= other.to && other.from <= one.to
}

/** The range in two equal parts, in order. */
export function halvesOf({ from, prefix }: IpRange): readonly [string, string] {
  const half = 2 ** (31 - prefix)
  return [textOf(from, prefix + 1), textOf(from + half, prefix + 1)]
}

function textOf(from: number, prefix: number): string {
  const parts = [24, 16, 8, 0].map((shift) => Math.floor(from / 2 ** shift) % 256)
  return `${parts.join('.')}/${prefix}`
}
