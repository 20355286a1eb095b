import { never } from '../../base/never.ts'

/**
 * What a column of 3scale holds. Each kind is one pair of types, and the pair decides every conversion.
 *
 * `unlimited string` is the exception to the rule for strings: varchar(255) on MySQL, no limit on PostgreSQL.
 * Source: porta `db/schema.rb` and `db/postgres_schema.rb`, as MariaDB 10.11 and PostgreSQL 15 print them once loaded.
 */
export type ColumnKind =
  | 'id'
  | 'bigint'
  | 'integer'
  | 'unsigned smallint'
  | 'boolean'
  | 'string'
  | `string(${number})`
  | 'unlimited string'
  | 'text'
  | 'mediumtext'
  | 'longtext'
  | 'blob'
  | 'longblob'
  | 'date'
  | 'time'
  | 'datetime'
  | 'datetime(6)'
  | `decimal(${number},${number})`

/** A kind without its size: what a `switch` is about. */
export type ColumnFamily =
  | Exclude<ColumnKind, `string(${number})` | `decimal(${number},${number})` | 'datetime(6)'>
  | 'decimal'

/** `string(40)` is a `string`, `decimal(20,4)` a `decimal`, `datetime(6)` a `datetime`; the rest are what they say. */
export function familyOf(kind: ColumnKind): ColumnFamily {
  // Cutting the size off each of the kinds leaves a family; template types cannot say that.
  return kind.replace(/\(.*$/, '') as ColumnFamily
}

export interface TypePair {
  /** As MariaDB's information_schema.columns.column_type prints it; MySQL 8 leaves the widths of integers out. */
  readonly mysql: string
  /** As PostgreSQL's format_type prints it. */
  readonly postgres: string
}

/** The types of a kind in both dialects. */
export function typesOf(kind: ColumnKind): TypePair {
  const family = familyOf(kind)
  const size = kind.slice(family.length)
  switch (family) {
    case 'id':
    case 'bigint':
      return { mysql: 'bigint(20)', postgres: 'bigint' }
    case 'integer':
      return { mysql: 'int(11)', postgres: 'integer' }
    case 'unsigned smallint':
      return { mysql: 'smallint(5) unsigned', postgres: 'integer' }
    case 'boolean':
      return { mysql: 'tinyint(1)', postgres: 'boolean' }
    case 'string':
      return { mysql: `varchar${size || '(255)'}`, postgres: `character varying${size || '(255)'}` }
    case 'unlimited string':
      return { mysql: 'varchar(255)', postgres: 'character varying' }
    case 'text':
    case 'mediumtext':
    case 'longtext':
      return { mysql: family, postgres: 'text' }
    case 'blob':
    case 'longblob':
      return { mysql: family, postgres: 'bytea' }
    case 'date':
      return { mysql: 'date', postgres: 'date' }
    case 'time':
      return { mysql: 'time', postgres: 'time without time zone' }
    case 'datetime':
      return { mysql: `datetime${size}`, postgres: `timestamp${size} without time zone` }
    case 'decimal':
      return { mysql: `decimal${size}`, postgres: `numeric${size}` }
    default:
      return never(family)
  }
}

/** True for the kinds that hold characters, and therefore have a character set and a collation on MySQL. */
export function isCharacters(kind: ColumnKind): boolean {
  const family = familyOf(kind)
  return family.endsWith('string') || family.endsWith('text')
}
