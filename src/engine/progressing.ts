import type { Progress } from '../model/progress.ts'
import type { Store, Transaction } from './store.ts'

type RowAt = { readonly migration: string; readonly row: string; readonly generation: number }

/** The latest progress of each row that runs here; written on a clock, not when it comes. */
export class Progressing {
  readonly #latest = new Map<string, { readonly at: RowAt; readonly progress: Progress }>()

  note(at: RowAt, progress: Progress): void {
    this.#latest.set(`${at.migration} ${at.row}`, { at, progress })
  }

  async flush(store: Store): Promise<void> {
    const notes = [...this.#latest.values()]
    this.#latest.clear()
    if (notes.length === 0) return
    await store.write(async (tx) => {
      for (const { at, progress } of notes) await writeProgress(tx, at, progress)
    })
  }
}

/** Progress of a run that is over, or of a row that has ended, is dropped. */
export async function writeProgress(tx: Transaction, at: RowAt, progress: Progress): Promise<void> {
  await tx.query(
    `UPDATE threeshift.rows SET progress = $4 FROM threeshift.migrations
     WHERE migrations.id = rows.migration AND rows.migration = $1 AND rows.id = $2 AND migrations.generation = $3
       AND rows.state->>'kind' IN ('running', 'with-agent')`,
    [at.migration, at.row, at.generation, progress],
  )
}
