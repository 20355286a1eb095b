import type { ChunkHandler, ChunkHandlers } from '../ports/chunks.ts'
import type { Step, Steps } from '../ports/step.ts'

/** The steps that there are, by row id; `run` refuses a plan with a row that is not among them. */
export function registeredSteps(): Steps {
  return new Map<string, Step>()
}

/** What does the chunks of long steps, by kind. */
export function registeredChunks(): ChunkHandlers {
  return new Map<string, ChunkHandler>()
}
