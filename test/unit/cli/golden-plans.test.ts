import { test } from 'node:test'
import { planJson } from '../../../src/cli/plan-json.ts'
import { planTable } from '../../../src/cli/plan-table.ts'
import { accessLevels } from '../../../src/model/party.ts'
import { compile } from '../../../src/runbook/compile.ts'
import { runbook } from '../../../src/runbook/rows.ts'
import { matchesGolden } from '../../support/golden.ts'
import { type MigrationTraits, migrationWith } from '../../support/migrations.ts'

const sources: Readonly<Record<string, MigrationTraits>> = {
  'mysql-5.7': { databaseKind: 'mysql', databaseVersion: '5.7', customDomain: 'api.example.com' },
  'mysql-8': { databaseKind: 'mysql', databaseVersion: '8.0' },
  mariadb: { databaseKind: 'mariadb', databaseVersion: '10.6' },
  postgresql: { databaseKind: 'postgresql', databaseVersion: '13', release: '2.16' },
  oracle: { databaseKind: 'oracle', databaseVersion: '19', release: '2.11' },
}

for (const accessLevel of accessLevels) {
  for (const [source, traits] of Object.entries(sources)) {
    test(`the plan for ${accessLevel} access and a ${source} source is the one on file`, () => {
      const plan = compile(runbook, migrationWith({ ...traits, accessLevel }))
      const table = planTable(plan, { paint: (_, text) => text, columns: Infinity })
      matchesGolden(`plan/${accessLevel}.${source}.txt`, table)
      matchesGolden(`plan/${accessLevel}.${source}.json`, `${JSON.stringify(planJson(plan), null, 2)}\n`)
    })
  }
}
