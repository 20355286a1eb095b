import { Writable } from 'node:stream'
import type { WebSocket } from 'ws'
import type { FaultEffect } from '../fault-script.ts'
import type { KubeObject } from '../kube-object.ts'
import type { PodRuntime } from '../pod-runtime.ts'
import { statusOf } from './answers.ts'
import { isTrue } from './api-request.ts'
import { execStreams, exitStatus } from './exec-streams.ts'

/** Runs the command that the query names, over a WebSocket that is open. */
export async function serveExec(
  pods: PodRuntime,
  pod: KubeObject,
  socket: WebSocket,
  query: URLSearchParams,
  effect: FaultEffect | undefined,
): Promise<void> {
  const cut = effect?.kind === 'cut' ? { cutAfterBytes: effect.afterBytes } : {}
  const streams = execStreams(socket, { hasStdin: isTrue(query, 'stdin'), ...cut })
  const enough = new AbortController()
  const stdout =
    effect?.kind === 'end-early' ? onlyFirst(streams.stdout, effect.afterBytes, () => enough.abort()) : streams.stdout
  const signal = AbortSignal.any([streams.signal, enough.signal])
  try {
    const code = await pods.exec({
      pod,
      container: query.get('container') ?? '',
      command: query.getAll('command'),
      stdin: streams.stdin,
      stdout,
      stderr: isTrue(query, 'tty') ? stdout : streams.stderr,
      signal,
    })
    streams.end(exitStatus(enough.signal.aborted ? 0 : code))
  } catch (error) {
    streams.end(statusOf(error))
  }
}

/** Passes so many bytes on, drops the others, and calls `onFull` once it does. */
function onlyFirst(target: Writable, bytes: number, onFull: () => void): Writable {
  let left = bytes
  return new Writable({
    write(chunk: Buffer, _encoding, done) {
      const given = chunk.subarray(0, left)
      left -= given.length
      if (left === 0) onFull()
      if (given.length === 0) done()
      else target.write(given, done)
    },
  })
}
