/** A PostgreSQL schema as data: what is planned, and (read by `readPostgresCatalog`) what is there. */
export interface TargetSchema {
  readonly tables: readonly TargetTable[]
}

export interface TargetTable {
  readonly name: string
  readonly columns: readonly TargetColumn[]
  readonly primaryKey: TargetKey | null
  readonly indexes: readonly TargetIndex[]
  readonly foreignKeys: readonly TargetForeignKey[]
  readonly sequence: TargetSequence | null
  /** Names of the row triggers. */
  readonly triggers: readonly string[]
  /** What no plan has and what weakens a table: a disabled trigger, a partial index; a sentence each. */
  readonly peculiarities: readonly string[]
}

export interface TargetColumn {
  readonly name: string
  /** As PostgreSQL's format_type prints it, such as `character varying(255)`. */
  readonly type: string
  readonly nullable: boolean
  readonly default: TargetDefault | null
}

/** A literal is the bare value: `false`, `0.0`, `fix`. */
export type TargetDefault =
  | { readonly kind: 'literal'; readonly value: string }
  | { readonly kind: 'expression'; readonly sql: string }

export interface TargetKey {
  readonly name: string
  readonly columns: readonly string[]
}

export interface TargetIndex {
  readonly name: string
  readonly unique: boolean
  readonly parts: readonly TargetIndexPart[]
  /**
   * For what is more than a btree over the parts: all that follows the table in its definition, such as
   * ` USING gin (tags) WHERE (id > 5)`; else null.
   */
  readonly special: string | null
}

/** `prefix`: the first characters (bytes of a bytea) only. `other`: what a plan never has. */
export type TargetIndexPart =
  | { readonly kind: 'column'; readonly column: string }
  | { readonly kind: 'prefix'; readonly column: string; readonly length: number; readonly bytes: boolean }
  | { readonly kind: 'other'; readonly sql: string }

export interface TargetForeignKey {
  readonly name: string
  readonly columns: readonly string[]
  readonly refTable: string
  readonly refColumns: readonly string[]
  readonly onDelete: ForeignKeyAction
  readonly onUpdate: ForeignKeyAction
}

export type ForeignKeyAction = 'no action' | 'cascade' | 'set null' | 'set default' | 'restrict'

export interface TargetSequence {
  readonly name: string
  readonly column: string
  /** The value that the next insert gets; from AUTO_INCREMENT, never below max(id) + 1. */
  readonly next: bigint
}

/** Quotes a PostgreSQL identifier. */
export function quotePostgres(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

/** Quotes a PostgreSQL string literal. */
export function literal(value: string): string {
  const quoted = `'${value.replaceAll("'", "''")}'`
  return value.includes('\\') ? ` E${quoted.replaceAll('\\', '\\\\')}` : quoted
}
