import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { catalogOf } from '../../../src/threescale/catalog.ts'
import { mysqlSchema } from '../../../src/threescale/mysql-schema.ts'
import { releases } from '../../../src/threescale/releases.ts'

const statementFor = (release: (typeof releases)[number], table: string) => {
  const found = mysqlSchema(release).find((statement) => statement.startsWith(`CREATE TABLE \`${table}\``))
  assert.ok(found, table)
  return found
}

describe('the MySQL schema', () => {
  for (const release of releases) {
    it(`makes each table of ${release} once, then its foreign keys`, () => {
      const statements = mysqlSchema(release)
      const tables = catalogOf(release)
      const kinds = statements.map((statement) => /^(CREATE TABLE|ALTER TABLE)/.exec(statement)?.[1])
      const keys = tables.flatMap(({ foreignKeys }) => foreignKeys)
      assert.deepEqual(kinds, [...tables.map(() => 'CREATE TABLE'), ...keys.map(() => 'ALTER TABLE')])
      assert.equal(new Set(statements).size, statements.length)
    })
  }

  it('writes a table as its source has it', () => {
    assert.equal(
      statementFor('2.16', 'access_tokens'),
      `CREATE TABLE \`access_tokens\` (
  \`id\` bigint(20) NOT NULL AUTO_INCREMENT,
  \`owner_id\` bigint(20) NOT NULL,
  \`scopes\` text NULL,
  \`value\` varchar(255) NOT NULL,
  \`name\` varchar(255) NOT NULL,
  \`permission\` varchar(255) NOT NULL,
  \`tenant_id\` bigint(20) NULL,
  \`created_at\` datetime NULL,
  \`updated_at\` datetime NULL,
  \`expires_at\` datetime NULL,
  PRIMARY KEY (\`id\`),
  KEY \`idx_auth_tokens_of_user\` (\`owner_id\`),
  UNIQUE KEY \`idx_value_auth_tokens_of_user\` (\`value\`, \`owner_id\`)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb3 COLLATE=utf8mb3_bin`,
    )
  })

  it('writes defaults as MySQL does: booleans as digits, text quoted, numbers bare', () => {
    const proxies = statementFor('2.16', 'proxies')
    assert.match(proxies, /`apicast_configuration_driven` tinyint\(1\) NOT NULL DEFAULT 1,/)
    assert.match(proxies, /`error_headers_no_match` varchar\(255\) NOT NULL DEFAULT 'text\/plain; charset=us-ascii',/)
    assert.match(proxies, /`lock_version` bigint\(20\) NOT NULL DEFAULT 0,/)
  })

  it('keeps collations, prefixes and what happens on delete', () => {
    assert.match(
      statementFor('2.12', 'email_configurations'),
      /`email` varchar\(255\) CHARACTER SET utf8mb3 COLLATE utf8mb3_general_ci NOT NULL,/,
    )
    assert.match(statementFor('2.16', 'annotations'), /CHARSET=utf8mb4 COLLATE=utf8mb4_bin$/)
    assert.match(statementFor('2.11', 'cinstances'), /KEY `index_cinstances_on_user_key` \(`user_key`\(255\)\)/)
    const userKey = mysqlSchema('2.16').find((statement) => statement.includes('fk_rails_7508cee9be'))
    assert.match(userKey ?? '', /REFERENCES `users` \(`id`\) ON DELETE SET NULL$/)
  })

  it('leaves out the primary key that two tables did not have until 2.13', () => {
    assert.doesNotMatch(statementFor('2.13', 'features_plans'), /PRIMARY KEY/)
    assert.match(statementFor('2.14', 'features_plans'), /PRIMARY KEY \(`plan_id`, `feature_id`\)/)
  })
})
