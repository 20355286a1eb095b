import type { DatabaseAddress } from '../../model/database-address.ts'
import { describeAddress } from '../../model/database-address.ts'
import { shareMysqlSnapshot } from './copy/share-mysql-snapshot.ts'
import { sharePostgresSnapshot } from './copy/share-postgres-snapshot.ts'
import type { SharedSnapshot } from './copy/shared-snapshot.ts'
import { fault } from './faults.ts'
import { MysqlSource } from './mysql-source.ts'
import { PostgresSource } from './postgres-source.ts'
import type { PostgresTarget } from './postgres-target.ts'
import { planTargetSchema } from './schema/plan-target-schema.ts'
import { readMysqlCatalog } from './schema/read-mysql-catalog.ts'
import { readPostgresSource } from './schema/read-postgres-source.ts'
import type { SourceSchema } from './schema/source-schema.ts'
import type { SourceSession } from './source-session.ts'

/** A source's first session, and what has to be done in its product's own way. */
export interface Source {
  readonly session: SourceSession
  /** Reads what is there, and plans the target for it. The session must be in a snapshot. */
  readSchema(): Promise<SourceSchema>
  /** Gives the session and up to `wanted - 1` further ones, which the caller closes, one common snapshot. */
  share(tables: readonly string[], wanted: number): Promise<SharedSnapshot>
  /** Faults: DB_SAME_DATABASE. */
  refuseAsTarget(target: PostgresTarget): Promise<void>
  close(): void | Promise<void>
}

/** Opens a source of whatever product the address names. Abort: all its sessions are closed at once. */
export function openSource(address: DatabaseAddress, signal: AbortSignal): Promise<Source> {
  return openers[address.engine](address, signal)
}

const openers: Readonly<
  Record<DatabaseAddress['engine'], (address: DatabaseAddress, signal: AbortSignal) => Promise<Source>>
> = { mysql: openMysql, postgresql: openPostgres }

async function openMysql(address: DatabaseAddress, signal: AbortSignal): Promise<Source> {
  const session = await MysqlSource.open(address, signal)
  return {
    session,
    readSchema: async () => {
      const catalog = await readMysqlCatalog(session)
      return { catalog, ...planTargetSchema(catalog) }
    },
    share: (tables, wanted) => shareMysqlSnapshot(session, tables, wanted),
    refuseAsTarget: async () => undefined,
    close: () => session.close(),
  }
}

async function openPostgres(address: DatabaseAddress, signal: AbortSignal): Promise<Source> {
  const session = await PostgresSource.open(address, signal)
  return {
    session,
    readSchema: () => readPostgresSource(session),
    share: (_tables, wanted) => sharePostgresSnapshot(session, wanted),
    refuseAsTarget: (target) => refuseSameDatabase(session, target),
    close: () => session.close(),
  }
}

/**
 * One database may have many addresses; but what one session has locked in it, another cannot. A replica of the target is
 * the target too: what is written there arrives here.
 */
async function refuseSameDatabase(source: PostgresSource, target: PostgresTarget): Promise<void> {
  const doing = 'making sure that source and target are two'
  const [[lock, replicaOf] = []] = await source.query(
    `SELECT key, CASE WHEN pg_is_in_recovery() THEN (${identitySql}) END
     FROM (SELECT hashtext(concat('threeshift source ', pg_backend_pid(), clock_timestamp())) AS key OFFSET 0) AS made
     WHERE pg_try_advisory_lock(key)`,
    doing,
  )
  const [[isFree] = []] = await target.query(`SELECT pg_try_advisory_lock(${Number(lock)})`, doing)
  const [[identity] = []] = replicaOf === null ? [] : await target.query(identitySql, doing)
  if (isFree !== 't' || identity === replicaOf) {
    throw fault('DB_SAME_DATABASE', { address: describeAddress(target.address) })
  }
  await target.query(`SELECT pg_advisory_unlock(${Number(lock)})`, doing)
}

const identitySql = `SELECT concat_ws(':', system_identifier, oid) FROM pg_control_system(), pg_database WHERE datname = current_database()`
