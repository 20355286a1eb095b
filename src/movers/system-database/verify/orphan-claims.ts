import type { Difference } from '../../../ports/system-database.ts'
import type { CanonicalRow } from './canonical-row.ts'
import type { PostgresTarget } from '../postgres-target.ts'
import type { SourceForeignKey } from '../schema/source-catalog.ts'
import { describeKey, type TableMove } from '../table-move.ts'
import { quotePostgres } from '../schema/target-schema.ts'

const blockBytes = 64 * 1024
const claimsAtOnce = 2000

/** The ledger says that `column` of the row `key` named a row that is not there: `parents`, by foreign key. */
interface OrphanClaim {
  readonly key: string
  readonly column: string
  readonly parents: readonly (readonly (string | null)[])[]
}

/**
 * What the ledger calls orphans, kept until the target's session is free to look for their parents.
 *
 * Kept as lines of JSON in blocks of bytes: some 40 bytes each.
 */
export class OrphanClaims {
  readonly #move: TableMove
  readonly #blocks: Buffer[] = []
  #lines: string[] = []
  #length = 0

  constructor(move: TableMove) {
    this.#move = move
  }

  /** The row must not be masked. */
  add(row: CanonicalRow, key: string, column: string): void {
    const parents = foreignKeysOf(this.#move, column).map((foreignKey) =>
      foreignKey.columns.map((name) => {
        const position = this.#move.columns.findIndex(({ source }) => source.name === name)
        return row.cell(position)?.toString('utf8') ?? null
      }),
    )
    const line = JSON.stringify([key, column, parents])
    this.#lines.push(line)
    this.#length += line.length
    if (this.#length >= blockBytes) this.#pack()
  }

  /** The claims whose parents are all there: no orphans. At most `most` of them are looked for. */
  async disprove(target: PostgresTarget, most: number): Promise<readonly Difference[]> {
    this.#pack()
    const differences: Difference[] = []
    for (const block of this.#blocks) {
      const claims = block.toString('utf8').split('\n').map(claimOf)
      for (let at = 0; at < claims.length && differences.length < most; at += claimsAtOnce) {
        differences.push(...(await this.#disproveSome(target, claims.slice(at, at + claimsAtOnce))))
      }
    }
    return differences.slice(0, most)
  }

  async #disproveSome(target: PostgresTarget, claims: readonly OrphanClaim[]): Promise<readonly Difference[]> {
    const move = this.#move
    const dangling = new Set<OrphanClaim>()
    for (const [column, named] of Map.groupBy(claims, (claim) => claim.column)) {
      for (const [number, foreignKey] of foreignKeysOf(move, column).entries()) {
        const parents = named.map((claim) => claim.parents[number] ?? [])
        const found = await findParents(target, move, foreignKey, parents)
        for (const [i, claim] of named.entries()) if (!found.has(i)) dangling.add(claim)
      }
    }
    return claims.flatMap((claim): Difference[] => {
      if (dangling.has(claim)) return []
      const says = 'the ledger calls a row an orphan that is not'
      return [{ kind: 'ledger', table: move.name, key: describeKey(move, claim.key), column: claim.column, says }]
    })
  }

  #pack(): void {
    if (this.#lines.length > 0) this.#blocks.push(Buffer.from(this.#lines.join('\n'), 'utf8'))
    this.#lines = []
    this.#length = 0
  }
}

function foreignKeysOf(move: TableMove, column: string): readonly SourceForeignKey[] {
  return move.foreignKeys.filter((candidate) => candidate.columns.includes(column))
}

/** Which of the rows named by `parents` the target holds, by their place in the list. */
async function findParents(
  target: PostgresTarget,
  move: TableMove,
  foreignKey: SourceForeignKey,
  parents: readonly (readonly (string | null)[])[],
): Promise<ReadonlySet<number>> {
  const same = foreignKey.refColumns.map((name, i) => `parent.${quotePostgres(name)}::text = named.cells->>${i}`)
  const rows = await target.query(
    `SELECT named.place - 1 FROM json_array_elements($1::json) WITH ORDINALITY AS named (cells, place)
     WHERE EXISTS (SELECT FROM public.${quotePostgres(foreignKey.refTable)} parent WHERE ${same.join(' AND ')})`,
    `looking for the parents of orphans of ${move.name}`,
    // PostgreSQL holds no text with a NUL, so no such parent either.
    [JSON.stringify(parents.map((cells) => cells.map((cell) => (cell?.includes('\0') === true ? null : cell))))],
  )
  return new Set(rows.map(([place]) => Number(place)))
}

function claimOf(line: string): OrphanClaim {
  // Written by `add` in this very process.
  const [key, column, parents] = JSON.parse(line) as [string, string, OrphanClaim['parents']]
  return { key, column, parents }
}
