import { writeSync } from 'node:fs'
import { Readable } from 'node:stream'
import { spec } from 'node:test/reporters'

/** The runner of one file reads the counts of that file here, as one line of JSON. */
const countsFd = 3

/**
 * The spec reporter without its own totals, which would be one block per file; those go to `countsFd` instead.
 *
 * @param {AsyncIterable<import('node:test').TestEvent>} events
 */
export default async function* report(events) {
  yield* Readable.from(withoutTotals(events)).compose(new spec())
}

/** @param {AsyncIterable<import('node:test').TestEvent>} events */
async function* withoutTotals(events) {
  for await (const event of events) {
    if (event.type === 'test:summary') writeSync(countsFd, `${JSON.stringify(event.data.counts)}\n`)
    else if (!isTotal(event)) yield event
  }
}

/**
 * A total stands at the very beginning of its file; no test does, for it is imported first.
 *
 * @param {import('node:test').TestEvent} event
 */
function isTotal(event) {
  return event.type === 'test:diagnostic' && event.data.line === 1 && event.data.column === 1
}
