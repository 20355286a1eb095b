import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { MysqlSession } from '../../../../src/wire/mysql/mysql-session.ts'
import { RowFields } from '../../../../src/wire/mysql/row-fields.ts'
import { columnPayloads, eofPayload, okPayload, packets, rowPayload } from '../../../support/mysql-bytes.ts'
import { ScriptedSocket } from '../../../support/scripted-socket.ts'

const fieldBytes = fc.oneof(
  { weight: 6, arbitrary: fc.nat({ max: 300 }) },
  { weight: 1, arbitrary: fc.constantFrom(250, 251, 252, 65_535, 65_536) },
)
const field = fc.option(
  fieldBytes.map((length) => Buffer.alloc(length, length)),
  { nil: null },
)
const table = fc
  .integer({ min: 1, max: 8 })
  .chain((columns) => fc.array(fc.array(field, { minLength: columns, maxLength: columns }), { maxLength: 300 }))

test('a result gives the same rows however its bytes are cut', async () => {
  await fc.assert(
    fc.asyncProperty(
      table,
      fc.array(fc.nat({ max: 200_000 }), { maxLength: 30 }),
      fc.boolean(),
      async (rows, cuts, deprecateEof) => {
        const columnCount = rows[0]?.length ?? 3
        const end = deprecateEof ? okPayload(0xfe) : eofPayload()
        const bytes = packets([...columnPayloads(columnCount, deprecateEof), ...rows.map(rowPayload), end])
        const socket = new ScriptedSocket()
        const session = new MysqlSession(socket, { deprecateEof })
        const said = socket.say(bytes, cuts)
        const result = await session.query('SELECT')
        assert.equal(result.columnCount, columnCount)
        const fields = new RowFields(columnCount)
        const read: (Buffer | null)[][] = []
        while (await result.more()) {
          while (result.next()) {
            fields.parse(result.bytes, result.start, result.end)
            read.push(
              Array.from(fields.starts, (start, i) =>
                start === -1 ? null : Buffer.from(result.bytes.subarray(start, fields.ends[i])),
              ),
            )
          }
        }
        assert.deepEqual(read, rows)
        await said
        session.close()
      },
    ),
    { numRuns: 60 },
  )
})
