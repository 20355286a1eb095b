/** Where one host of 3scale is answered over HTTPS. */
export interface PortalAddress {
  /** The name that the request and the TLS handshake carry, such as `master.apps.example.com`. */
  readonly host: string
  readonly port: number
  /** Where to connect instead of where DNS says `host` is, such as the address of a cluster's router. */
  readonly connectTo?: { readonly host: string; readonly port: number }
  /** PEM of the only authorities to believe; absent: those that Node believes. */
  readonly ca?: string
}

/** `https://host`, with the port unless it is 443; for messages. */
export function describePortal(at: PortalAddress): string {
  return `https://${at.host}${at.port === 443 ? '' : `:${at.port}`}`
}
