import { exitCode, faultsOf, kind } from '../../base/fault.ts'

/** What can keep a source world from being made. `place` never holds user or password. */
export const worldFaults = {
  WORLD_ENGINE: kind<{ place: string; found: string }>({
    exit: exitCode.usage,
    retry: 'after-remedy',
    says: (d) => `${d.place} is ${d.found}; a 3scale source world lives in MySQL or MariaDB`,
    remedy: () => 'Give the URL of an empty MySQL (5.7 or later) or MariaDB (10.3 or later) database.',
  }),
  WORLD_UNREACHABLE: kind<{ place: string; reason: string }>({
    exit: exitCode.failedSafe,
    retry: 'after-remedy',
    says: (d) => `${d.place} cannot be reached: ${d.reason}`,
    remedy: () => 'Check that the server runs, that host and port are right, and that user and password are accepted.',
  }),
  WORLD_NOT_EMPTY: kind<{ place: string; tables: number; example: string }>({
    exit: exitCode.failedSafe,
    retry: 'after-remedy',
    says: (d) =>
      `${d.place} already has ${d.tables} tables or routines, ${d.example} among them; a world is never mixed with data`,
    remedy: () =>
      'Name another database, or make a new one: CREATE DATABASE name CHARACTER SET utf8mb3 COLLATE utf8mb3_bin.',
  }),
  WORLD_PRIVILEGE: kind<{ place: string; errno: number; what: string }>({
    exit: exitCode.failedSafe,
    retry: 'after-remedy',
    says: (d) => `the user of ${d.place} may not ${d.what} (error ${d.errno})`,
    remedy: () =>
      'GRANT ALL PRIVILEGES on the database to this user; with the binary log on, also SET GLOBAL log_bin_trust_function_creators=1.',
  }),
  WORLD_PACKET: kind<{ place: string; bytes: number; needed: number }>({
    exit: exitCode.failedSafe,
    retry: 'after-remedy',
    says: (d) => `${d.place} takes packets of ${d.bytes} bytes, the world's largest value needs ${d.needed}`,
    remedy: (d) => `SET GLOBAL max_allowed_packet=${d.needed}, or leave out --edge-rows.`,
  }),
  WORLD_STATEMENT: kind<{ place: string; table: string; errno: number; sqlState: string }>({
    exit: exitCode.failedSafe,
    retry: 'after-remedy',
    says: (d) => `${d.place} refused a statement on ${d.table} (error ${d.errno}, SQLSTATE ${d.sqlState})`,
    remedy: () =>
      'Look up the error number in the server manual; drop the database and make it anew before trying again.',
  }),
  WORLD_REDIS_UNREACHABLE: kind<{ place: string; reason: string }>({
    exit: exitCode.failedSafe,
    retry: 'after-remedy',
    says: (d) => `${d.place} cannot be used: ${d.reason}`,
    remedy: () => 'Check that Redis runs, that host and port are right, and that user and password are accepted.',
  }),
  WORLD_REDIS_NOT_EMPTY: kind<{ place: string; database: number; keys: number }>({
    exit: exitCode.failedSafe,
    retry: 'after-remedy',
    says: (d) => `database ${d.database} of ${d.place} already has ${d.keys} keys; a world is never mixed with data`,
    remedy: () => 'Name another Redis, or other database numbers.',
  }),
}

export const worldFault = faultsOf(worldFaults)
