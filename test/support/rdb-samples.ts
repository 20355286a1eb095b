import * as fc from 'fast-check'
import * as rdb from './rdb-bytes.ts'

/** One key as it goes into a file, and what a server or a decoder must make of it. */
export interface Sample {
  readonly entry: rdb.RdbEntry
  readonly kind: 'string' | 'list' | 'set' | 'hash' | 'zset'
  /** Flat; a string is its one element; scores are text that `Number` takes. */
  readonly elements: readonly Buffer[]
}

const forms = fc.constantFrom<rdb.StringForm>('raw', 'integer', 'lzf', 'long')
const integerText = fc
  .oneof(
    fc.bigInt({ min: -20n, max: 140n }),
    fc.bigInt({ min: -5000n, max: 5000n }),
    fc.bigInt({ min: -(2n ** 17n), max: 2n ** 17n }),
    fc.bigInt({ min: -(2n ** 25n), max: 2n ** 25n }),
    fc.bigInt({ min: -(2n ** 33n), max: 2n ** 33n }),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  )
  .map((value) => Buffer.from(String(value)))
const bytes = (maxLength: number) => fc.uint8Array({ maxLength }).map((array) => Buffer.from(array))
const repeated = fc
  .tuple(bytes(9), fc.integer({ min: 1, max: 400 }))
  .map(([piece, times]) => Buffer.concat(Array.from({ length: times }, () => piece)))
