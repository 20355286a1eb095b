import type { ValueClass } from '../../model/decision.ts'
import { isAtLeast, type Release } from '../../model/release.ts'
import { allBytes, bytes, lengthened, nothing, printed, repeated, utf8, type EdgeValue } from './edge-values.ts'

/** One value that a move has to find (`class`) or to leave as it is (`class` null). */
export interface EdgeCase {
  readonly id: string
  readonly table: string
  readonly column: string
  /** The row's primary key: its column and the value as text. */
  readonly key: { readonly column: string; readonly value: string }
  readonly class: ValueClass | null
  readonly says: string
  /** An SQL condition that is true of this row in MySQL. */
  readonly holds: string
  /** How to write the row: a copy of one of the table's, with these columns replaced by SQL expressions. */
  readonly set: Readonly<Record<string, string>>
  /** Which row is copied, the one with the least key among those that match; absent: among all. */
  readonly copyWhere?: string
}

/** Statements that let an edge world's columns drift from 3scale's own schema, run while the tables are empty. */
export const driftStatements: readonly string[] = [
  'ALTER TABLE profiles MODIFY rssfeed_url varchar(255) CHARACTER SET latin1 COLLATE latin1_swedish_ci NULL',
  ...['cms_templates', 'cms_templates_versions'].map(
    (table) =>
      `ALTER TABLE ${table} MODIFY published mediumtext CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci NULL, ` +
      'MODIFY draft mediumtext CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci NULL',
  ),
]

/** The largest edge value in bytes; `max_allowed_packet` has to exceed it. */
export const largestEdgeBytes = 5 * 1024 * 1024

/** The edge cases of a release's world, each with the row that holds it. */
export function edgeCasesOf(release: Release): readonly EdgeCase[] {
  const all = new Catalogue()
  dates(all, release)
  text(all)
  configurations(all)
  numbers(all, release)
  blobs(all)
  orphans(all)
  return all.cases
}

class Catalogue {
  readonly cases: EdgeCase[] = []

  add(
    id: string,
    place: `${string}.${string}`,
    valueClass: ValueClass | null,
    value: EdgeValue,
    says: string,
    more: { set?: Readonly<Record<string, string>>; copyWhere?: string; key?: EdgeCase['key'] } = {},
  ): void {
    const [table = '', column = ''] = place.split('.')
    // Far beyond the ids of any world of reasonable size, and small enough to stay an exact number.
    const key = more.key ?? { column: 'id', value: String(90_000_001 + this.cases.length) }
    this.cases.push({
      id,
      table,
      column,
      key,
      class: valueClass,
      says,
      holds: value.holds(column),
      set: { ...more.set, [key.column]: `'${key.value}'`, [column]: value.sql },
      ...(more.copyWhere === undefined ? {} : { copyWhere: more.copyWhere }),
    })
  }
}

const buyerRow = { copyWhere: 'buyer = 1' } as const

