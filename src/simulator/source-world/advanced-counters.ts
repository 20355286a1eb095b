/** A table whose next id lies beyond its greatest, as where rows were deleted. */
export interface AdvancedCounter {
  readonly table: string
  readonly nextId: number
}

/** Such tables of every world: a move has to keep their next ids, for the deleted ones must never be given out again. */
export const advancedCounters: readonly AdvancedCounter[] = [
  { table: 'tags', nextId: 5000 },
  { table: 'moderatorships', nextId: 900 },
]
