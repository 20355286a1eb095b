import { PassThrough } from 'node:stream'
import type { PodRuntime } from '../../cluster/pod-runtime.ts'
import type { ContainerRuntime } from './container-runtime.ts'

/** Of an image whose own program nobody here has. */
const notFound = 127
const killed = 137
const mostMessageBytes = 1024

/**
 * Runs the command of a container that is to end as `exec` would run it: a real program of this machine, or a simulated
 * one. What it writes is the container's log. A container that leaves its command to its image fails.
 */
export function podPrograms(pods: Pick<PodRuntime, 'exec' | 'log'>): Pick<ContainerRuntime, 'run'> {
  return {
    run: async ({ view, pod: seen, container }, signal) => {
      // It has come to run since it was looked at.
      const pod = view.get('pods', seen.metadata.namespace, seen.metadata.name)
      if (pod === undefined) return { exitCode: killed, message: 'the pod has gone' }
      const { name, image, command = [], args = [] } = container
      if (command.length === 0) {
        return { exitCode: notFound, message: `what the image ${image} runs by itself is not simulated` }
      }
      const output = new PassThrough()
      const ended = pods.exec({
        pod,
        container: name,
        command: [...command, ...args],
        stdin: undefined,
        stdout: output,
        stderr: output,
        signal,
      })
      const [exitCode, message] = await Promise.all([
        ended.finally(() => output.end()),
        keepLog(output, (text) => pods.log(pod, name, text)),
      ])
      return { exitCode, message: exitCode === 0 ? '' : message }
    },
  }
}

/** Hands whole lines on. Out: the end of the last of them. */
async function keepLog(output: PassThrough, log: (lines: string) => void): Promise<string> {
  let [rest, last] = ['', '']
  output.setEncoding('utf8')
  for await (const text of output as AsyncIterable<string>) {
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    if (lines.length === 0) continue
    last = lines.at(-1) ?? ''
    log(lines.join('\n'))
  }
  if (rest !== '') log(rest)
  return (rest === '' ? last : rest).slice(-mostMessageBytes)
}
