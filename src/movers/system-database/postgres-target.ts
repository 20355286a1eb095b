import type { DatabaseAddress } from '../../model/database-address.ts'
import { describeAddress } from '../../model/database-address.ts'
import { fault } from './faults.ts'
import { PostgresSession, type SessionKind } from './postgres-session.ts'

const kind: SessionKind = {
  side: 'target',
  oldestMajor: 13,
  settings: { extra_float_digits: '1', default_transaction_read_only: 'off' },
}

/** One session on the target, which must be UTF-8. Faults: DB_WRONG_ENGINE, DB_TARGET_ENCODING, and those of a session. */
export class PostgresTarget extends PostgresSession {
  /** Abort: the connection is closed at once; the server rolls an open transaction back. */
  static async open(address: DatabaseAddress, signal: AbortSignal): Promise<PostgresTarget> {
    if (address.engine !== 'postgresql') {
      throw fault('DB_WRONG_ENGINE', { side: 'target', address: describeAddress(address), wanted: 'PostgreSQL' })
    }
    return this.connect(address, kind.side, signal, (client) => new PostgresTarget(kind, client, address, signal))
  }

  protected override async prepare(): Promise<void> {
    await super.prepare()
    const [[encoding] = []] = await this.query('SHOW server_encoding', 'reading the encoding')
    if (encoding === 'UTF8') return
    throw fault('DB_TARGET_ENCODING', { address: describeAddress(this.address), encoding: encoding ?? 'unknown' })
  }
}
