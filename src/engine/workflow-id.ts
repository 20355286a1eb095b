/** One workflow per run, so that a message or a task of an earlier run finds nobody. */
export function workflowId(migration: string, generation: number): string {
  return `${migration}.${generation}`
}

/** On this topic a workflow is woken, to look again at what the tables say: the message itself says nothing. */
export const wakeTopic = 'wake'

/** What workflows are stored under. Another way of running rows needs another version: replays must find what they did. */
export const application = {
  name: 'threeshift',
  version: 'threeshift-1',
  queue: 'migrations',
  workflow: 'migrate',
} as const

/** Where chunks of long work wait for any worker. */
export const chunkQueue = { name: 'chunks', workflow: 'chunk' } as const
