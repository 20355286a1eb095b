import { Client } from 'pg'
import { ScriptedSocket } from './scripted-socket.ts'

export function message(type: string, payload: Buffer | string = ''): Buffer {
  const body = Buffer.from(payload)
  const bytes = Buffer.alloc(5 + body.length)
  bytes.write(type, 0, 'latin1')
  bytes.writeInt32BE(4 + body.length, 1)
  body.copy(bytes, 5)
  return bytes
}

export const copyHeader = Buffer.concat([Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1'), Buffer.alloc(8)])
export const copyTrailer = Buffer.of(0xff, 0xff)
export const ready = message('Z', 'I')

/** A CopyOutResponse or CopyInResponse (`H`, `G`) of so many columns. */
export function copyResponse(type: 'H' | 'G', columns: number, format: 0 | 1 = 1): Buffer {
  const formats = Array.from({ length: columns }, () => [0, format]).flat()
  return message(type, Buffer.from([format, 0, columns, ...formats]))
}

export function errorResponse(sqlState: string): Buffer {
  return message('E', `SERROR\0C${sqlState}\0Mno canary\0\0`)
}

export function tuple(fields: readonly (Buffer | null)[]): Buffer {
  const count = Buffer.alloc(2)
  count.writeInt16BE(fields.length)
  const parts = fields.flatMap((field) => {
    const length = Buffer.alloc(4)
    length.writeInt32BE(field?.length ?? -1)
    return field === null ? [length] : [length, field]
  })
  return Buffer.concat([count, ...parts])
}

/** A real client of node-postgres on a scripted socket, logged in and idle. */
export async function scriptedClient(): Promise<{ readonly client: Client; readonly socket: ScriptedSocket }> {
  const socket = new ScriptedSocket()
  const client = new Client({ stream: () => socket, user: 'u', password: 'p', database: 'd' })
  client.on('error', () => undefined)
  void socket.answer(Buffer.concat([message('R', Buffer.alloc(4)), ready]))
  await client.connect()
  return { client, socket }
}
