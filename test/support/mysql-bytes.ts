const fullPacketBytes = 0xffffff

/** Payloads as packets, numbered from `first`; long ones are continued. */
export function packets(payloads: readonly Buffer[], first = 1): Buffer {
  let sequence = first
  const parts: Buffer[] = []
  for (const payload of payloads) {
    for (let at = 0; at <= payload.length; at += fullPacketBytes) {
      const part = payload.subarray(at, at + fullPacketBytes)
      const head = Buffer.alloc(4)
      head.writeUIntLE(part.length, 0, 3)
      head[3] = sequence++ & 0xff
      parts.push(head, part)
    }
  }
  return Buffer.concat(parts)
}

/** A length-encoded integer. */
export function integer(value: number): Buffer {
  if (value < 0xfb) return Buffer.of(value)
  const bytes = Buffer.alloc(value < 0x1_0000 ? 3 : value < 0x100_0000 ? 4 : 9)
  bytes[0] = value < 0x1_0000 ? 0xfc : value < 0x100_0000 ? 0xfd : 0xfe
  bytes.writeUIntLE(value, 1, Math.min(bytes.length - 1, 6))
  return bytes
}

export function rowPayload(fields: readonly (Buffer | null)[]): Buffer {
  return Buffer.concat(fields.flatMap((field) => (field === null ? [Buffer.of(0xfb)] : [integer(field.length), field])))
}

/** The payloads before the rows: how many columns, each (which nobody reads), and their end. */
export function columnPayloads(count: number, deprecateEof: boolean): Buffer[] {
  const columns = Array.from({ length: count }, (_, i) => Buffer.from(`\x03def column ${i}`))
  return [integer(count), ...columns, ...(deprecateEof ? [] : [eofPayload()])]
}

export function eofPayload(status = 2): Buffer {
  return Buffer.of(0xfe, 0, 0, status, 0)
}

/** An OK packet; with mark 0xfe it stands at the end of rows. */
export function okPayload(mark = 0x00, status = 2): Buffer {
  return Buffer.from([mark, ...integer(300), ...integer(70_000), status, 0, 0, 0])
}

export function errorPayload(errno: number, sqlState: string, text: string): Buffer {
  return Buffer.concat([Buffer.of(0xff, errno & 0xff, errno >> 8), Buffer.from(`#${sqlState}${text}`)])
}
