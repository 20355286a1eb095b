/** What can be stored as JSON and comes back the same. Numbers are safe integers or measurements; larger ones are text. */
export type Json = string | number | boolean | null | readonly Json[] | JsonObject
export interface JsonObject {
  readonly [key: string]: Json
}
