import { existsSync, readdirSync, statSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { nodeToUse } from './setup/node.mjs'
import { runFile } from './test/run-file.mjs'

/**
 * Runs the tests: `node scripts/test.mjs [--file-timeout <seconds>] [folder or file]...`; without names, all of test/.
 *
 * The last line is `N passed, N failed` and `, N skipped` when any were. Exit codes: 0 all passed; 1 some failed, or
 * nothing ran; 4 not set up; 64 wrong usage; 130 stopped by a signal.
 */
const root = dirname(dirname(fileURLToPath(import.meta.url)))
const defaultFileTimeoutSeconds = 300

/** @param {readonly string[]} args */
function parse(args) {
  if (args[0] !== '--file-timeout') return { names: args, timeoutMs: defaultFileTimeoutSeconds * 1000 }
  return { names: args.slice(2), timeoutMs: Number(args[1]) * 1000 }
}

/**
 * Each name's test files: itself, or the ones below it.
 *
 * @param {string} name
 * @returns {string[]}
 */
function filesOf(name) {
  if (!statSync(name).isDirectory()) return [name]
  return readdirSync(name, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.test.ts') && !file.split('/').includes('node_modules'))
    .map((file) => join(name, file))
    .sort()
}

const { names, timeoutMs } = parse(process.argv.slice(2))
const places = names.length === 0 ? [join(root, 'test')] : names.map((name) => resolve(name))
const absent = places.find((place) => !existsSync(place))
if (absent !== undefined || !(timeoutMs > 0)) {
  console.error(absent === undefined ? '--file-timeout takes seconds' : `no such test file or folder: ${absent}`)
  process.exit(64)
}
const node = nodeToUse(root)
if (node === undefined) {
  console.error('the tests need Node 22.18 or newer: run `npm run setup`')
  process.exit(4)
}

const stopping = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => stopping.abort())

const waiting = [...new Set(places.flatMap(filesOf))]
const totals = { passed: 0, failed: 0, skipped: 0 }

async function runWaiting() {
  for (let file = waiting.shift(); file !== undefined && !stopping.signal.aborted; file = waiting.shift()) {
    const result = await runFile(node, file, { timeoutMs, signal: stopping.signal })
    totals.passed += result.passed
    totals.failed += result.failed
    totals.skipped += result.skipped
    process.stdout.write(`\n${relative(process.cwd(), file)}\n${result.output}`)
  }
}

await Promise.all(Array.from({ length: availableParallelism() }, runWaiting))
if (totals.passed + totals.failed + totals.skipped === 0) console.error('\nno test ran')
const skipped = totals.skipped === 0 ? '' : `, ${totals.skipped} skipped`
console.log(`\n${totals.passed} passed, ${totals.failed} failed${skipped}`)
if (stopping.signal.aborted) process.exitCode = 130
else if (totals.failed > 0 || totals.passed === 0) process.exitCode = 1
