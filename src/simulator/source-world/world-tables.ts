import type { Outline } from './outline.ts'
import type { TableRows } from './rows.ts'
import { accessTables } from './tables/access.ts'
import { accountTables } from './tables/accounts.ts'
import { applicationTables } from './tables/applications.ts'
import { billingTables } from './tables/billing.ts'
import { bookkeepingTables } from './tables/bookkeeping.ts'
import { cmsTables } from './tables/cms.ts'
import { deadTables } from './tables/dead.ts'
import { gatewayTables } from './tables/gateways.ts'
import { historyTables } from './tables/history.ts'
import { legalTermTables } from './tables/legal-terms.ts'
import { messageTables } from './tables/messages.ts'
import { planTables } from './tables/plans.ts'
import { proxyConfigTables } from './tables/proxy-configs.ts'
import { settingTables } from './tables/settings.ts'
import { tagTables } from './tables/tags.ts'
import { serviceTables } from './tables/services.ts'

/** Every table of the outline's release with its rows. A table of the release that nobody fills is a bug. */
export function worldTables(outline: Outline): TableRows[] {
  const made = [
    accountTables,
    settingTables,
    accessTables,
    serviceTables,
    gatewayTables,
    proxyConfigTables,
    planTables,
    applicationTables,
    billingTables,
    cmsTables,
    messageTables,
    historyTables,
    tagTables,
    legalTermTables,
    deadTables,
    bookkeepingTables,
  ].flatMap((tables) => tables(outline))
  const filled = new Set(made.map((source) => source.table))
  const forgotten = outline.tableNames.filter((name) => !filled.has(name))
  if (forgotten.length > 0) throw new Error(`bug: nothing fills ${forgotten.join(', ')}`)
  return made.filter((source) => outline.has(source.table))
}
