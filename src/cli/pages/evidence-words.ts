import type { KeyHolder } from '../../model/evidence.ts'
import { partyNames } from './party-names.ts'

/** Holders of keys as a page for readers outside the project calls them. */
export const holderNames: Readonly<Record<KeyHolder, string>> = { ...partyNames, 'control-plane': 'Control plane' }

/** `2026-12-05 22:00:07 UTC`; `at` in milliseconds since 1970. */
export function time(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19).replace('T', ' ')} UTC`
}
