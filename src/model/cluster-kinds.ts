import { z } from 'zod'
import { Secret } from '../base/secret.ts'
import { clusterKind } from './cluster-object.ts'

const condition = z.object({
  type: z.string(),
  status: z.string(),
  reason: z.string().default(''),
  lastTransitionTime: z.string().default(''),
})
const conditions = z.array(condition).default([])
const count = z.number().default(0)
/** A part that is absent is read as one whose fields are all absent. The compiler cannot know that each has a default. */
const absentIsEmpty = <Shape extends z.ZodRawShape>(shape: Shape) => z.object(shape).prefault({} as never)

const containerState = z.object({
  running: z.object({ startedAt: z.string().default('') }).optional(),
  waiting: z.object({ reason: z.string().default('') }).optional(),
  terminated: z.object({ exitCode: z.number(), reason: z.string().default('') }).optional(),
})

const replicated = {
  spec: z.object({ replicas: z.number().default(1) }),
  status: absentIsEmpty({
    observedGeneration: count,
    replicas: count,
    updatedReplicas: count,
    readyReplicas: count,
    availableReplicas: count,
    latestVersion: count,
    conditions,
  }),
}

/** `data` is base64, as the cluster has it: its bytes may be anything. */
const secretData = z.record(
  z.string(),
  z.string().transform((text) => new Secret(text)),
)

const cloudResource = {
  spec: absentIsEmpty({ skipCreate: z.boolean().default(false), engine: z.string().optional() }),
  status: absentIsEmpty({ phase: z.string().default(''), message: z.string().default('') }),
}
const switches = z.record(z.string(), z.boolean()).optional()
/** RHOAM's phase of a product stands under `status`. */
const product = z.object({
  status: z.string().optional(),
  operator: z.string().optional(),
  version: z.string().optional(),
})
const enabledOrNot = z.object({ enabled: z.boolean(), error: z.string().optional() }).nullish()
const cloudSnapshot = {
  spec: z.object({ resourceName: z.string() }),
  status: absentIsEmpty({
    phase: z.string().default(''),
    message: z.string().default(''),
    snapshotID: z.string().default(''),
  }),
}

