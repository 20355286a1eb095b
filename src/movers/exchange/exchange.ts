import type { Exchange } from '../../ports/exchange.ts'
import { pack } from './pack.ts'
import { makePartyKeys, readCard } from './party-keys.ts'
import { unpack } from './unpack.ts'

/** The exchange of files between parties; see the port. */
export const exchange: Exchange = {
  keygen: makePartyKeys,
  readCard: async (text, name) => readCard(text, name),
  pack,
  unpack,
}
