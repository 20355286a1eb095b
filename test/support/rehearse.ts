import { spawn } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { ProcessTree } from './process-tree.ts'

const main = fileURLToPath(new URL('../../src/app/main.ts', import.meta.url))
const small = ['rehearse', '--tenants', '2', '--scale', '0.02', '--seed', '3']

/** A rehearsal in a process of its own, whose world is made below `home`. `onBegun`: called once its rows run. */
export async function rehearse(
  home: string,
  args: readonly string[],
  onBegun: (tree: ProcessTree, kill: (signal: NodeJS.Signals) => void) => Promise<void>,
) {
  mkdirSync(join(home, 't'), { recursive: true, mode: 0o711 })
  const child = spawn(process.execPath, [main, ...small, ...args], {
    cwd: home,
    env: { ...process.env, TMPDIR: join(home, 't') },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const tree = new ProcessTree(child.pid ?? 0)
  tree.start(200)
  let [stdout, stderr] = ['', '']
  let begun: Promise<void> | undefined
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
    if (stderr.includes('Running the')) begun ??= onBegun(tree, (signal) => child.kill(signal))
  })
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  tree.stop()
  await begun
  return { code, stdout, stderr, tree }
}
