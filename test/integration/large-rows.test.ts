import assert from 'node:assert/strict'
import { rmSync } from 'node:fs'
import { after, test } from 'node:test'
import { runDb } from '../support/db-kills.ts'
import { freshDatabases } from '../support/databases.ts'
import { temporaryFolder, withServers } from '../support/servers.ts'

const megabytes = 200

// A row has to fit into a packet at the source; the log, ten times over.
const servers = withServers({
  mariadb: { 'max-allowed-packet': '1G', 'innodb-log-file-size': '3G' },
  postgres: true,
})
const folder = temporaryFolder()
after(() => rmSync(folder, { recursive: true, force: true }))

test(`a row of ${megabytes} MB, half of it text and half bytes, is copied and found equal`, async () => {
  const databases = await freshDatabases(servers)
  // No two stretches of 128 digits are the same, so that nothing is found equal by its beginning.
  await databases.mysql(
    'CREATE TABLE large (id int NOT NULL PRIMARY KEY, t longtext CHARACTER SET utf8mb4, b longblob)',
    'SET SESSION group_concat_max_len = 1048576',
    "SET @digits = (SELECT LEFT(GROUP_CONCAT(SHA2(seq, 512) ORDER BY seq SEPARATOR ''), 1000000) FROM seq_1_to_8000)",
    "INSERT INTO large VALUES (1, 'first', NULL), (3, NULL, 'last')",
    `INSERT INTO large SELECT 2, CONCAT(REPEAT(@digits, ${megabytes / 2}), 'é'), REPEAT(UNHEX(@digits), ${megabytes})`,
  )
  const copied = await runDb({ databases, folder }, ['copy', '--streams', '2'])
  assert.equal(copied.code, 0, copied.stderr.slice(-2000))
  const equal = await runDb({ databases, folder }, ['verify'])
  assert.equal(equal.code, 0, JSON.stringify(equal.result))
  // A row is held whole, once as it came and once as it goes; nothing is held more often.
  for (const { stderr } of [copied, equal]) {
    const { maxRssKb } = JSON.parse(stderr.trimEnd().split('\n').at(-1) ?? '')
    assert.ok(maxRssKb < (2.5 * megabytes + 150) * 1024, `${maxRssKb} kB`)
  }
  const [sizes] = await databases.postgres('SELECT length(t), octet_length(t), octet_length(b) FROM large WHERE id = 2')
  assert.deepEqual(sizes, ['100000001', '100000002', '100000000'])
  // The last byte of each value is looked at too.
  await databases.postgres('UPDATE large SET b = set_byte(b, 99999999, 7) WHERE id = 2')
  const changed = await runDb({ databases, folder }, ['verify'])
  assert.equal(changed.code, 2, changed.stderr.slice(-2000))
  assert.deepEqual(changed.result['differences'], [{ kind: 'changed-row', table: 'large', key: '2', columns: ['b'] }])
})
