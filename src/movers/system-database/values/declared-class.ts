import { never } from '../../../base/never.ts'
import type { ValueClass } from '../../../model/decision.ts'

/**
 * Whether a canonical value of the source really is of a class that the ledger claims for it.
 *
 * Written without the copy's own classification, so that a copy that sets good values aside is found out. `orphan` is
 * about other rows and is not decided here.
 */
export function isOfClass(valueClass: Exclude<ValueClass, 'orphan'>, value: Buffer): boolean {
  const text = value.toString('latin1')
  switch (valueClass) {
    case 'zero-date':
      return text.startsWith('0000-00-00')
    case 'invalid-date':
      return !text.startsWith('0000-00-00') && !isDay(text.slice(0, 10))
    case 'time-out-of-range':
      return !/^(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?$|^24:00:00$/.test(text)
    case 'nul-byte':
      return text.includes('\0')
    case 'undecodable-text':
      return !isText(value)
    case 'boolean-out-of-range':
      return text !== 't' && text !== 'f'
    default:
      return never(valueClass)
  }
}

function isDay(text: string): boolean {
  const day = new Date(`${text}T00:00:00Z`)
  return !text.startsWith('0000') && !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text)
}

function isText(value: Buffer): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(value)
    return true
  } catch {
    return false
  }
}
