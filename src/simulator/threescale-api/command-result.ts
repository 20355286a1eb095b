/** How a command of a pod ended. */
export interface CommandResult {
  readonly stdout: string
  readonly stderr: string
  readonly exitCode: number
}

export function failure(stderr: string): CommandResult {
  return { stdout: '', stderr, exitCode: 1 }
}
