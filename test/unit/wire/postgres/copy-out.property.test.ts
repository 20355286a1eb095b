import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { CopyOut } from '../../../../src/wire/postgres/copy-out.ts'
import { TupleFields } from '../../../../src/wire/postgres/tuple-fields.ts'
import {
  copyHeader,
  copyResponse,
  copyTrailer,
  message,
  ready,
  scriptedClient,
  tuple,
} from '../../../support/postgres-bytes.ts'

const field = fc.option(
  fc.nat({ max: 300 }).map((length) => Buffer.alloc(length, length)),
  { nil: null },
)
const table = fc
  .nat({ max: 6 })
  .chain((columns) => fc.array(fc.array(field, { minLength: columns, maxLength: columns }), { maxLength: 200 }))
const asides = [message('N', 'SNOTICE\0C00000\0Mhi\0\0'), message('S', 'TimeZone\0UTC\0')]

test('a COPY gives the same tuples however its bytes are cut and what comes between, and hands the client back', async () => {
  await fc.assert(
    fc.asyncProperty(
      table,
      fc.array(fc.nat({ max: 60_000 }), { maxLength: 30 }),
      fc.array(fc.nat({ max: 200 }), { maxLength: 5 }),
      async (rows, cuts, asideAt) => {
        const { client, socket } = await scriptedClient()
        const payloads = [...rows.map(tuple), copyTrailer]
        const data = payloads.map((payload, i) =>
          message('d', i === 0 ? Buffer.concat([copyHeader, payload]) : payload),
        )
        for (const at of asideAt) data.splice(at, 0, asides[at % 2] ?? ready)
        const columns = rows[0]?.length ?? 2
        const end = [message('c'), message('C', `COPY ${rows.length}\0`), ready]
        const said = socket.answer(Buffer.concat([copyResponse('H', columns), ...data, ...end]), cuts)
        const copy = await CopyOut.start(client, 'COPY t TO STDOUT')
        assert.equal(copy.columnCount, columns)
        const fields = new TupleFields(columns)
        const read: (Buffer | null)[][] = []
        while (await copy.more()) {
          while (copy.next()) {
            fields.parse(copy.bytes, copy.start, copy.end)
            read.push(
              Array.from(fields.starts, (start, i) =>
                start === -1 ? null : Buffer.from(copy.bytes.subarray(start, fields.ends[i])),
              ),
            )
          }
        }
        assert.deepEqual(read, rows)
        await said
        const next = client.query('SELECT 1')
        void socket.say(Buffer.concat([message('C', 'SELECT 0\0'), ready]), cuts)
        assert.equal((await next).rowCount, 0)
        socket.destroy()
      },
    ),
    { numRuns: 60 },
  )
})
