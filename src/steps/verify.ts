import type { ConfirmResult, Measurement, Step, StepContext } from '../ports/step.ts'
import { differencesBetween } from './baseline.ts'
import { compareAnswers } from './confirm-3scale.ts'
import { wholeDeclaration } from './declaration.ts'
import { withDeclaredChanges } from './declared-changes.ts'
import { measure, measureNone } from './measure.ts'
import { domainOf } from './places.ts'
import { writeRecord } from './records.ts'
import { redisDump } from './redis-dump.ts'
import { compareCounters, redisMove } from './restore-redis.ts'
import type { Tools } from './tools.ts'
import { verifyDatabase } from './verify-database.ts'

/** In the migration's folder: for `threeshift db verify --declared`. */
const declarationFile = 'declared.json'
/** Pages that answer whoever asks, logged in or not: of the admin portal, and of the developer portal. */
const pages = { admin: '/p/login', developer: '/' } as const

/** Step 24: everything that was proven on the way is proven once more from end to end, where the customer will use it. */
export function verify(tools: Tools): Step {
  return {
    check: async () => ({ kind: 'needed', says: 'the comparison is made anew each time' }),
    explain: async () => ({
      summary: 'Databases, counters, answers and routes of both ends are compared. Nothing is changed.',
      diff: [],
    }),
    apply: async () => ({ says: 'nothing is to be changed', facts: {} }),

    async confirm(context) {
      const { before, after } = await compareAnswers(tools, context)
      const { expected, notCompared } = await withDeclaredChanges(tools, context, { before, after })
      const declared = await wholeDeclaration(tools, context)
      await writeRecord(tools, declarationFile, declared)
      const database = await verifyDatabase(tools, context, declared)
      const counters = await countersOf(tools, context)
      const portals = await callPortals(tools, context)
      const measured = [
        measure('tenants that answer', before.tenants.length, after.tenants.length),
        measureNone('answers that differ', differencesBetween(expected, after), 20),
        ...database.measured,
        ...counters.measured,
        ...portals.measured,
      ]
      const notChecked = [
        ...before.unasked.map(({ tenant, why }) => `the answers of tenant ${tenant}: ${why}`),
        ...notCompared,
        ...portals.notCalled,
        ...database.report.notChecked,
        'logins of people, and mail',
        'clients, gateways and identity providers outside of 3scale',
      ]
      const verdict = measured.every(({ equal }) => equal) ? 'equal' : 'different'
      return {
        says: `${verdict}: ${after.tenants.length} tenants asked; ${database.says}; ${counters.says}. Not checked: ${notChecked.join('; ')}`,
        measured,
        facts: {
          verdict,
          notChecked,
          declared: { changes: declared.changes.length, ...database.report.declaration },
          digests: database.report.tables.map(({ name, rows, targetRows, targetDigest }) => ({
            table: name,
            rows,
            rowsAtDestination: targetRows,
            digest: targetDigest,
          })),
        },
      }
    },
  }
}

/** Both portals of every tenant, through the destination's router; hosts of a domain of the tenant's own lead elsewhere yet. */
async function callPortals(
  tools: Tools,
  { migration, signal }: StepContext,
): Promise<{ readonly measured: readonly Measurement[]; readonly notCalled: readonly string[] }> {
  const database = await tools.database(migration.destination.database)
  const tenants = (await tools.threescaleDatabase.tenants(database, { signal })).filter(
    ({ state }) => state === 'approved',
  )
  const below = `.${domainOf(migration, 'destination')}`
  const silent: string[] = []
  const notCalled: string[] = []
  let called = 0
  for (const { adminHost, portalHost } of tenants) {
    for (const [host, page] of [
      [adminHost, pages.admin],
      [portalHost, pages.developer],
    ] as const) {
      if (!host.endsWith(below)) {
        notCalled.push(`the portal ${host}, whose domain is the tenant's own`)
        continue
      }
      called++
      const { status } = await tools.threescale.status(tools.portal('destination', host), page, { signal })
      if (status >= 500 || status === 404) silent.push(`${host} (${status})`)
    }
  }
  return {
    measured: [measure('portals were called', true, called > 0), measureNone('portals that do not answer', silent, 20)],
    notCalled,
  }
}

/** Where RHOAM's Redis is reached from its cluster only, 3scale's own answers are all that there is to compare. */
async function countersOf(tools: Tools, context: StepContext): Promise<Pick<ConfirmResult, 'says' | 'measured'>> {
  if (context.migration.destination.redis.restoredBy === 'snapshot')
    return { says: "counters compared by 3scale's statistics, and not key by key", measured: [] }
  return compareCounters(tools, await redisMove(tools, context, await redisDump(tools, context)))
}
