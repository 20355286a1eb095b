import type { Party } from '../model/party.ts'

/** What the control plane tells of its work. No token, no body and no header is in it. */
export type ControlEvent =
  | { readonly kind: 'listening'; readonly host: string; readonly port: number }
  | {
      readonly kind: 'request'
      readonly method: string
      /** The route's pattern, not the address that was asked for. */
      readonly route: string
      readonly status: number
      readonly tookMs: number
      readonly party: Party | null
      readonly name: string | null
      /** The fault's code, when it was refused. */
      readonly code: string | null
    }
  /** An error that nobody foresaw. */
  | { readonly kind: 'broke'; readonly route: string; readonly error: unknown }
