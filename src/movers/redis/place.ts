import type { RedisEndpoint } from '../../model/redis-endpoint.ts'
import { describeEndpoint } from '../../model/redis-endpoint.ts'
import { classify } from '../../threescale/backend-keys.ts'
import type { ReplyCheck } from '../../wire/resp/command-block.ts'
import { type Reply, ReplyError, RespProtocolError } from '../../wire/resp/reply-parser.ts'
import { wordsOf } from '../../wire/resp/resp-pipe.ts'
import { replyFault } from './connection-faults.ts'
import { fault } from './faults.ts'

/** Where a command came from. An error reply to it ends the copy, with the family and place of its (first) key. */
export class Place implements ReplyCheck {
  readonly #target: RedisEndpoint
  readonly #database: number
  readonly #position: number

  constructor(target: RedisEndpoint, database: number, position: number) {
    this.#target = target
    this.#database = database
    this.#position = position
  }

  onReply(reply: Reply, request: Buffer): void {
    if (reply instanceof ReplyError) throw this.faultFor(reply, request)
    // Counts are not predicted; anything else that differs from its prediction is none of Redis' answers.
    if (typeof reply !== 'number') throw new RespProtocolError('a reply is not what its command gives')
  }

  faultFor(reply: ReplyError, request: Buffer): Error {
    const [command, key] = wordsOf(request)
    const known = replyFault(reply, 'target', this.#target, command?.toString('latin1') ?? '')
    return (
      known ??
      fault('REDIS_COMMAND_REFUSED', {
        address: describeEndpoint(this.#target),
        family: key === undefined ? 'none' : classify(key, 0, key.length).name,
        position: this.#position,
        database: this.#database,
        code: reply.code,
      })
    )
  }
}
