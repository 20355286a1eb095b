/** Data that JSON can hold, and nothing else: no undefined, no bigint, no class. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject
export interface JsonObject {
  readonly [name: string]: Json
}
