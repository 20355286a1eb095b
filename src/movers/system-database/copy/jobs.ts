/** A piece of work for one worker, begun when all jobs that it comes after are done. */
export interface Job<Worker> {
  /** Among those that may begin, the heaviest does. */
  readonly weight: number
  readonly after: readonly Job<Worker>[]
  /** Names that no two running jobs may share. */
  readonly locks: readonly string[]
  readonly run: (worker: Worker) => Promise<void>
}

/**
 * Does all jobs, each worker one at a time, heaviest first.
 *
 * When one fails, none is begun any more; `onFailure` is told at once so that it can cut the running ones short, all are
 * waited for, and the first failure is thrown. Jobs that wait for each other in a circle are a bug and throw.
 */
export async function runJobs<Worker>(
  jobs: readonly Job<Worker>[],
  workers: readonly Worker[],
  onFailure: (error: unknown) => void,
): Promise<void> {
  const waiting = new Set([...jobs].toSorted((a, b) => b.weight - a.weight))
  const done = new Set<Job<Worker>>()
  const held = new Set<string>()
  let running = 0
  let failure: { readonly error: unknown } | undefined
  let changed = Promise.withResolvers<void>()

  const takeNext = (): Job<Worker> | undefined => {
    for (const job of waiting) {
      if (!job.after.every((other) => done.has(other)) || job.locks.some((lock) => held.has(lock))) continue
      waiting.delete(job)
      for (const lock of job.locks) held.add(lock)
      return job
    }
    return undefined
  }
  const wakeAll = () => {
    changed.resolve()
    changed = Promise.withResolvers()
  }
  const work = async (worker: Worker) => {
    while (failure === undefined && waiting.size > 0) {
      const job = takeNext()
      if (job === undefined) {
        if (running === 0) throw new Error('bug: jobs wait for each other')
        await changed.promise
        continue
      }
      running++
      try {
        await job.run(worker)
        done.add(job)
      } catch (error) {
        if (failure === undefined) {
          failure = { error }
          onFailure(error)
        }
      } finally {
        running--
        for (const lock of job.locks) held.delete(lock)
        wakeAll()
      }
    }
  }
  await Promise.all(workers.map(work))
  if (failure !== undefined) throw failure.error
}
