import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const main = fileURLToPath(new URL('../../src/app/main.ts', import.meta.url))

/**
 * Runs the real command line on a terminal of its own, made by `script` (of util-linux, so on every Linux): types the
 * second text of each pair as soon as the first is on the screen, in this order. `screen` is all that was shown.
 */
export async function runOnTerminal(
  args: readonly string[],
  options: { readonly cwd: string; readonly dialogue: readonly (readonly [question: string, typed: string])[] },
): Promise<{ readonly code: number | null; readonly screen: string }> {
  const command = [process.execPath, main, ...args].map((word) => `'${word}'`).join(' ')
  // A terminal made from a pipe has no size, so that every character would stand on a line of its own.
  const sized = `stty columns 100 rows 40; exec ${command}`
  const child = spawn('script', ['--quiet', '--return', '--flush', '--command', sized, '/dev/null'], {
    cwd: options.cwd,
    env: { ...process.env, TERM: 'xterm' },
    stdio: ['pipe', 'pipe', 'inherit'],
    timeout: 60_000,
  })
  const waiting = [...options.dialogue]
  let [screen, seen] = ['', 0]
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    screen += text
    const [question, typed] = waiting[0] ?? []
    if (question === undefined || typed === undefined) return
    const at = screen.indexOf(question, seen)
    if (at < 0) return
    seen = at + question.length
    waiting.shift()
    child.stdin.write(typed)
  })
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  return { code, screen }
}
