import type { SourceCatalog } from './source-catalog.ts'
import type { TargetSchema } from './target-schema.ts'

/** What a source holds, and what the target shall be like for it. */
export interface SourceSchema {
  readonly catalog: SourceCatalog
  readonly schema: TargetSchema
  /** A sentence for each thing of the source that has no exact counterpart, those of the catalog included. */
  readonly notes: readonly string[]
}
