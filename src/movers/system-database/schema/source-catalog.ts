import type { SourceFacts } from '../../../ports/system-database.ts'

/** A column as the source's information_schema tells it, with the dialects' differences removed. */
export interface SourceColumn {
  readonly name: string
  /** Lower-case base type, such as `varchar`, `bigint` or `datetime`. */
  readonly dataType: string
  /** The whole type, such as `tinyint(1) unsigned`. */
  readonly columnType: string
  readonly nullable: boolean
  /** The default as a bare value; null when there is none or when it is NULL. */
  readonly default: string | null
  /** True when the default is an expression such as CURRENT_TIMESTAMP and not a literal. */
  readonly defaultIsExpression: boolean
  readonly characterLength: bigint | null
  readonly numericPrecision: number | null
  readonly numericScale: number | null
  readonly fractionDigits: number
  /** null for what is not text. */
  readonly charset: string | null
  readonly collation: string | null
  readonly autoIncrement: boolean
  readonly generated: boolean
  readonly updatesItself: boolean
}

export interface SourceIndex {
  readonly name: string
  readonly unique: boolean
  readonly kind: 'btree' | 'fulltext' | 'spatial' | 'other'
  /** `prefix`: only that many characters are indexed; null: the whole value. An expression's `column` is null. */
  readonly parts: readonly { readonly column: string | null; readonly prefix: number | null }[]
}

export interface SourceForeignKey {
  readonly name: string
  readonly columns: readonly string[]
  readonly refTable: string
  readonly refColumns: readonly string[]
  /** True when the table it names is in another database. */
  readonly elsewhere: boolean
  readonly onDelete: string
  readonly onUpdate: string
}

export interface SourceTable {
  readonly name: string
  readonly columns: readonly SourceColumn[]
  readonly primaryKey: readonly string[]
  readonly indexes: readonly SourceIndex[]
  readonly foreignKeys: readonly SourceForeignKey[]
  /** The next value of the AUTO_INCREMENT column; null without one. */
  readonly nextId: bigint | null
  /** As the server names it, such as `InnoDB`. */
  readonly engine: string
  readonly estimatedRows: number
  /** What the rows take at the source; 0 when it does not say. */
  readonly estimatedBytes: number
}

export interface SourceCatalog {
  readonly facts: SourceFacts
  readonly tables: readonly SourceTable[]
  /** What the source has and a copy does not carry, a sentence each. */
  readonly notes: readonly string[]
}