/** The kinds that rows of the runbook read or change, with the fields that they look at. */
export const clusterKinds = {
  namespaces: clusterKind(
    { apiVersion: 'v1', kind: 'Namespace', plural: 'namespaces', namespaced: false },
    { status: absentIsEmpty({ phase: z.string().default('') }) },
  ),
  pods: clusterKind(
    { apiVersion: 'v1', kind: 'Pod', plural: 'pods', namespaced: true },
    {
      spec: z.object({ containers: z.array(z.object({ name: z.string() })) }),
      status: absentIsEmpty({
        phase: z.string().default('Unknown'),
        reason: z.string().default(''),
        conditions,
        containerStatuses: z
          .array(
            z.object({ name: z.string(), ready: z.boolean(), restartCount: count, state: containerState.default({}) }),
          )
          .default([]),
      }),
    },
  ),
  secrets: clusterKind(
    { apiVersion: 'v1', kind: 'Secret', plural: 'secrets', namespaced: true },
    { type: z.string().default('Opaque'), data: secretData.default({}) },
  ),
  configMaps: clusterKind(
    { apiVersion: 'v1', kind: 'ConfigMap', plural: 'configmaps', namespaced: true },
    { data: z.record(z.string(), z.string()).default({}) },
  ),
  deployments: clusterKind(
    { apiVersion: 'apps/v1', kind: 'Deployment', plural: 'deployments', namespaced: true },
    replicated,
  ),
  deploymentConfigs: clusterKind(
    { apiVersion: 'apps.openshift.io/v1', kind: 'DeploymentConfig', plural: 'deploymentconfigs', namespaced: true },
    replicated,
  ),
  jobs: clusterKind(
    { apiVersion: 'batch/v1', kind: 'Job', plural: 'jobs', namespaced: true },
    { status: absentIsEmpty({ active: count, succeeded: count, failed: count, conditions }) },
  ),
  leases: clusterKind(
    { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', plural: 'leases', namespaced: true },
    { spec: absentIsEmpty({ holderIdentity: z.string().default(''), renewTime: z.string().default('') }) },
  ),
  routes: clusterKind(
    { apiVersion: 'route.openshift.io/v1', kind: 'Route', plural: 'routes', namespaced: true },
    {
      spec: z.object({ host: z.string().default('') }),
      status: absentIsEmpty({ ingress: z.array(z.object({ host: z.string().default(''), conditions })).default([]) }),
    },
  ),
  infrastructures: clusterKind(
    { apiVersion: 'config.openshift.io/v1', kind: 'Infrastructure', plural: 'infrastructures', namespaced: false },
    {
      status: z.object({
        infrastructureName: z.string(),
        apiServerURL: z.string().default(''),
        platformStatus: z.object({ aws: z.object({ region: z.string() }).optional() }).optional(),
      }),
    },
  ),
  subscriptions: clusterKind(
    { apiVersion: 'operators.coreos.com/v1alpha1', kind: 'Subscription', plural: 'subscriptions', namespaced: true },
    {
      spec: z.object({
        /** Of the package. */
        name: z.string().default(''),
        channel: z.string().default(''),
        installPlanApproval: z.string().default('Automatic'),
      }),
      status: absentIsEmpty({
        state: z.string().default(''),
        currentCSV: z.string().default(''),
        installedCSV: z.string().default(''),
        installPlanRef: z.object({ name: z.string() }).optional(),
        conditions,
      }),
    },
  ),
  installPlans: clusterKind(
    { apiVersion: 'operators.coreos.com/v1alpha1', kind: 'InstallPlan', plural: 'installplans', namespaced: true },
    {
      spec: z.object({
        approved: z.boolean().default(false),
        clusterServiceVersionNames: z.array(z.string()).default([]),
      }),
      status: absentIsEmpty({ phase: z.string().default('') }),
    },
  ),
  clusterServiceVersions: clusterKind(
    {
      apiVersion: 'operators.coreos.com/v1alpha1',
      kind: 'ClusterServiceVersion',
      plural: 'clusterserviceversions',
      namespaced: true,
    },
    {
      spec: absentIsEmpty({ version: z.string().default(''), replaces: z.string().default('') }),
      status: absentIsEmpty({ phase: z.string().default(''), reason: z.string().default('') }),
    },
  ),
  apiManagers: clusterKind(
    { apiVersion: 'apps.3scale.net/v1alpha1', kind: 'APIManager', plural: 'apimanagers', namespaced: true },
    {
      spec: z.object({
        wildcardDomain: z.string(),
        tenantName: z.string().default('3scale'),
        externalComponents: z.object({ system: switches, backend: switches, zync: switches }).optional(),
        /** What 2.11 has in place of externalComponents. */
        highAvailability: switches,
        system: z
          .object({
            fileStorage: z
              .object({
                simpleStorageService: z.object({ configurationSecretRef: z.object({ name: z.string() }) }).optional(),
              })
              .optional(),
          })
          .optional(),
      }),
      status: absentIsEmpty({
        conditions,
        deployments: absentIsEmpty({
          ready: z.array(z.string()).default([]),
          starting: z.array(z.string()).default([]),
          stopped: z.array(z.string()).default([]),
        }),
      }),
    },
  ),
  rhmis: clusterKind(
    { apiVersion: 'integreatly.org/v1alpha1', kind: 'RHMI', plural: 'rhmis', namespaced: true },
    {
      spec: z.object({ routingSubdomain: z.string().default(''), namespacePrefix: z.string().default('') }),
      status: absentIsEmpty({
        stage: z.string().default(''),
        version: z.string().default(''),
        toVersion: z.string().default(''),
        lastError: z.string().default(''),
        preflightStatus: z.string().default(''),
        preflightMessage: z.string().default(''),
        quota: z.string().default(''),
        customSmtp: enabledOrNot,
        customDomain: enabledOrNot,
        stages: z
          .record(
            z.string(),
            z.object({ phase: z.string().optional(), products: z.record(z.string(), product).default({}) }),
          )
          .default({}),
      }),
    },
  ),
  postgres: clusterKind(
    { apiVersion: 'integreatly.org/v1alpha1', kind: 'Postgres', plural: 'postgres', namespaced: true },
    cloudResource,
  ),
  redis: clusterKind(
    { apiVersion: 'integreatly.org/v1alpha1', kind: 'Redis', plural: 'redis', namespaced: true },
    cloudResource,
  ),
  postgresSnapshots: clusterKind(
    { apiVersion: 'integreatly.org/v1alpha1', kind: 'PostgresSnapshot', plural: 'postgressnapshots', namespaced: true },
    cloudSnapshot,
  ),
  redisSnapshots: clusterKind(
    { apiVersion: 'integreatly.org/v1alpha1', kind: 'RedisSnapshot', plural: 'redissnapshots', namespaced: true },
    cloudSnapshot,
  ),
  keycloakClients: clusterKind(
    { apiVersion: 'keycloak.org/v1alpha1', kind: 'KeycloakClient', plural: 'keycloakclients', namespaced: true },
    { status: absentIsEmpty({ ready: z.boolean().default(false) }) },
  ),
  customDomains: clusterKind(
    { apiVersion: 'managed.openshift.io/v1alpha1', kind: 'CustomDomain', plural: 'customdomains', namespaced: false },
    {
      spec: z.object({ domain: z.string() }),
      status: absentIsEmpty({ state: z.string().default(''), endpoint: z.string().default('') }),
    },
  ),
}
