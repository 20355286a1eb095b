import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { test } from 'node:test'
import { faultCatalogues } from '../../scripts/fault-catalogues.ts'

const root = resolve(import.meta.dirname, '../..')
const sources = globSync('src/**/*.ts', { cwd: root }).map((file) => ({
  file,
  text: readFileSync(join(root, file), 'utf8'),
}))
const codes = faultCatalogues.flatMap(({ catalogue }) => Object.keys(catalogue))

test('every code is used exactly once as a name, and every fault in a catalogue is raised somewhere', () => {
  assert.equal(new Set(codes).size, codes.length, 'no code stands in two catalogues')
  for (const code of codes) {
    const used = sources.some(({ text }) => text.includes(`'${code}'`))
    assert.ok(used, `${code} is in a catalogue and nothing raises it`)
  }
})

test('every catalogue of the source is in the reference', () => {
  for (const { file, text } of sources) {
    for (const [, code = ''] of text.matchAll(/^ {2}([A-Z][A-Z0-9]*_[A-Z0-9_]+|USAGE|STOPPED): kind</gm)) {
      assert.ok(codes.includes(code), `${file} defines ${code}, which docs/reference/faults.md does not know`)
    }
  }
})
