import assert from 'node:assert/strict'
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { temporaryFolder } from '../support/cli.ts'

const main = fileURLToPath(new URL('../../src/app/main.ts', import.meta.url))
let folder: Awaited<ReturnType<typeof temporaryFolder>>
before(async () => {
  folder = await temporaryFolder()
})
after(() => folder.remove())

/** A `plan` that waits for its file: a named pipe, which says nothing until the test does. */
async function waitingPlan(name: string) {
  const pipe = join(folder.path, name)
  execFileSync('mkfifo', [pipe])
  const child = spawn(process.execPath, [main, 'plan', '--json', '-c', pipe], { stdio: ['ignore', 'pipe', 'pipe'] })
  // Opening waits until the child has opened the other end, so that its signal handlers are in place.
  return { child, writer: await open(pipe, 'w') }
}

function said(child: ChildProcess, text: string): Promise<void> {
  return new Promise((resolve) => {
    let sofar = ''
    child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
      sofar += chunk
      if (sofar.includes(text)) resolve()
    })
  })
}

test('the first signal stops cleanly: exit 4, and the verdict says that it was stopped', async () => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    const { child, writer } = await waitingPlan(signal)
    const stopping = said(child, 'Stopping safely')
    const closed = new Promise((resolve) => child.once('close', resolve))
    let stdout = ''
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => (stdout += chunk))
    child.kill(signal)
    await stopping
    await writer.close()
    assert.equal(await closed, 4)
    assert.equal(JSON.parse(stdout).fault.code, 'STOPPED')
  }
})

test('the second signal does not wait: exit 130', async () => {
  const { child, writer } = await waitingPlan('twice')
  const stopping = said(child, 'Stopping safely')
  const closed = new Promise((resolve) => child.once('close', resolve))
  // Both signals are waiting when it wakes up: it cannot have finished between the two.
  for (const signal of ['SIGSTOP', 'SIGINT', 'SIGTERM', 'SIGCONT'] as const) child.kill(signal)
  await stopping
  // A process cannot leave while a thread of it waits for a pipe.
  await writer.close()
  assert.equal(await closed, 130)
})
