import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { readReference } from '../../../src/cli/read-reference.ts'
import { fakeContext } from '../../support/fake-context.ts'

const folder = mkdtempSync(join(tmpdir(), 'threeshift-reference-'))
after(() => rmSync(folder, { recursive: true }))
const { context } = fakeContext({ cwd: folder, env: { SET: ' value ', EMPTY: '', BLANK: '  ' } })

test('a variable is read as it is', async () => {
  assert.equal((await readReference('env:SET', 'the source', context)).reveal('test'), ' value ')
})

test('a file is read without its last line break, relative to the working folder', async () => {
  writeFileSync(join(folder, 'secret'), 'first\nsecond\r\n')
  assert.equal((await readReference('file:secret', 'the source', context)).reveal('test'), 'first\nsecond')
})

test('a variable that is not set, empty or blank is a fault that names it', async () => {
  for (const name of ['UNSET', 'EMPTY', 'BLANK']) {
    await assert.rejects(readReference(`env:${name}`, 'the source', context), {
      code: 'REFERENCE_ENV_MISSING',
      exit: 64,
      message: `the source is to be read from the environment variable ${name}, which is not set or empty`,
    })
  }
})

test('a file that is absent, a folder or empty is a fault that names it', async () => {
  writeFileSync(join(folder, 'empty'), '\n')
  await assert.rejects(readReference('file:absent', 'x', context), {
    code: 'REFERENCE_FILE_UNREADABLE',
    message: /absent.*no such file/,
  })
  await assert.rejects(readReference('file:.', 'x', context), {
    code: 'REFERENCE_FILE_UNREADABLE',
    message: /it is a folder/,
  })
  await assert.rejects(readReference('file:empty', 'x', context), { code: 'REFERENCE_FILE_EMPTY' })
})

test('anything else is refused without being repeated: it may be the secret itself', async () => {
  for (const text of ['mysql://root:canary@h/d', 'canary', 'env:canary canary', 'file://u:canary@h/x']) {
    await assert.rejects(readReference(text, 'the source', context), (error: unknown) => {
      assert.ok(error instanceof Error && 'code' in error && error.code === 'REFERENCE_MALFORMED')
      assert.doesNotMatch(JSON.stringify(error) + error.message, /canary/)
      return true
    })
  }
})