/** Of all the shapes that have an encoding of their own: integers, short, middle and long bytes, bytes that pack. */
export const element: fc.Arbitrary<Buffer> = fc.oneof(
  { weight: 3, arbitrary: integerText },
  { weight: 3, arbitrary: bytes(20) },
  { weight: 1, arbitrary: bytes(300) },
  { weight: 1, arbitrary: repeated },
  { weight: 1, arbitrary: fc.integer({ min: 4090, max: 17_000 }).map((length) => Buffer.alloc(length, 'long ')) },
)
const hex = (buffer: Buffer) => buffer.toString('hex')
const elements = fc.array(element, { minLength: 1, maxLength: 12 })
const members = fc.uniqueArray(element, { minLength: 1, maxLength: 12, selector: hex })
const nodes = fc.array(fc.array(element, { minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 4 })
const score = fc.oneof(
  fc.integer({ min: -100, max: 100 }),
  fc.double({ noNaN: true }),
  fc.constantFrom(0.1, 1e21, 5e-324, 1.7976931348623157e308, 2 ** 53),
)
const scored = fc
  .tuple(members, fc.array(score, { minLength: 12, maxLength: 12 }))
  .map(([all, scores]) => all.map((member, n) => [member, scores[n] ?? 0] as const))
const pairs = fc
  .tuple(members, fc.array(element, { minLength: 12, maxLength: 12 }))
  .map(([fields, values]) => fields.flatMap((field, n) => [field, values[n] ?? Buffer.alloc(0)]))
const integers = (width: 2 | 4 | 8) => {
  const limit = 2n ** BigInt(width * 8 - 1)
  return fc.uniqueArray(fc.bigInt({ min: -limit, max: limit - 1n }), { minLength: 1, maxLength: 20 })
}

export function scoreText(value: number): Buffer {
  if (!Number.isFinite(value)) return Buffer.from(value > 0 ? 'inf' : '-inf')
  return Buffer.from(Object.is(value, -0) ? '-0' : String(value))
}

type Body = Omit<Sample, 'entry'> & { readonly type: number; readonly body: Buffer }
const body = (type: number, kind: Sample['kind'], all: readonly Buffer[], made: Buffer): Body => ({
  type,
  kind,
  elements: all,
  body: made,
})
const flatScores = (all: rdb.Scored) => all.flatMap(([member, value]) => [member, scoreText(value)])

/** By type byte, values of every size and content. */
export const bodies: Readonly<Record<number, fc.Arbitrary<Body>>> = {
  0: fc.tuple(element, forms).map(([text, as]) => body(0, 'string', [text], rdb.stringBody(text, as))),
  1: fc.tuple(elements, forms).map(([all, as]) => body(1, 'list', all, rdb.stringsBody(all, as))),
  2: fc.tuple(members, forms).map(([all, as]) => body(2, 'set', all, rdb.stringsBody(all, as))),
  3: scored.map((all) => body(3, 'zset', flatScores(all), rdb.textScoresBody(all))),
  4: fc.tuple(pairs, forms).map(([all, as]) => body(4, 'hash', all, rdb.stringsBody(all, as, 2))),
  5: scored.map((all) => body(5, 'zset', flatScores(all), rdb.binaryScoresBody(all))),
  9: fc
    .tuple(pairs, fc.integer({ min: 0, max: 3 }))
    .map(([all, unused]) => body(9, 'hash', all, rdb.blobBody(rdb.zipmap(all, unused)))),
  10: fc.tuple(elements, forms).map(([all, as]) => body(10, 'list', all, rdb.blobBody(rdb.ziplist(all), as))),
  11: fc
    .constantFrom(2 as const, 4 as const, 8 as const)
    .chain((width) => integers(width).map((all) => ({ width, all })))
    .map(({ width, all }) =>
      body(
        11,
        'set',
        all.map((value) => Buffer.from(String(value))),
        rdb.blobBody(rdb.intset(all, width)),
      ),
    ),
  12: scored.map((all) => body(12, 'zset', flatScores(all), rdb.blobBody(rdb.ziplist(flatScores(all))))),
  13: fc.tuple(pairs, forms).map(([all, as]) => body(13, 'hash', all, rdb.blobBody(rdb.ziplist(all), as))),
  14: nodes.map((all) => body(14, 'list', all.flat(), rdb.quicklistBody(all, 14))),
  16: fc.tuple(pairs, forms).map(([all, as]) => body(16, 'hash', all, rdb.blobBody(rdb.listpack(all), as))),
  17: scored.map((all) => body(17, 'zset', flatScores(all), rdb.blobBody(rdb.listpack(flatScores(all))))),
  18: nodes.map((all) => body(18, 'list', all.flat(), rdb.quicklistBody(all, 18, 4096))),
  20: members.map((all) => body(20, 'set', all, rdb.blobBody(rdb.listpack(all)))),
}

/** Keys with values of the given types, in some databases, some of them expiring. */
export function samplesOf(types: readonly number[]): fc.Arbitrary<readonly Sample[]> {
  const one = fc
    .constantFrom(...types)
    .chain((type) => bodies[type] ?? fc.constant(body(0, 'string', [], rdb.stringBody(''))))
  return fc
    .array(
      fc.record({
        value: one,
        database: fc.integer({ min: 0, max: 3 }),
        key: fc.oneof(integerText, bytes(40), repeated),
        keyAs: forms,
        expiresAtMs: fc.option(
          fc.integer({ min: 4_000_000_000, max: 2 ** 42 }).map((ms) => ms * 1000 - (ms % 7)),
          {
            nil: undefined,
          },
        ),
        idleSeconds: fc.option(fc.integer({ min: 0, max: 1e6 }), { nil: undefined, freq: 9 }),
        frequency: fc.option(fc.integer({ min: 0, max: 255 }), { nil: undefined, freq: 9 }),
      }),
      { minLength: 0, maxLength: 8 },
    )
    .map((all) =>
      all.map(({ value, key, database, keyAs, expiresAtMs, idleSeconds, frequency }, index) => ({
        kind: value.kind,
        elements: value.elements,
        entry: {
          type: value.type,
          body: value.body,
          database,
          keyAs,
          // A server takes no key twice.
          key: Buffer.concat([key, keyAs === 'integer' ? Buffer.from(String(index)) : Buffer.from(`#${index}`)]),
          ...(expiresAtMs === undefined ? {} : { expiresAtMs }),
          ...(idleSeconds === undefined ? {} : { idleSeconds }),
          ...(frequency === undefined ? {} : { frequency }),
        },
      })),
    )
}
