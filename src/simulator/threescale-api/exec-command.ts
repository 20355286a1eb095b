import { once } from 'node:events'
import type { Writable } from 'node:stream'
import { Fault } from '../../base/fault.ts'
import { Secret } from '../../base/secret.ts'
import type { Installations } from './installations.ts'
import { isPodCommand, runPodCommand } from './pod-commands.ts'
import type { ZyncRoute } from './zync-routes.ts'

/** What an exec in a pod of system has: the words of the command, the container's variables, and where output goes. */
export interface PodExecution {
  readonly command: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly stdout: Writable
  readonly stderr: Writable
}

/** A command that pods answer without a program. */
export interface ExecCommand<Execution extends PodExecution> {
  readonly name: string
  matches(request: Pick<Execution, 'command'>): boolean
  /** Out: the exit code. */
  run(exec: Execution): Promise<number>
}

/**
 * `bundle exec rake` and `bundle exec rails runner` in the pods of a simulated 3scale: against the database and Redis
 * that the container's own variables name.
 */
export function systemCommands<Execution extends PodExecution>(options: {
  readonly installations: Installations
  /** As `PodCommandContext`; `exec` says in whose pod. */
  readonly resyncRoutes: (routes: readonly ZyncRoute[], exec: Execution) => Promise<void>
}): ExecCommand<Execution> {
  const { installations, resyncRoutes } = options
  return {
    name: 'bundle exec',
    matches: ({ command }) => isPodCommand(command),
    async run(exec) {
      const { command, env, stdout, stderr } = exec
      try {
        const installation = await installations.at({
          databaseUrl: variable(env, 'DATABASE_URL'),
          storageUrl: variable(env, 'BACKEND_REDIS_URL'),
          superdomain: env['THREESCALE_SUPERDOMAIN'] ?? '',
        })
        const context = { installation, resyncRoutes: (routes: readonly ZyncRoute[]) => resyncRoutes(routes, exec) }
        const result = await runPodCommand(command, context)
        await write(stdout, result.stdout)
        await write(stderr, result.stderr)
        return result.exitCode
      } catch (error) {
        if (!(error instanceof Fault)) throw error
        await write(stderr, `${error.message}\n`)
        return 1
      }
    },
  }
}

/** One that is missing is a URL that cannot be read. */
function variable(env: Readonly<Record<string, string>>, name: string): Secret {
  return new Secret(env[name] ?? '')
}

async function write(to: Writable, text: string): Promise<void> {
  if (text !== '' && !to.write(text)) await once(to, 'drain')
}
