import type { Json, JsonObject } from '../model/json.ts'

/** Members of a record's body, whose shape was not checked when it was written: null or empty for anything unexpected. */
export function memberText(object: JsonObject, name: string): string | null {
  const value = object[name]
  return typeof value === 'string' ? value : null
}

export function memberNumber(object: JsonObject, name: string): number | null {
  const value = object[name]
  return typeof value === 'number' ? value : null
}

export function memberObject(object: JsonObject, name: string): JsonObject {
  const value = object[name]
  return isObject(value) ? value : {}
}

export function memberList(object: JsonObject, name: string): readonly JsonObject[] {
  const value = object[name]
  return Array.isArray(value) ? value.filter(isObject) : []
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
