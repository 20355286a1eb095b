import { spawn } from 'node:child_process'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { nodeToUse } from './setup/node.mjs'

/**
 * Runs a script with a Node that understands TypeScript: `node scripts/with-node.mjs <script> [arguments]`.
 *
 * Exit code and signals are those of the script.
 */
const node = nodeToUse(dirname(dirname(fileURLToPath(import.meta.url))))
if (node === undefined) {
  console.error('this needs Node 22.18 or newer: run `npm run setup`')
  process.exit(4)
}
const child = spawn(node, process.argv.slice(2), { stdio: 'inherit' })
// A terminal sends its interrupt to the script too; to pass it on would make it the second one.
process.on('SIGINT', () => {})
for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
child.on('exit', (code, signal) => {
  process.exitCode = code ?? 1
  if (signal === null) return
  process.removeAllListeners(signal)
  process.kill(process.pid, signal)
})
