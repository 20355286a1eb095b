import type { Readable, Writable } from 'node:stream'
import type { KubeObject } from './kube-object.ts'

/** A command to run in a pod's container, as `exec` and the controllers ask for it. */
export interface PodCommandRequest {
  readonly pod: KubeObject
  readonly container: string
  /** The program and its arguments, as they were sent; no shell. */
  readonly command: readonly string[]
}

export interface PodExec extends PodCommandRequest {
  /** The container's variables, with those from secrets and config maps resolved. */
  readonly env: Readonly<Record<string, string>>
  /** Ends when the caller closes it; absent without `stdin=true`. */
  readonly stdin: Readable | undefined
  /** Both honour back-pressure; neither is ended by who runs the command. */
  readonly stdout: Writable
  readonly stderr: Writable
  /** Aborted when the caller has gone, or the pod; the command is killed then. */
  readonly signal: AbortSignal
}

/** A command that the simulator answers itself, such as `bundle exec rake`. Out of `run`: the exit code. */
export interface SimulatedCommand {
  readonly name: string
  /** The program that it is the work of, which is then also found by a shell in the pod. */
  readonly program?: string
  readonly matches: (request: PodCommandRequest) => boolean
  readonly run: (exec: PodExec) => Promise<number>
}

/** What is inside the pods of one cluster: commands and logs. */
export interface PodRuntime {
  /** The first registered command that matches wins; what none matches runs as a local program in the pod's folder. */
  register(command: SimulatedCommand): void

  /**
   * Runs a command to its end. Out: its exit code; 127 when there is no such program, 137 when it was killed.
   * Refuses: BadRequest for a container that the pod lacks or that does not run.
   */
  exec(request: PodCommandRequest & Pick<PodExec, 'stdin' | 'stdout' | 'stderr' | 'signal'>): Promise<number>

  /** Ends what pods still run, and waits for that. */
  close(): Promise<void>

  /** Adds whole lines to a container's log. Logs survive the process and end with the pod. */
  log(pod: KubeObject, container: string, text: string): void

  /** The container was started again: what is in the log so far becomes the log of the `previous` one. */
  restarted(pod: KubeObject, container: string): void
}
