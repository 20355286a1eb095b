import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const reporter = fileURLToPath(new URL('reporter.mjs', import.meta.url))

/**
 * Runs one test file in a process group of its own and ends the whole group, if need be, when its time is up.
 *
 * The single tests get nine tenths of the file's time, so that the one that hangs is named. A file without tests, one
 * that crashes and one that never ends count as one failure each.
 *
 * @param {string} node
 * @param {string} file
 * @param {{ readonly timeoutMs: number, readonly signal: AbortSignal }} options abort: ends the group, then resolves
 * @returns {Promise<{ passed: number, failed: number, skipped: number, output: string }>}
 */
export function runFile(node, file, { timeoutMs, signal }) {
  const { NODE_TEST_CONTEXT: _outerRunner, ...env } = process.env
  const child = spawn(
    node,
    [
      '--test-reporter',
      reporter,
      '--test-reporter-destination',
      'stdout',
      '--test-timeout',
      String(Math.round(timeoutMs * 0.9)),
      file,
    ],
    { stdio: ['ignore', 'pipe', 'pipe', 'pipe'], detached: true, env },
  )
  let output = ''
  let countsText = ''
  let why = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk))
  child.stdio[3].on('data', (chunk) => (countsText += chunk))
  const endGroup = (reason) => {
    why = reason
    try {
      process.kill(-child.pid, 'SIGKILL')
    } catch {
      // The group has ended meanwhile.
    }
  }
  const timer = setTimeout(() => endGroup(`did not end within ${timeoutMs / 1000} s`), timeoutMs)
  const stop = () => endGroup('was stopped')
  signal.addEventListener('abort', stop, { once: true })
  return new Promise((resolve) => {
    child.on('error', (error) => {
      why = error.message
      finish(null)
    })
    child.on('close', finish)
    // A process that outlives its test file may hold the pipes open: end it, and with it the wait for 'close'.
    child.on('exit', () => endGroup(why))
    /** @param {number | null} code */
    function finish(code) {
      clearTimeout(timer)
      signal.removeEventListener('abort', stop)
      resolve(verdict(file, { code, why, countsText, output }))
    }
  })
}

/**
 * @param {string} file
 * @param {{ code: number | null, why: string, countsText: string, output: string }} run
 */
function verdict(file, { code, why, countsText, output }) {
  const counts = countsText === '' ? undefined : JSON.parse(countsText)
  const skipped = counts === undefined ? 0 : counts.skipped + counts.todo
  const passed = counts?.passed ?? 0
  const failed = counts === undefined ? 0 : counts.failed + counts.cancelled
  const problem = problemOf()
  if (problem === undefined) return { passed, failed, skipped, output }
  return { passed, failed: failed + 1, skipped, output: `${output}✖ ${file} ${problem}\n` }

  function problemOf() {
    if (why !== '') return why
    if (counts === undefined) return `ended without a test (exit code ${code})`
    if (counts.tests === 0) return 'has no tests'
    return code !== 0 && failed === 0 ? `ended with exit code ${code} although no test failed` : undefined
  }
}
