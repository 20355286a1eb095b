import type { Difference } from '../../../ports/system-database.ts'
import { TupleFields } from '../../../wire/postgres/tuple-fields.ts'
import { type DomainChange, isRename } from '../../host-names/is-rename.ts'
import type { PostgresTarget } from '../postgres-target.ts'
import { literal } from '../schema/target-schema.ts'
import { EntryIndex } from './entry-index.ts'
import { changedAt, type EntryPacker, fieldsOf, type GrowingEntries, saysBoth } from './packed-entries.ts'

// More than a report lists.
const mostUntrue = 100

/** One cell in the account of renamed hosts: each change of domain that it went through, in order. */
interface RenamedCell {
  readonly key: Buffer
  readonly column: string
  readonly links: { readonly before: Buffer; readonly after: Buffer; readonly change: DomainChange }[]
}

export interface ReadRenames {
  /** Entries that were added. */
  readonly added: number
  /** What the account says and cannot be true, whatever the rows hold. */
  readonly untrue: readonly Difference[]
}

/**
 * Adds an entry per renamed cell of a table to those of the copy: what it was before the first change of domain and after
 * the last. One whose value the copy had changed already becomes one entry with that.
 *
 * Each cell is held against the declared changes of domain: the account alone makes nothing a renamed host. The session must
 * be in the snapshot in which the rows will be read; memory does not grow with what the cells hold.
 */
export async function readRenames(
  target: PostgresTarget,
  table: string,
  changes: readonly DomainChange[],
  packer: EntryPacker,
  all: GrowingEntries,
): Promise<ReadRenames> {
  const renames = new Renames(table, packer, all)
  const doing = `reading the renamed hosts of ${table}`
  const hops = changes.map(({ from, to }, place) => `(${literal(from)}, ${literal(to)}, ${place})`).join(', ')
  const of = `threeshift.renamed_host r LEFT JOIN (VALUES ${hops}) hop (from_domain, to_domain, place) USING (from_domain, to_domain)
    WHERE r.table_name = ${literal(table)}`
  const strangers = await target.query(
    `SELECT from_domain, to_domain, count(*) FROM ${of} AND hop.place IS NULL GROUP BY 1, 2`,
    doing,
  )
  for (const [from, to, cells] of strangers) {
    renames.refuse('', '', `${cells} cells were renamed from ${from} to ${to}, which nobody declared`)
  }
  const rows = await target.copyRows(
    `COPY (SELECT r.id::text, r.column_name, hop.place::text, r.before, r.after FROM ${of} AND hop.place IS NOT NULL
      ORDER BY r.id, r.column_name, hop.place) TO STDOUT (FORMAT binary)`,
    doing,
  )
  const fields = new TupleFields(5)
  let cell: RenamedCell | null = null
  try {
    while (await rows.more()) {
      while (rows.next()) {
        fields.parse(rows.bytes, rows.start, rows.end)
        const [id, column, place, before, after] = fieldsOf(fields, rows.bytes)
        const change = changes[Number(place?.toString('latin1'))]
        if (!id || !column || !before || !after || change === undefined)
          throw new Error('bug: a renamed cell is not whole')
        const name = column.toString('utf8')
        if (cell === null || cell.column !== name || !cell.key.equals(id)) {
          if (cell !== null) renames.add(cell)
          cell = { key: Buffer.from(id), column: name, links: [] }
        }
        cell.links.push({ before: Buffer.from(before), after: Buffer.from(after), change })
      }
    }
    if (cell !== null) renames.add(cell)
  } finally {
    rows.abandon()
  }
  return renames
}

class Renames implements ReadRenames {
  readonly untrue: Difference[] = []
  added = 0
  readonly #table: string
  readonly #packer: EntryPacker
  readonly #all: GrowingEntries
  readonly #copied: EntryIndex

  constructor(table: string, packer: EntryPacker, all: GrowingEntries) {
    this.#table = table
    this.#packer = packer
    this.#all = all
    const entries = all.entries()
    const kinds = [...packer.kinds]
    this.#copied = new EntryIndex(
      entries,
      changedAt.targetKey,
      (entry) => kinds[entries.words[entry + changedAt.kind] ?? 0]?.position ?? -1,
    )
  }

  add({ key, column, links }: RenamedCell): void {
    const [first, last] = [links[0], links.at(-1)]
    if (first === undefined || last === undefined) throw new Error('bug: a renamed cell without a change')
    const name = key.toString('latin1')
    for (const [i, { before, after, change }] of links.entries()) {
      if (!isRename(before.toString('utf8'), after.toString('utf8'), change)) {
        this.refuse(name, column, 'more than host names is called renamed')
      } else if (links[i + 1]?.before.equals(after) === false) {
        this.refuse(name, column, 'something else was renamed later than had come of it')
      }
    }
    const packer = this.#packer
    const [high, low] = packer.keyWords(key)
    const at = this.#copied.take(high, low, packer.positionOf(column))
    if (at >= 0) {
      const { words } = this.#all.entries()
      const held = at + changedAt.targetCell
      const had = words.slice(held, held + 4)
      packer.putCell(first.before, words, held)
      if (had.some((word, i) => word !== words[held + i])) {
        this.refuse(name, column, 'something else was renamed than the copy had written')
      }
      packer.putCell(last.after, words, held)
      return
    }
    const entry = this.#all.add()
    packer.putKey(key, entry.words, entry.at + changedAt.sourceKey)
    packer.putKey(key, entry.words, entry.at + changedAt.targetKey)
    packer.putCell(first.before, entry.words, entry.at + changedAt.sourceCell)
    packer.putCell(last.after, entry.words, entry.at + changedAt.targetCell)
    entry.words[entry.at + changedAt.kind] = packer.kindNumber(column, 'renamed', 'rename', saysBoth)
    this.added++
  }

  refuse(key: string, column: string, says: string): void {
    if (this.untrue.length < mostUntrue) this.untrue.push({ kind: 'ledger', table: this.#table, key, column, says })
  }
}
