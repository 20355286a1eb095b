import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { escapeHtml, html } from '../../../src/base/html.ts'

test('text is escaped, markup is kept, lists are joined and null is nothing', () => {
  assert.equal(
    String(html`<p title="${'"'}">${'<b>'}${html`<i>${1}</i>`}${['a', html`<br>`]}${null}</p>`),
    '<p title="&#34;">&#60;b&#62;<i>1</i>a<br></p>',
  )
})

test('no text can open a tag, close an attribute or begin an entity', () => {
  fc.assert(fc.property(fc.string(), (text) => assert.match(escapeHtml(text), /^(?:[^&<>"']|&#\d+;)*$/)))
})
