import type { Exchange } from '../ports/exchange.ts'

/** The exchange of files; what encrypts is loaded with the first call. */
export function exchangeOnDemand(): Exchange {
  return {
    keygen: async (party) => (await loaded()).keygen(party),
    readCard: async (text, name) => (await loaded()).readCard(text, name),
    pack: async (request) => (await loaded()).pack(request),
    unpack: async (request) => (await loaded()).unpack(request),
  }
}

async function loaded(): Promise<Exchange> {
  return (await import('../movers/exchange/exchange.ts')).exchange
}
