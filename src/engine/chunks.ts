import { DBOS, type DBOSClient } from '@dbos-inc/dbos-sdk'
import { sleep } from '../base/abort.ts'
import { Fault } from '../base/fault.ts'
import { Stop } from '../base/stop.ts'
import { type FaultData, faultDataOf } from '../model/fault-data.ts'
import type { JsonObject } from '../model/json.ts'
import type { Chunk, ChunkHandlers, Chunks } from '../ports/chunks.ts'
import type { OnEvent } from './events.ts'
import { fault } from './faults.ts'
import type { Store } from './store.ts'
import { application, chunkQueue } from './workflow-id.ts'

type ChunkEnd =
  | { readonly kind: 'done'; readonly result: JsonObject }
  | { readonly kind: 'faulted'; readonly fault: FaultData }

const betweenLooksMs = 50
const enqueuedAtOnce = 100

/** The chunks that run in this process. */
export class ChunkWork {
  readonly #handlers: ChunkHandlers
  readonly #onEvent: OnEvent
  readonly #closing = new AbortController()
  readonly #running = new Set<Promise<unknown>>()

  constructor(handlers: ChunkHandlers, onEvent: OnEvent) {
    this.#handlers = handlers
    this.#onEvent = onEvent
  }

  /** The workflow of one chunk: one checkpointed step. */
  workflow(): (kind: string, input: JsonObject) => Promise<ChunkEnd> {
    return (kind, input) => DBOS.runStep(() => this.#run(kind, input), { name: kind })
  }

  /** Stops the chunks in flight, and returns when none runs. They are done again by whoever takes over. */
  async close(): Promise<void> {
    this.#closing.abort(new Stop('shutdown'))
    await Promise.allSettled(this.#running)
  }

  async #run(kind: string, input: JsonObject): Promise<ChunkEnd> {
    const { signal } = this.#closing
    const working = this.#do(kind, input)
    this.#running.add(working)
    try {
      return { kind: 'done', result: await working }
    } catch (error) {
      // Nothing may be recorded of a chunk that was stopped: it is not done, and has not failed.
      if (signal.aborted) return await new Promise<never>(() => undefined)
      const known = faultDataOf(error)
      if (known !== null) return { kind: 'faulted', fault: known }
      this.#onEvent({ kind: 'broke', where: kind, error })
      return { kind: 'faulted', fault: brokenChunk(kind, error) }
    } finally {
      this.#running.delete(working)
    }
  }

  async #do(kind: string, input: JsonObject): Promise<JsonObject> {
    const { signal } = this.#closing
    signal.throwIfAborted()
    const handler = this.#handlers.get(kind)
    if (handler === undefined) throw fault('ENGINE_CHUNK_UNKNOWN', { kind })
    return handler(input, { signal })
  }
}

/** Spreads chunks over the workers, through the queue that they all serve. */
export function chunksOn(store: Store, dbos: DBOSClient): Chunks {
  return {
    run: async (batch, chunks, { signal, insteadOf }) => {
      if (insteadOf !== undefined) await cancelOthers(store, dbos, insteadOf, batch)
      const ids = chunks.map(({ id }) => `chunk ${batch} ${id}`)
      try {
        for (let at = 0; at < chunks.length; at += enqueuedAtOnce) {
          signal.throwIfAborted()
          await enqueue(store, dbos, ids.slice(at, at + enqueuedAtOnce), chunks.slice(at, at + enqueuedAtOnce))
        }
        return await results(store, dbos, ids, signal)
      } catch (error) {
        await dbos.cancelWorkflows(ids)
        throw error
      }
    },
  }
}

/** Cancels what has not ended of other batches of that name. One that runs is not stopped by it: its target decides between the two. */
async function cancelOthers(store: Store, dbos: DBOSClient, name: string, batch: string): Promise<void> {
  const { rows } = await store.write((tx) =>
    tx.query<{ id: string }>(
      `SELECT workflow_uuid AS id FROM dbos.workflow_status
       WHERE starts_with(workflow_uuid, $1) AND NOT starts_with(workflow_uuid, $2) AND status IN ('ENQUEUED', 'PENDING', 'DELAYED')`,
      [`chunk ${name}`, `chunk ${batch} `],
    ),
  )
  if (rows.length > 0) await dbos.cancelWorkflows(rows.map(({ id }) => id))
}

/** In one transaction; what is there already is left as it is. */
async function enqueue(
  store: Store,
  dbos: DBOSClient,
  ids: readonly string[],
  chunks: readonly Chunk[],
): Promise<void> {
  await store.write(async (tx) => {
    for (const [at, { kind, input }] of chunks.entries()) {
      await dbos.enqueueInTransaction(
        tx,
        {
          queueName: chunkQueue.name,
          workflowName: chunkQueue.workflow,
          workflowID: ids[at] ?? '',
          appVersion: application.version,
          applicationName: application.name,
        },
        kind,
        input,
      )
    }
  })
}

/** The results in order, once all are there. Faults: of one that failed, as soon as it has. */
async function results(
  store: Store,
  dbos: DBOSClient,
  ids: readonly string[],
  signal: AbortSignal,
): Promise<readonly JsonObject[]> {
  const found = new Map<string, JsonObject>()
  for (;;) {
    const missing = ids.filter((id) => !found.has(id))
    const { rows } = await store.write((tx) =>
      tx.query<{ id: string }>(
        `SELECT workflow_uuid AS id FROM dbos.workflow_status
         WHERE workflow_uuid = ANY($1) AND status IN ('SUCCESS', 'ERROR', 'CANCELLED')`,
        [missing],
      ),
    )
    for (const { id } of rows) {
      const end = await dbos.retrieveWorkflow<ChunkEnd>(id).getResult()
      if (end.kind === 'faulted') throw faultOf(end.fault)
      found.set(id, end.result)
    }
    if (found.size === ids.length) return ids.map((id) => found.get(id) ?? {})
    await sleep(betweenLooksMs, signal)
  }
}

function brokenChunk(kind: string, error: unknown): FaultData {
  const name = error instanceof Error ? error.name : typeof error
  const data = faultDataOf(fault('ENGINE_STEP_BROKE', { row: kind, verb: 'a chunk', error: name }, error))
  if (data === null) throw new Error('bug: a fault without data', { cause: error })
  return data
}

function faultOf({ code, message, remedy, exit, retry }: FaultData): Fault {
  return new Fault(code, { message, remedy, exit, retry, details: {} })
}