function dates(all: Catalogue, release: Release): void {
  all.add(
    'zero-datetime',
    'users.updated_at',
    'zero-date',
    printed('0000-00-00 00:00:00'),
    'zero datetime, NULL allowed',
  )
  all.add(
    'zero-datetime-not-null',
    'accounts.created_at',
    'zero-date',
    printed('0000-00-00 00:00:00'),
    'zero datetime, NULL not allowed',
    buyerRow,
  )
  // Until 2.15 Rails' own table is the only one with datetime(6).
  const micro = isAtLeast(release, '2.16')
    ? ({ place: 'annotations.created_at', more: { set: { name: "'edge'" } } } as const)
    : ({
        place: 'ar_internal_metadata.created_at',
        more: { key: { column: 'key', value: 'edge_zero_created_at' } },
      } as const)
  all.add(
    'zero-datetime6',
    micro.place,
    'zero-date',
    printed('0000-00-00 00:00:00.000000'),
    'zero datetime(6), NULL not allowed',
    micro.more,
  )
  const invoice = (id: string, column: string, valueClass: ValueClass, value: string, says: string): void =>
    all.add(id, `invoices.${column}`, valueClass, printed(value), says, { set: { friendly_id: `'edge-${id}'` } })
  invoice('zero-date', 'period', 'zero-date', '0000-00-00', 'zero date, NULL allowed')
  invoice('zero-month-and-day', 'issued_on', 'invalid-date', '2020-00-00', 'date with month and day zero')
  invoice('zero-month', 'due_on', 'invalid-date', '2020-00-10', 'date with month zero')
  invoice('no-such-day', 'last_charging_retry', 'invalid-date', '2021-02-30', 'a day that February never has')
  all.add(
    'no-such-day-datetime',
    'cinstances.paid_until',
    'invalid-date',
    printed('2021-02-30 10:11:12'),
    'datetime on a day that February never has',
  )
  all.add(
    'first-datetime',
    'cinstances.trial_period_expires_at',
    null,
    printed('1000-01-01 00:00:00'),
    'the earliest datetime',
  )
  all.add(
    'last-datetime',
    'cinstances.trial_period_expires_at',
    null,
    printed('9999-12-31 23:59:59'),
    'the latest datetime',
  )
  all.add('time-30-hours', 'line_items.started_at', 'time-out-of-range', printed('30:00:00'), 'time beyond a day')
  all.add('time-negative', 'line_items.started_at', 'time-out-of-range', printed('-01:00:00'), 'negative time')
  all.add('time-24-hours', 'line_items.started_at', null, printed('24:00:00'), 'the latest time that PostgreSQL knows')
  const micros =
    micro.place.split('.')[0] === 'annotations'
      ? { set: { name: "'edge-micros'" } }
      : { key: { column: 'key', value: 'edge_micros' } }
  all.add(
    'microseconds',
    micro.place,
    null,
    printed('2024-02-29 23:59:59.999999'),
    'datetime(6) with microseconds',
    micros,
  )
  all.add(
    'custom-invoice-number',
    'invoices.friendly_id',
    null,
    utf8('INV-2020-custom'),
    'an invoice number that the counter did not make',
  )
}

function text(all: Catalogue): void {
  all.add('nul-in-text', 'messages.subject', 'nul-byte', utf8('nul\0after'), 'NUL in text')
  all.add('nul-in-varchar', 'cms_redirects.source', 'nul-byte', utf8('n\0x'), 'NUL in varchar')
  all.add(
    'lone-surrogate',
    'messages.body',
    'undecodable-text',
    bytes('61 EDA080 62'),
    'a surrogate encoded on its own',
  )
  all.add(
    'cesu8-pair',
    'log_entries.description',
    'undecodable-text',
    bytes('EDA0BD EDB880'),
    'an emoji as two encoded surrogates (CESU-8)',
  )
  all.add(
    'low-surrogate',
    'audits.comment',
    'undecodable-text',
    bytes('EDB080'),
    'the second half of a surrogate pair alone',
  )
  all.add('latin1-euro', 'profiles.rssfeed_url', null, bytes('70 80 71'), 'latin1 column, byte 80: the euro sign')
  all.add(
    'latin1-81',
    'profiles.rssfeed_url',
    null,
    bytes('81'),
    'latin1 column, byte 81, which cp1252 leaves free: U+0081',
  )
  all.add('four-byte-draft', 'cms_templates.draft', null, utf8('😀 𝒳'), '4-byte characters in a drifted utf8mb4 column')
  all.add(
    'four-byte-version',
    'cms_templates_versions.published',
    null,
    utf8('e\u0301 ≠ é 🚀'),
    '4-byte characters and a combining accent',
  )
  const entry = (id: string, value: string, says: string): void =>
    all.add(id, 'log_entries.description', null, utf8(value), says)
  entry('empty-string', '', 'empty string')
  all.add('null-string', 'log_entries.description', null, nothing, 'NULL where others have an empty string')
  entry('spaces-around', '  two before, two after  ', 'leading and trailing spaces')
  entry('longest-varchar', '€'.repeat(255), '255 characters of three bytes')
  entry('double-encoded', 'Ã©', 'text that was encoded twice stays so')
  entry('copy-null', '\\N', "the literal text \\N, COPY's NULL")
  entry('copy-end', '\\.', "the literal text \\., COPY's end")
  entry('tab-and-breaks', 'a\tb\r\nc\nd\re', 'tab, CR LF, LF and CR')
  entry('control-characters', '\u0001\u0007\b\v\f\u001b\u007f\u0085', 'control characters')
  entry('trailing-backslash', 'C:\\path\\', 'a lone backslash at the end')
  entry('noncharacter', '\uffff', 'U+FFFF')
  all.add(
    'case-upper',
    'application_keys.value',
    null,
    utf8('Edge-Key'),
    'unique column: differs from the next in case only',
  )
  all.add(
    'case-lower',
    'application_keys.value',
    null,
    utf8('edge-key'),
    'unique column: differs from the former in case only',
  )
  all.add(
    'long-text',
    'cms_templates.published',
    null,
    repeated(Buffer.from('\\n\n\\\\\t\\.\r\n\\Nxé\n').toString('hex'), 196_608),
    '3 MB of text full of backslashes and line breaks',
  )
}

