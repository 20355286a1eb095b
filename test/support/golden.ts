import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'

const folder = new URL('../golden/', import.meta.url)

/** Compares text with `test/golden/<name>`, byte by byte. With UPDATE_GOLDEN=1 the file is written instead. */
export function matchesGolden(name: string, text: string): void {
  const file = fileURLToPath(new URL(name, folder))
  if (process.env.UPDATE_GOLDEN === '1') {
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
    return
  }
  assert.equal(text, readFileSync(file, 'utf8'), `${name} differs; look at it, then run again with UPDATE_GOLDEN=1`)
}
