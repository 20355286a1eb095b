import { exitCode, faultsOf, kind } from '../base/fault.ts'

const failedSafe = exitCode.failedSafe

/** What can go wrong in rows of the runbook, beside the faults of what they reach the world through. */
export const stepFaults = {
  STEP_NO_ACCESS: kind<{ place: string; party: string; setting: string }>({
    exit: failedSafe,
    retry: 'after-remedy',
    says: (d) => `${d.party} has no credentials for ${d.place} here`,
    remedy: (d) => `Set ${d.setting} for the agent of ${d.party}, and resume.`,
  }),
  STEP_FACT_MISSING: kind<{ row: string; needs: string }>({
    exit: failedSafe,
    retry: 'after-remedy',
    says: (d) => `row ${d.row} needs what row ${d.needs} leaves behind, and the journal does not have it`,
    remedy: (d) => `Rewind the migration to row ${d.needs}.`,
  }),
  STEP_NO_THREESCALE: kind<{ place: string; namespace: string }>({
    exit: failedSafe,
    retry: 'after-remedy',
    says: (d) => `namespace ${d.namespace} of the ${d.place} cluster holds no 3scale: it has no APIManager, or several`,
    remedy: () => 'Correct the namespace in migration.yaml, then resume.',
  }),
  STEP_SECRET_MISSING: kind<{ place: string; secret: string; keys: readonly string[] }>({
    exit: failedSafe,
    retry: 'after-remedy',
    says: (d) => `secret ${d.secret} of the ${d.place} cluster lacks ${d.keys.join(', ')}`,
    remedy: (d) => `Put ${d.keys.join(', ')} into secret ${d.secret}, then resume.`,
  }),
  STEP_NO_FILE_STORAGE: kind<{ namespace: string }>({
    exit: failedSafe,
    retry: 'after-remedy',
    says: (d) => `the APIManager in ${d.namespace} of the source names no bucket for its files`,
    remedy: () => 'Set source.fileStorage in migration.yaml to pvc or none, as the installation has it, and resume.',
  }),
  STEP_NO_DUMP: kind<{ file: string; sha256: string }>({
    exit: failedSafe,
    retry: 'after-remedy',
    says: (d) => `this machine has no ${d.file} with the digest that the dump was taken with (${d.sha256})`,
    remedy: () =>
      'Resume on the machine where the dumps were taken or loaded; if it is lost, rewind to row load-system-database.',
  }),
  STEP_NO_CACHE_GROUP: kind<{ resource: string }>({
    exit: failedSafe,
    retry: 'after-remedy',
    says: (d) => `the cache group of RHOAM's resource ${d.resource} is not known, or is not available`,
    remedy: (d) => `Wait until the group is available (oc get redis ${d.resource} -o yaml names it), then resume.`,
  }),
  STEP_SOURCE_UNREADABLE: kind<{ engine: string }>({
    exit: failedSafe,
    retry: 'never',
    says: (d) => `the source's system database is ${d.engine}, which cannot be read`,
    remedy: () =>
      'Convert the system database to PostgreSQL by other means, let 3scale run on that, and begin a migration whose source.database is that.',
  }),
  STEP_NOT_DRAINED: kind<{ left: readonly string[]; minutes: number }>({
    exit: failedSafe,
    retry: 'after-remedy',
    says: (d) => `the job queues were not empty after ${d.minutes} minutes: ${d.left.join('; ')}`,
    remedy: () =>
      'Wait and resume; or accept the loss of these jobs with source.jobs.acceptLoss: true in migration.yaml, and resume.',
  }),
  STEP_NO_SUBSCRIPTION: kind<{ place: string; namespace: string }>({
    exit: failedSafe,
    retry: 'after-remedy',
    says: (d) => `namespace ${d.namespace} of the ${d.place} cluster has no Subscription of 3scale-operator`,
    remedy: () => "Subscribe to 3scale-operator there in the channel of the source's release, then resume.",
  }),
  STEP_OPERATOR_FAILED: kind<{ csv: string; why: string }>({
    exit: failedSafe,
    retry: 'after-remedy',
    says: (d) => `the operator's version ${d.csv} failed to install: ${d.why}`,
    remedy: (d) => `Mend what its status says (oc describe csv ${d.csv}), then resume.`,
  }),
  STEP_OPERATOR_STUCK: kind<{ channel: string; state: string }>({
    exit: failedSafe,
    retry: 'after-remedy',
    says: (d) => `the operator of channel ${d.channel} was not installed in time: ${d.state}`,
    remedy: () => 'Look at the Subscription, its InstallPlan and the CatalogSource, mend them, then resume.',
  }),
  STEP_STILL_RUNNING: kind<{ place: string; pods: number }>({
    exit: failedSafe,
    retry: 'after-remedy',
    says: (d) => `3scale or its operator still runs on the ${d.place} cluster (${d.pods} pods)`,
    remedy: () =>
      'Find out who scaled it up (RHOAM, an autoscaler), stop that, then rewind to the row that scales down.',
  }),
  STEP_UNKNOWN_RELEASE: kind<{ place: string; found: string }>({
    exit: failedSafe,
    retry: 'after-remedy',
    says: (d) => `the APIManager on the ${d.place} cluster reports release ${d.found}, which is not one that is known`,
    remedy: () => 'Wait until its operator has made a release from 2.11 to 2.16, then resume.',
  }),
  STEP_NOT_OURS: kind<{ kind: string; name: string }>({
    exit: failedSafe,
    retry: 'after-remedy',
    says: (d) => `${d.kind} ${d.name} bears no mark of this migration, and is left alone`,
    remedy: () => 'Find out whose it is; take it away by hand if it is yours, then resume.',
  }),
  STEP_SCHEMA_OLD: kind<{ place: string; found: string; expected: string }>({
    exit: failedSafe,
    retry: 'after-remedy',
    says: (d) => `the schema on the ${d.place} cluster stays at ${d.found}, and ${d.expected} is its release's`,
    remedy: () => 'Look at the job or hook that runs before system-app, mend what it says, then resume.',
  }),
  STEP_NO_PLAN: kind<{ plan: string; plans: readonly string[] }>({
    exit: failedSafe,
    retry: 'after-remedy',
    says: (d) => `the master has no application plan ${d.plan}; it has ${d.plans.join(', ') || 'none'}`,
    remedy: (d) => `Make an application plan with the system name ${d.plan} in the master's portal, then resume.`,
  }),
  STEP_TENANT_TAKEN: kind<{ tenant: string; host: string }>({
    exit: exitCode.waiting,
    retry: 'after-remedy',
    says: (d) =>
      `RHOAM takes tenant ${d.tenant} (${d.host}) for its own, and deletes every user there who is no user of the cluster`,
    remedy: () =>
      'Rename the tenant at the source; or, when its users may go, set destination.accepted.tenantNamed3scale: true in migration.yaml, and resume.',
  }),
  STEP_TENANT_ELSEWHERE: kind<{ host: string; wanted: string }>({
    exit: failedSafe,
    retry: 'after-remedy',
    says: (d) => `3scale gave RHOAM's new tenant the host ${d.host} and not ${d.wanted}, which somebody else has`,
    remedy: (d) =>
      `Find the account or route that holds ${d.wanted} and rename it, then resume; the tenant just made is scheduled for deletion.`,
  }),
  STEP_SENDERS_OVERWRITTEN: kind<{ tenants: number }>({
    exit: exitCode.waiting,
    retry: 'after-remedy',
    says: (d) => `RHOAM overwrites the sender address of ${d.tenants} tenants with its own`,
    remedy: () =>
      'Set destination.accepted.senderAddresses: true in migration.yaml once the tenants agree, and resume.',
  }),
  STEP_NO_TOKEN: kind<{ tenants: readonly string[] }>({
    exit: failedSafe,
    retry: 'after-remedy',
    says: (d) =>
      `no usable access token is known of tenants ${d.tenants.slice(0, 5).join(', ')}${d.tenants.length > 5 ? ' and more' : ''}`,
    remedy: () =>
      "Make an access token with the scope account_management in each of these tenants' admin portals, and resume.",
  }),
  STEP_NO_TENANTS: kind<{ place: string; namespace: string }>({
    exit: failedSafe,
    retry: 'same-input',
    says: (d) => `3scale in ${d.namespace} of the ${d.place} cluster did not tell its tenants in a form that is known`,
    remedy: (d) =>
      `Run bundle exec rails runner 'puts Account.count' in container system-master of a pod of system-app in ${d.namespace}, mend what it says, then resume.`,
  }),
  STEP_NO_SSO: kind<{ namespace: string; route: string }>({
    exit: failedSafe,
    retry: 'after-remedy',
    says: (d) => `namespace ${d.namespace} has no route ${d.route}: RHOAM's single sign-on is not there`,
    remedy: () => 'Wait until RHOAM has finished its installation, then rewind to row rhoam-complete.',
  }),
  STEP_BY_HAND: kind<{ why: string; order: string }>({
    exit: exitCode.waiting,
    retry: 'after-remedy',
    says: (d) => `this is done by hand, and is not done yet: ${d.why}`,
    remedy: (d) => `${d.order} Then resume.`,
  }),
  STEP_UNDECIDED: kind<{ classes: readonly string[] }>({
    exit: exitCode.waiting,
    retry: 'after-remedy',
    says: (d) =>
      `the database holds values that PostgreSQL cannot store and nothing was decided about: ${d.classes.join(', ')}`,
    remedy: () => 'Write a decision for each of these classes into decisions of migration.yaml, and resume.',
  }),
  STEP_NO_POD: kind<{ place: string; namespace: string; element: string }>({
    exit: failedSafe,
    retry: 'same-input',
    says: (d) => `no pod of system-${d.element} is ready in ${d.namespace} of the ${d.place} cluster`,
    remedy: (d) => `Find out why system-${d.element} is not ready (oc describe pod), then resume.`,
  }),
  STEP_SOURCE_SILENT: kind<{ reference: string }>({
    exit: exitCode.failedSafe,
    retry: 'after-remedy',
    says: (d) => `the source's system database (${d.reference}) does not answer; step 2 stopped it with all of 3scale`,
    remedy: () =>
      'Start the database alone, such as `oc scale dc/system-mysql --replicas=1` at the source, and resume; 3scale itself stays stopped.',
  }),
}

export const fault = faultsOf(stepFaults)