/** As long as 3scale lets a configuration become. */
const longestConfigBytes = 2_000_000

// Policies of the customer's own, at the front of the chain.
const longPolicy = JSON.stringify({
  name: 'routing',
  version: 'builtin',
  configuration: { rules: [{ url: 'https://upstream.customer.example.org', condition: { operations: ['Ü'] } }] },
})

function configurations(all: Catalogue): void {
  const part = `${longPolicy},`
  const times = Math.floor(longestConfigBytes / Buffer.byteLength(part))
  all.add(
    'longest-config',
    'proxy_configs.content',
    null,
    lengthened('content', '"policy_chain":[', part, times),
    'a configuration of 2 MB: a long chain of policies, still valid JSON',
    { set: { version: '1000' } },
  )
}

function numbers(all: Catalogue, release: Release): void {
  for (const value of ['2', '-1', '127']) {
    all.add(
      `boolean-${value}`,
      'web_hooks.active',
      'boolean-out-of-range',
      printed(value),
      `tinyint(1) holding ${value}`,
    )
  }
  all.add('greatest-decimal', 'line_items.cost', null, printed('9999999999999999.9999'), 'the greatest decimal(20,4)')
  all.add('least-decimal', 'line_items.cost', null, printed('-9999999999999999.9999'), 'the least decimal(20,4)')
  all.add('greatest-bigint', 'deleted_objects.object_id', null, printed('9223372036854775807'), 'the greatest bigint')
  all.add('least-bigint', 'deleted_objects.object_id', null, printed('-9223372036854775808'), 'the least bigint')
  if (isAtLeast(release, '2.12')) {
    all.add(
      'greatest-smallint',
      'email_configurations.port',
      null,
      printed('65535'),
      'the greatest unsigned smallint',
      { set: { email: "'edge@mail.example.net'" } },
    )
  }
  all.add('id-zero', 'system_operations.ref', null, utf8('edge_zero'), 'a row with id 0', {
    key: { column: 'id', value: '0' },
  })
  all.add('id-beyond-2-53', 'deleted_objects.object_type', null, utf8('Edge'), 'an id that a double cannot hold', {
    key: { column: 'id', value: '9007199254740993' },
  })
}

function blobs(all: Catalogue): void {
  all.add('all-bytes', 'member_permissions.service_ids', null, bytes(allBytes), 'a blob with every byte value')
  all.add('empty-blob', 'member_permissions.service_ids', null, bytes(''), 'an empty blob')
  all.add('large-blob', 'policies.schema', null, repeated(allBytes, largestEdgeBytes / 256), 'a blob of 5 MB', {
    set: { identifier: "'edge-large'" },
  })
}

function orphans(all: Catalogue): void {
  all.add(
    'orphan-nullable',
    'proxy_configs.user_id',
    'orphan',
    printed('999999'),
    'a user that does not exist, NULL allowed',
  )
  all.add(
    'orphan-not-null',
    'policies.account_id',
    'orphan',
    printed('999998'),
    'an account that does not exist, NULL not allowed',
    { set: { identifier: "'edge-orphan'" } },
  )
}

/** The statement that writes a case's row. `columns` are all of its table's. */
export function edgeStatement(edge: EdgeCase, columns: Iterable<string>): string {
  const names = [...columns]
  const values = names.map((name) => edge.set[name] ?? `\`${name}\``)
  const where = edge.copyWhere === undefined ? '' : ` WHERE ${edge.copyWhere}`
  const key = `\`${edge.key.column}\``
  // Not by ORDER BY and LIMIT 1: the server would first make the values, megabytes some of them, for every row there is.
  return (
    `INSERT INTO \`${edge.table}\` (${names.map((name) => `\`${name}\``).join(', ')}) ` +
    `SELECT ${values.join(', ')} FROM \`${edge.table}\` ` +
    `WHERE ${key} = (SELECT least FROM (SELECT MIN(${key}) AS least FROM \`${edge.table}\`${where}) AS copied)`
  )
}
