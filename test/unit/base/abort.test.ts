import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { test } from 'node:test'
import { untilAborted } from '../../../src/base/abort.ts'
import { Stop } from '../../../src/base/stop.ts'

test('work that ends first gives its result or its own error, and leaves no listener behind', async () => {
  const { signal } = new AbortController()
  assert.equal(await untilAborted(signal, () => Promise.resolve(7)), 7)
  await assert.rejects(
    untilAborted(signal, () => Promise.reject(new Error('broken'))),
    /^Error: broken$/,
  )
  assert.equal(getEventListeners(signal, 'abort').length, 0)
})

test('an abort ends the waiting with its reason, while the work goes on', async () => {
  const controller = new AbortController()
  const work = Promise.withResolvers<void>()
  const waiting = untilAborted(controller.signal, () => work.promise)
  const reason = new Stop('deadline')
  controller.abort(reason)
  await assert.rejects(waiting, (error) => error === reason)
  assert.equal(getEventListeners(controller.signal, 'abort').length, 0)
  work.resolve()
})

test('nothing is begun once the signal is aborted', async () => {
  let begun = false
  const signal = AbortSignal.abort(new Stop('operator'))
  const work = () => {
    begun = true
    return Promise.resolve()
  }
  await assert.rejects(untilAborted(signal, work), { name: 'Stop', why: 'operator' })
  assert.equal(begun, false)
})
