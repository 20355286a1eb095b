import { exitCode, faultsOf, kind } from '../../base/fault.ts'

const failedSafe = exitCode.failedSafe
type Side = { readonly side: 'source' | 'target'; readonly address: string }

/** Everything that can go wrong while a system database is assessed, copied or verified. */
export const systemDatabaseFaults = {
  DB_LOGIN_REFUSED: kind<Side & { user: string }>({
    exit: failedSafe,
    retry: 'after-remedy',
    says: (d) => `the ${d.side} ${d.address} refused the login of user ${d.user}`,
    remedy: (d) => `Correct the user or password in the ${d.side}'s URL, or grant that user access from this machine.`,
  }),
  DB_UNREACHABLE: kind<Side & { reason: string }>({
    exit: failedSafe,
    retry: 'same-input',
    says: (d) => `the ${d.side} ${d.address} cannot be reached (${d.reason})`,
    remedy: (d) =>
      `Check host, port and firewall of the ${d.side}, and that the server runs; then run the command again.`,
  }),
  DB_TLS_FAILED: kind<Side & { reason: string }>({
    exit: failedSafe,
    retry: 'after-remedy',
    says: (d) => `the ${d.side} ${d.address} could not be verified over TLS (${d.reason})`,
    remedy: () =>
      'Name the CA with ?sslrootcert=FILE in the URL; only where the path is trusted, ?sslmode=disable goes without TLS.',
  }),
  DB_UNKNOWN_DATABASE: kind<Side>({
    exit: failedSafe,
    retry: 'after-remedy',
    says: (d) => `the ${d.side} ${d.address} has no such database`,
    remedy: (d) => `Create the database, or correct its name in the ${d.side}'s URL.`,
  }),
  DB_WRONG_ENGINE: kind<Side & { wanted: string }>({
    exit: exitCode.usage,
    retry: 'after-remedy',
    says: (d) => `the ${d.side} ${d.address} is no ${d.wanted} database`,
    remedy: (d) => `Give a ${d.wanted} URL as the ${d.side}.`,
  }),
  DB_TOO_OLD: kind<Side & { version: string; wanted: string }>({
    exit: failedSafe,
    retry: 'after-remedy',
    says: (d) => `the ${d.side} ${d.address} runs ${d.version}; ${d.wanted} or later is needed`,
    remedy: (d) => `Use a ${d.side} server of ${d.wanted} or later.`,
  }),
  DB_FORBIDDEN: kind<Side & { doing: string; sqlState: string }>({
    exit: failedSafe,
    retry: 'after-remedy',
    says: (d) => `the ${d.side} ${d.address} does not let this user do that: ${d.doing} (SQLSTATE ${d.sqlState})`,
    remedy: (d) =>
      d.side === 'source'
        ? 'Grant SELECT on every table to this user; on MySQL REFERENCES too, on PostgreSQL SELECT on every sequence. These rights only read.'
        : 'Let this user own the target database and its schema public.',
  }),
  DB_CONNECTION_LOST: kind<Side & { doing: string }>({
    exit: failedSafe,
    retry: 'same-input',
    says: (d) => `the connection to the ${d.side} ${d.address} was lost while: ${d.doing}`,
    remedy: () => 'Run the same command again; what was half copied is replaced.',
  }),
  DB_STATEMENT_FAILED: kind<Side & { doing: string; sqlState: string }>({
    exit: failedSafe,
    retry: 'after-remedy',
    says: (d) => `the ${d.side} ${d.address} failed while: ${d.doing} (SQLSTATE ${d.sqlState})`,
    remedy: (d) =>
      `Look the SQLSTATE up in the ${d.side}'s manual and its server log; then run the same command again.`,
  }),
  DB_TARGET_FULL: kind<Side & { doing: string }>({
    exit: failedSafe,
    retry: 'after-remedy',
    says: (d) => `the ${d.side} ${d.address} has no space left; it stopped while: ${d.doing}`,
    remedy: () => 'Give the target more storage and run the same command again; what was half copied is replaced.',
  }),
  DB_SOURCE_CHANGED: kind<{ table: string; what: string }>({
    exit: failedSafe,
    retry: 'same-input',
    says: (d) => `the source's table ${d.table} changed its definition during the copy (${d.what})`,
    remedy: () => 'Let no migration run on the source, then run the same command again; nothing was marked as copied.',
  }),
  DB_SAME_DATABASE: kind<{ address: string }>({
    exit: exitCode.usage,
    retry: 'after-remedy',
    says: (d) => `the target ${d.address} is the source itself`,
    remedy: () => 'Give another database as the target; nothing was changed.',
  }),
  DB_ROWS_HIDDEN: kind<{ address: string; table: string }>({
    exit: failedSafe,
    retry: 'after-remedy',
    says: (d) => `the source ${d.address} hides rows of ${d.table} from this user by row security`,
    remedy: () => 'Use a user that owns the tables and is not forced under their policies, or has BYPASSRLS.',
  }),
  DB_TEXT_UNDECODABLE: kind<Side & { doing: string }>({
    exit: failedSafe,
    retry: 'after-remedy',
    says: (d) => `the ${d.side} ${d.address} cannot read a text of the source as UTF-8; it stopped while: ${d.doing}`,
    remedy: (d) => `Correct the text in the source: the server log of the ${d.side} names its bytes. Then start again.`,
  }),
  DB_REPLICA_CONFLICT: kind<{ address: string; doing: string }>({
    exit: failedSafe,
    retry: 'same-input',
    says: (d) =>
      `the source ${d.address} is a replica and cancelled a long read for what it receives, while: ${d.doing}`,
    remedy: () =>
      'Set hot_standby_feedback = on or max_standby_streaming_delay = -1 on it, or read the primary; then run the same command again.',
  }),
  DB_SOURCE_EMPTY: kind<{ address: string }>({
    exit: failedSafe,
    retry: 'after-remedy',
    says: (d) => `the source ${d.address} has no tables`,
    remedy: () => 'Give the database that 3scale uses; secret system-database holds its URL.',
  }),
  DB_UNSUPPORTED_COLUMN: kind<{ table: string; column: string; type: string }>({
    exit: failedSafe,
    retry: 'never',
    says: (d) => `${d.table}.${d.column} is of type ${d.type}, which has no counterpart in plain PostgreSQL`,
    remedy: (d) => `Drop the column or move the table ${d.table} by other means; 3scale itself has no such column.`,
  }),
  DB_NAME_TOO_LONG: kind<{ name: string; where: string }>({
    exit: failedSafe,
    retry: 'after-remedy',
    says: (d) => `the name of ${d.where}, ${d.name}, is longer than the 63 bytes that PostgreSQL allows`,
    remedy: () => 'Rename it on a copy of the source; 3scale itself has no such name.',
  }),
  DB_RELEASE_UNKNOWN: kind<{ version: string; known: string }>({
    exit: failedSafe,
    retry: 'never',
    says: (d) => `the source is a 3scale whose last migration is ${d.version}, which is of no release known here`,
    remedy: (d) => `Bring the source to one of these releases first: ${d.known}.`,
  }),
  DB_COLUMN_HIDDEN: kind<{ table: string; column: string; release: string }>({
    exit: failedSafe,
    retry: 'after-remedy',
    says: (d) => `the source says it is 3scale ${d.release} but shows no column ${d.table}.${d.column}`,
    remedy: () =>
      'Grant SELECT on whole tables, not on columns, to this user; if the column is really gone, restore it.',
  }),
  DB_FOREIGN_KEYS_HIDDEN: kind<{ address: string; table: string }>({
    exit: failedSafe,
    retry: 'after-remedy',
    says: (d) => `the source ${d.address} hides the rules of the foreign keys of ${d.table} from this user`,
    remedy: () => 'Grant SELECT and REFERENCES on every table of the source database to this user; both only read.',
  }),
  DB_TARGET_ENCODING: kind<{ address: string; encoding: string }>({
    exit: failedSafe,
    retry: 'after-remedy',
    says: (d) => `the target ${d.address} is encoded in ${d.encoding}`,
    remedy: () => "Give a database made with ENCODING 'UTF8'.",
  }),
  DB_TARGET_DEPENDENTS: kind<{ address: string }>({
    exit: failedSafe,
    retry: 'after-remedy',
    says: (d) =>
      `in the target ${d.address} something that Threeshift did not make depends on the tables of an earlier copy`,
    remedy: () =>
      'Drop the views and foreign keys that name these tables, or give another database; nothing was changed.',
  }),
  DB_TABLE_MISSING: kind<{ table: string; release: string }>({
    exit: failedSafe,
    retry: 'after-remedy',
    says: (d) => `the source says it is 3scale ${d.release} but lacks the table ${d.table}`,
    remedy: () => 'Give the complete database, with every table of its release; a partial dump cannot be migrated.',
  }),
  DB_TARGET_NOT_EMPTY: kind<{ address: string; tables: string }>({
    exit: failedSafe,
    retry: 'after-remedy',
    says: (d) => `the target ${d.address} holds tables that Threeshift did not make: ${d.tables}`,
    remedy: () =>
      'Give an empty database. If these tables were made by 3scale itself and are to be filled, use --schema adopt.',
  }),
  DB_TARGET_HAS_ROWS: kind<{ address: string; tables: string }>({
    exit: failedSafe,
    retry: 'after-remedy',
    says: (d) => `the target ${d.address} holds rows that Threeshift did not copy, or that changed since: ${d.tables}`,
    remedy: () =>
      'If somebody uses this target already, stop. If the rows may go, --empty-target lets the copy replace them.',
  }),
  DB_SCHEMA_UNFIT: kind<{ address: string; differences: string }>({
    exit: failedSafe,
    retry: 'after-remedy',
    says: (d) => `the schema of the target ${d.address} does not fit the source: ${d.differences}`,
    remedy: () => 'Give a target whose 3scale has the same release as the source, or let Threeshift create the schema.',
  }),
  DB_TARGET_BUSY: kind<{ address: string }>({
    exit: failedSafe,
    retry: 'same-input',
    says: (d) => `another copy is at work on the target ${d.address}`,
    remedy: () => 'Wait for it to end, or stop it; then run the same command again.',
  }),
  DB_DECISION_IMPOSSIBLE: kind<{ decision: string; column: string }>({
    exit: failedSafe,
    retry: 'after-remedy',
    says: (d) => `the decision ${d.decision} cannot be carried out for ${d.column}, which may not be NULL`,
    remedy: (d) =>
      `Decide for this column: --decide ${d.decision.replace(/=.*/, '')}@${d.column}=replace (or quarantine).`,
  }),
  DB_DECISION_UNKNOWN: kind<{ decision: string }>({
    exit: exitCode.usage,
    retry: 'after-remedy',
    says: (d) => `the decision ${d.decision} names a column that the source does not have`,
    remedy: () => 'Correct TABLE.COLUMN in the decision; `threeshift db assess` lists the columns.',
  }),
  DB_STORED_DIFFERENTLY: kind<{ table: string; sent: number; stored: number }>({
    exit: failedSafe,
    retry: 'after-remedy',
    says: (d) =>
      `the target holds other rows of ${d.table} than were sent (${d.sent} sent, ${d.stored} read back, or other values)`,
    remedy: () =>
      'Let nobody write to the target during the copy, and look for its disk or memory in its log; then copy again.',
  }),
  DB_UNIQUE_VIOLATED: kind<{ table: string }>({
    exit: failedSafe,
    retry: 'after-remedy',
    says: (d) => `rows of ${d.table} became equal under a unique index after decisions were applied`,
    remedy: (d) =>
      `Decide quarantine instead of replace for the columns of ${d.table}, then run the same command again.`,
  }),
} as const

export const fault = faultsOf(systemDatabaseFaults)
