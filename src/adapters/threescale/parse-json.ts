/** As JSON.parse, but a whole number that a `number` would round is a `bigint`. Throws a SyntaxError like it. */
export function parseJson(text: string): unknown {
  // TypeScript's library does not know the third parameter, which every Node that this runs on passes.
  const parse = JSON.parse as (
    text: string,
    reviver: (key: string, value: unknown, context: { readonly source?: string }) => unknown,
  ) => unknown
  return parse(text, (_key, value, { source }) =>
    typeof value === 'number' && !Number.isSafeInteger(value) && source !== undefined && /^-?\d+$/.test(source)
      ? BigInt(source)
      : value,
  )
}
