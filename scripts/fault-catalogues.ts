import { awsFaults } from '../src/adapters/aws/faults.ts'
import { openshiftFaults } from '../src/adapters/openshift/faults.ts'
import { programFaults } from '../src/adapters/programs/faults.ts'
import { catalogue as serverFaults } from '../src/adapters/servers/faults.ts'
import { threescaleFaults } from '../src/adapters/threescale/faults.ts'
import { partyAgentFaults } from '../src/agent/faults.ts'
import { rehearsalFaults } from '../src/app/rehearsal/faults.ts'
import type { FaultCatalogue } from '../src/base/fault.ts'
import { cliFaults } from '../src/cli/faults.ts'
import { ledgerFaults } from '../src/ledger/faults.ts'
import { agentFaults } from '../src/engine/agents/faults.ts'
import { engineFaults } from '../src/engine/faults.ts'
import { evidenceFaults } from '../src/evidence/faults.ts'
import { modelFaults } from '../src/model/faults.ts'
import { objectAddressFaults } from '../src/model/object-address.ts'
import { addressFaults } from '../src/model/parse-database-url.ts'
import { redisAddressFaults } from '../src/model/parse-redis-url.ts'
import { dumpFaults } from '../src/movers/dump/faults.ts'
import { exchangeFaults } from '../src/movers/exchange/faults.ts'
import { hostNamesFaults } from '../src/movers/host-names/faults.ts'
import { threescaleDatabaseFaults } from '../src/movers/threescale-database/faults.ts'
import { redisFaults } from '../src/movers/redis/faults.ts'
import { objectFaults } from '../src/movers/redis/object-faults.ts'
import { queueFaults } from '../src/movers/redis/queue-faults.ts'
import { systemDatabaseFaults } from '../src/movers/system-database/faults.ts'
import { clusterFaults } from '../src/simulator/cluster/faults.ts'
import { controlFaults } from '../src/server/faults.ts'
import { worldFaults } from '../src/simulator/source-world/faults.ts'
import { stepFaults } from '../src/steps/faults.ts'
import { rdbFaults } from '../src/wire/rdb/faults.ts'

/** Every area's catalogue, in the order of the reference page. A test finds a catalogue that is missing here. */
export const faultCatalogues: readonly { readonly title: string; readonly catalogue: FaultCatalogue }[] = [
  { title: 'Command line and files', catalogue: { ...cliFaults, ...modelFaults } },
  { title: 'Connection settings', catalogue: { ...addressFaults, ...redisAddressFaults, ...objectAddressFaults } },
  { title: 'System database', catalogue: systemDatabaseFaults },
  { title: 'Host names', catalogue: hostNamesFaults },
  { title: 'The database of 3scale', catalogue: threescaleDatabaseFaults },
  { title: 'Backend Redis', catalogue: redisFaults },
  { title: 'Redis snapshots', catalogue: rdbFaults },
  { title: 'Fetched objects', catalogue: objectFaults },
  { title: 'Job queues', catalogue: queueFaults },
  { title: 'Dumps', catalogue: dumpFaults },
  { title: 'Exchange', catalogue: exchangeFaults },
  { title: 'Ledger', catalogue: ledgerFaults },
  { title: 'Rows of the runbook', catalogue: stepFaults },
  { title: 'Rehearsal', catalogue: rehearsalFaults },
  { title: 'Source world', catalogue: worldFaults },
  { title: 'Simulated clusters', catalogue: clusterFaults },
  { title: '3scale’s own APIs', catalogue: threescaleFaults },
  { title: 'Engine', catalogue: engineFaults },
  { title: "Parties' agents", catalogue: { ...agentFaults, ...partyAgentFaults } },
  { title: 'Control plane', catalogue: controlFaults },
  { title: 'Evidence', catalogue: evidenceFaults },
  { title: 'Amazon Web Services', catalogue: awsFaults },
  { title: 'OpenShift', catalogue: openshiftFaults },
  { title: 'Programs', catalogue: programFaults },
  { title: 'Private servers', catalogue: serverFaults },
]
