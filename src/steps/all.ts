import type { RowId } from '../model/row-id.ts'
import type { Step } from '../ports/step.ts'
import { accessConfirmed, accessGranted, accessNarrowed } from './access.ts'
import { backupPostgres } from './backup-postgres.ts'
import { confirmThreescale } from './confirm-3scale.ts'
import { convertToPostgres } from './convert-to-postgres.ts'
import { defaultTenant } from './default-tenant.ts'
import { customDomain, destinationIdp, rhoamFreeze, rhoamInstall } from './destination-prerequisites.ts'
import { dump } from './dump.ts'
import { enterprisePlan } from './enterprise-plan.ts'
import { exchangeBucket } from './exchange-bucket.ts'
import { exchangeConfirmed } from './exchange-confirmed.ts'
import { exchangeGranted } from './exchange-granted.ts'
import { fileStorage } from './file-storage.ts'
import { loadSystemDatabase } from './load-system-database.ts'
import { migrationClusterReady } from './migration-cluster-ready.ts'
import { migrationDatabases } from './migration-databases.ts'
import { newRoutes } from './new-routes.ts'
import { plugIn } from './plug-in.ts'
import { quiesce } from './quiesce.ts'
import { renameHosts } from './rename-hosts.ts'
import { restoreRedis } from './restore-redis.ts'
import { rhoamComplete, rhoamScaleUp } from './rhoam.ts'
import { rollbackReady } from './rollback-ready.ts'
import { routesToDestination } from './routes-to-destination.ts'
import { scaleUpDestination } from './scale-up-destination.ts'
import { scaleUpOnMigration } from './scale-up.ts'
import { secretsToDestination } from './secrets-to-destination.ts'
import { seedDestination } from './seed-destination.ts'
import { publishSso, ssoIntegration } from './sso.ts'
import { standaloneVpc } from './standalone-vpc.ts'
import { stopThreescale } from './scale-down.ts'
import type { Tools } from './tools.ts'
import { upgradeMysql } from './upgrade-mysql.ts'
import { upgradeThreescale } from './upgrade-3scale.ts'
import { verify } from './verify.ts'
import { workspace } from './workspace.ts'

/** The work of every row of the runbook; the compiler sees that none is missing. */
const makers: Readonly<Record<RowId, (tools: Tools) => Step>> = {
  'access-granted': accessGranted,
  'access-confirmed': accessConfirmed,
  'migration-cluster-ready': migrationClusterReady,
  'standalone-vpc': standaloneVpc,
  'migration-databases': migrationDatabases,
  workspace,
  'exchange-bucket': exchangeBucket,
  'exchange-granted': exchangeGranted,
  'exchange-confirmed': exchangeConfirmed,
  'destination-idp': destinationIdp,
  'custom-domain': customDomain,
  'rhoam-install': rhoamInstall,
  'rhoam-freeze': rhoamFreeze,
  'access-narrowed': accessNarrowed,
  'rollback-ready': rollbackReady,
  quiesce,
  dump,
  'load-system-database': loadSystemDatabase,
  'upgrade-mysql': upgradeMysql,
  'convert-to-postgres': convertToPostgres,
  'routes-to-migration': (tools) => renameHosts(tools, 'source', 'migration'),
  'scale-down': (tools) => stopThreescale(tools, 'migration'),
  'plug-in': plugIn,
  'scale-up': scaleUpOnMigration,
  'upgrade-3scale': upgradeThreescale,
  'routes-to-destination': routesToDestination,
  'backup-postgres': backupPostgres,
  'seed-destination': seedDestination,
  'restore-redis': restoreRedis,
  'file-storage': fileStorage,
  'secrets-to-destination': secretsToDestination,
  'scale-up-destination': scaleUpDestination,
  'enterprise-plan': enterprisePlan,
  'confirm-3scale': confirmThreescale,
  'default-tenant': defaultTenant,
  'rhoam-scale-up': rhoamScaleUp,
  'rhoam-complete': rhoamComplete,
  'sso-integration': ssoIntegration,
  'publish-sso': publishSso,
  verify,
  'new-routes': newRoutes,
}

/** The steps of all rows, on these tools. Nothing is connected before a verb asks for it. */
export function allSteps(tools: Tools): ReadonlyMap<RowId, Step> {
  // The keys of the table are row ids, which `Object.entries` forgets.
  return new Map(Object.entries(makers).map(([id, make]) => [id as RowId, make(tools)]))
}
