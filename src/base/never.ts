/** Ends a `switch` over a union: a variant that nobody handles stops the build here. */
export function never(value: never): never {
  throw new Error(`bug: unhandled variant ${JSON.stringify(value)}`)
}
