import { sleep } from '../../base/abort.ts'
import type { Clock } from '../../base/clock.ts'
import type { RedisMoveRequest } from '../../ports/redis.ts'
import { defaultPipe, type RespPipe } from '../../wire/resp/resp-pipe.ts'
import { openRedis } from './target.ts'

const probeEveryMs = 50

/**
 * Keeps a live target answering others in time: a second connection asks PING twenty times a second, and what the copy
 * may have in flight is halved when an answer took longer than allowed, and grows by one block when it did not.
 *
 * Without a limit nothing is done. Out: stops it, and waits for its end. Faults: those of connecting.
 */
export async function throttleByLatency(
  pipe: RespPipe,
  request: Pick<RedisMoveRequest, 'target' | 'maxLatencyMs' | 'signal'>,
  clock: Clock,
): Promise<() => Promise<void>> {
  const { maxLatencyMs } = request
  if (maxLatencyMs === null) return async () => undefined
  const ended = new AbortController()
  const signal = AbortSignal.any([request.signal, ended.signal])
  const probe = await openRedis(request.target, 'target', signal)
  pipe.window = 1
  const running = (async () => {
    while (!signal.aborted) {
      const asked = clock.elapsedMs()
      await probe.call('PING')
      const window = pipe.window
      pipe.window = clock.elapsedMs() - asked > maxLatencyMs ? window / 2 : Math.min(window + 1, defaultPipe.maxBlocks)
      await sleep(probeEveryMs, signal)
    }
    // A probe that ends early leaves the window as it is: the copy's own connection tells what is wrong.
  })().catch(() => undefined)
  return async () => {
    ended.abort()
    await running
    probe.close()
  }
}
