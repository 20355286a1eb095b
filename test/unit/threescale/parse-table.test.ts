import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseTable } from '../../../src/threescale/schema/parse-table.ts'

describe('the table notation', () => {
  it('reads every kind of line', () => {
    const table = parseTable(
      'things',
      `
      table collate utf8mb4_bin since 2.12 until 2.15
      id     id
      name   string(40) not null default 'it is; so' collate utf8mb4_general_ci
      price  decimal(20,4) default 0 until 2.13
      primary key (id, name) since 2.14
      index (name) mysql prefix 10
      unique (name, price) named by_price mysql only until 2.13
      foreign key (name) references others named fk_1 on delete set null
      `,
    )
    assert.deepEqual(table, {
      name: 'things',
      range: { since: '2.12', until: '2.15' },
      collation: 'utf8mb4_bin',
      columns: [
        { name: 'id', range: {}, kind: 'id', nullable: false, default: null, collation: null },
        {
          name: 'name',
          range: {},
          kind: 'string(40)',
          nullable: false,
          default: 'it is; so',
          collation: 'utf8mb4_general_ci',
        },
        {
          name: 'price',
          range: { until: '2.13' },
          kind: 'decimal(20,4)',
          nullable: true,
          default: '0',
          collation: null,
        },
      ],
      primaryKeys: [{ range: { since: '2.14' }, columns: ['id', 'name'] }],
      indexes: [
        {
          name: 'index_things_on_name',
          range: {},
          unique: false,
          columns: ['name'],
          mysqlPrefix: 10,
          mysqlOnly: false,
        },
        {
          name: 'by_price',
          range: { until: '2.13' },
          unique: true,
          columns: ['name', 'price'],
          mysqlPrefix: null,
          mysqlOnly: true,
        },
      ],
      foreignKeys: [{ name: 'fk_1', range: {}, column: 'name', references: 'others', onDelete: 'set null' }],
    })
  })

  it('tells an empty default from none', () => {
    const { columns } = parseTable('things', "a string default ''\nb string")
    assert.deepEqual(
      columns.map((column) => column.default),
      ['', null],
    )
  })

  for (const line of [
    'name varchar(40)',
    'name string null',
    'name string not  null',
    'name string default it is',
    'index name',
    'index (name) since 2.12 since 2.13',
    'foreign key (a) references b',
    'primary key a',
    'name string # remark',
  ]) {
    it(`refuses "${line}" and quotes it`, () => {
      assert.throws(
        () => parseTable('things', line),
        (error) => error instanceof Error && error.message.includes('things') && error.message.endsWith(line),
      )
    })
  }

  it('refuses a release that there is not', () => {
    assert.throws(() => parseTable('things', 'name string since 2.10'), /2\.10 is no release/)
  })
})
