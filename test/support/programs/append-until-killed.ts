import process from 'node:process'
import { Pool } from 'pg'
import { systemClock } from '../../../src/base/clock.ts'
import { databaseJournal } from '../../../src/engine/journal/append.ts'
import { poolDatabase } from '../pool-database.ts'
import { loadOrCreateKey } from '../../../src/evidence/key-file.ts'

/* Appends to the journal of `acme` until it is killed; says each number when it is stored. URL, KEYS, NAME: environment. */
const { URL: url = '', KEYS = '', NAME = '' } = process.env
const pool = new Pool({ connectionString: url, max: 4 })
const journal = databaseJournal(poolDatabase(pool), () => loadOrCreateKey(KEYS, 'control-plane'), systemClock)
for (let number = 0; ; number += 1) {
  await journal.append({
    key: `${NAME} ${number}`,
    migration: 'acme',
    party: 'rhoam-eng',
    actor: NAME,
    row: 'dump',
    verb: 'apply',
    generation: 1,
    kind: 'verb-started',
    body: { attempt: number },
  })
  process.stdout.write(`${number}\n`)
}
