import type { Decisions } from '../../src/model/decision.ts'
import type { CopyLimits } from '../../src/movers/system-database/copy/plan-ranges.ts'
import type { Databases } from './databases.ts'

/** With these even the tables of a test are divided into ranges and chunks. */
export const smallLimits: CopyLimits = {
  smallTableBytes: 64 * 1024,
  wholeTableBytes: 1024 ** 2,
  rangeBytes: 4 * 1024 ** 2,
  chunkBytes: 256 * 1024,
}

/** Enough for every value of a ranged world. */
export const rangedDecisions: Decisions = {
  'zero-date': 'null',
  'nul-byte': 'replace',
  'boolean-out-of-range': 'quarantine',
  orphan: 'quarantine',
}

export interface RangedWorld {
  readonly tables: readonly string[]
  /** Tables that `smallLimits` divides. */
  readonly ranged: readonly string[]
  readonly rows: number
  /** Cells that the decisions change, and rows that they set aside. */
  readonly changed: number
  readonly setAside: number
}

/**
 * Fills a source: ten small tables, two large ones with whole numbers as keys, one with a text key, one with a key of two
 * columns, one without any; foreign keys; and values of every kind of decision.
 */
export async function fillRangedWorld(databases: Databases, thousands: number): Promise<RangedWorld> {
  const n = thousands * 1000
  const small = Array.from({ length: 10 }, (_, i) => `small_${i}`)
  await databases.mysql(
    ...small.flatMap((name) => [
      `CREATE TABLE ${name} (id bigint NOT NULL AUTO_INCREMENT PRIMARY KEY, name varchar(40), parent_id bigint, KEY (name))`,
      `INSERT INTO ${name} SELECT seq, md5(seq), 1 + seq MOD 100 FROM seq_1_to_200`,
    ]),
    'ALTER TABLE small_1 ADD CONSTRAINT small_parent FOREIGN KEY (parent_id) REFERENCES small_0 (id)',
    'SET foreign_key_checks = 0',
    'UPDATE small_1 SET parent_id = 999999 WHERE id IN (7, 70)',
    'SET foreign_key_checks = 1',
    `CREATE TABLE events (id bigint NOT NULL AUTO_INCREMENT PRIMARY KEY, parent_id bigint, at datetime, body varchar(120),
      KEY by_parent (parent_id), KEY by_time (at), CONSTRAINT event_parent FOREIGN KEY (parent_id) REFERENCES small_0 (id))`,
    `INSERT INTO events SELECT seq, 1 + seq MOD 200, IF(seq MOD 1000 = 7, '0000-00-00', '2024-01-01' + INTERVAL seq SECOND),
      concat(md5(seq), md5(seq + 1)) FROM seq_1_to_${n}`,
    'CREATE TABLE notes (id int PRIMARY KEY, n int, note text, KEY by_n (n))',
    `INSERT INTO notes SELECT seq * 3, seq MOD 5000, IF(seq MOD 700 = 3, concat('a', char(0), md5(seq)), concat(md5(seq), md5(-seq)))
      FROM seq_1_to_${n}`,
    'CREATE TABLE texts (k varchar(60) PRIMARY KEY, v int)',
    `INSERT INTO texts SELECT concat('key ', md5(seq)), seq FROM seq_1_to_${n / 2}`,
    'CREATE TABLE pairs (a int, b varchar(20), flag tinyint(1), v varchar(60), PRIMARY KEY (a, b))',
    `INSERT INTO pairs SELECT seq DIV 100, concat('b', seq MOD 100), IF(seq MOD 900 = 5, 7, seq MOD 2), md5(seq)
      FROM seq_1_to_${n / 2}`,
    'CREATE TABLE keyless (a int, b varchar(40))',
    'INSERT INTO keyless SELECT seq MOD 1000, md5(seq MOD 1000) FROM seq_1_to_5000',
    // The copy goes by the server's estimates.
    'ANALYZE TABLE events, notes, texts, pairs, keyless',
  )
  return {
    tables: [...small, 'events', 'notes', 'texts', 'pairs', 'keyless'],
    ranged: ['events', 'notes', 'texts', 'pairs'],
    rows: 10 * 200 + 3 * n + 5000,
    changed: matching(1000, 7, n) + matching(700, 3, n),
    setAside: matching(900, 5, n / 2) + 2,
  }
}

/** How many of the numbers from 1 to `of` leave `rest` when divided by `every`. */
function matching(every: number, rest: number, of: number): number {
  return Math.floor((of - rest) / every) + 1
}
