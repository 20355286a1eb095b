import type { Exchange } from '../../ports/exchange.ts'
import { pack } from './pack.ts'
import { makePartyKeys } from './party-keys.ts'
import { unpack } from './unpack.ts'

/** The exchange of files between parties; see the port. */
export const exchange: Exchange = { keygen: makePartyKeys, pack, unpack }
