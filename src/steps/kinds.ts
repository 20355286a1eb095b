import { z } from 'zod'
import { clusterKind } from '../model/cluster-object.ts'

/*
 * Kinds of objects that the steps read, with the fields they read. Names and fields: the Kubernetes API, OpenShift's
 * apps.openshift.io and route.openshift.io, OLM's operators.coreos.com, 3scale-operator's and RHOAM's own types.
 */

const count = z.number().int().default(0)
const condition = z.object({ type: z.string(), status: z.string(), reason: z.string().optional() })
const conditions = z.array(condition).default([])

const replicas = {
  spec: z.object({ replicas: z.number().int().optional() }),
  status: z
    .object({
      replicas: count,
      readyReplicas: count,
      updatedReplicas: count,
      availableReplicas: count,
      observedGeneration: count,
      conditions,
    })
    .prefault({}),
}

export const deployments = clusterKind(
  { apiVersion: 'apps/v1', kind: 'Deployment', plural: 'deployments', namespaced: true },
  replicas,
)

export const deploymentConfigs = clusterKind(
  { apiVersion: 'apps.openshift.io/v1', kind: 'DeploymentConfig', plural: 'deploymentconfigs', namespaced: true },
  replicas,
)

export const pods = clusterKind(
  { apiVersion: 'v1', kind: 'Pod', plural: 'pods', namespaced: true },
  {
    spec: z.object({ containers: z.array(z.object({ name: z.string() })).default([]) }),
    status: z.object({ phase: z.string().default('Unknown'), conditions }).prefault({}),
  },
)

/** `data` in base64, as the cluster sends it. */
export const secrets = clusterKind(
  { apiVersion: 'v1', kind: 'Secret', plural: 'secrets', namespaced: true },
  { data: z.record(z.string(), z.string()).default({}) },
)

export const namespaces = clusterKind(
  { apiVersion: 'v1', kind: 'Namespace', plural: 'namespaces', namespaced: false },
  { status: z.object({ phase: z.string().optional() }).prefault({}) },
)

export const jobs = clusterKind(
  { apiVersion: 'batch/v1', kind: 'Job', plural: 'jobs', namespaced: true },
  { status: z.object({ succeeded: count, failed: count, conditions }).prefault({}) },
)

export const routes = clusterKind(
  { apiVersion: 'route.openshift.io/v1', kind: 'Route', plural: 'routes', namespaced: true },
  {
    spec: z.object({ host: z.string().default(''), to: z.object({ name: z.string() }).optional() }),
    status: z
      .object({ ingress: z.array(z.object({ host: z.string().optional(), conditions })).default([]) })
      .prefault({}),
  },
)

const switches = z.record(z.string(), z.boolean()).optional()

export const apiManagers = clusterKind(
  { apiVersion: 'apps.3scale.net/v1alpha1', kind: 'APIManager', plural: 'apimanagers', namespaced: true },
  {
    spec: z.object({
      wildcardDomain: z.string(),
      tenantName: z.string().default('3scale'),
      externalComponents: z.object({ system: switches, backend: switches, zync: switches }).optional(),
      highAvailability: switches,
    }),
    status: z
      .object({
        conditions,
        deployments: z
          .object({
            ready: z.array(z.string()).default([]),
            starting: z.array(z.string()).default([]),
            stopped: z.array(z.string()).default([]),
          })
          .prefault({}),
      })
      .prefault({}),
  },
)

export const subscriptions = clusterKind(
  { apiVersion: 'operators.coreos.com/v1alpha1', kind: 'Subscription', plural: 'subscriptions', namespaced: true },
  {
    spec: z.object({
      name: z.string(),
      channel: z.string().optional(),
      source: z.string(),
      sourceNamespace: z.string(),
      installPlanApproval: z.string().optional(),
      startingCSV: z.string().optional(),
    }),
    status: z
      .object({
        state: z.string().optional(),
        currentCSV: z.string().optional(),
        installedCSV: z.string().optional(),
        installPlanRef: z.object({ name: z.string() }).optional(),
        conditions,
      })
      .prefault({}),
  },
)

export const installPlans = clusterKind(
  { apiVersion: 'operators.coreos.com/v1alpha1', kind: 'InstallPlan', plural: 'installplans', namespaced: true },
  {
    spec: z.object({
      approved: z.boolean().default(false),
      clusterServiceVersionNames: z.array(z.string()).default([]),
    }),
    status: z.object({ phase: z.string().optional() }).prefault({}),
  },
)

export const clusterServiceVersions = clusterKind(
  {
    apiVersion: 'operators.coreos.com/v1alpha1',
    kind: 'ClusterServiceVersion',
    plural: 'clusterserviceversions',
    namespaced: true,
  },
  {
    spec: z.object({ version: z.string().optional() }).prefault({}),
    status: z.object({ phase: z.string().optional(), reason: z.string().optional() }).prefault({}),
  },
)

const product = z.object({
  status: z.string().optional(),
  operator: z.string().optional(),
  version: z.string().optional(),
})

export const rhmis = clusterKind(
  { apiVersion: 'integreatly.org/v1alpha1', kind: 'RHMI', plural: 'rhmis', namespaced: true },
  {
    status: z
      .object({
        stage: z.string().default(''),
        version: z.string().default(''),
        toVersion: z.string().default(''),
        lastError: z.string().default(''),
        preflightStatus: z.string().default(''),
        preflightMessage: z.string().default(''),
        quota: z.string().default(''),
        customSmtp: z.object({ enabled: z.boolean(), error: z.string().optional() }).nullish(),
        customDomain: z.object({ enabled: z.boolean(), error: z.string().optional() }).nullish(),
        stages: z
          .record(
            z.string(),
            z.object({ phase: z.string().optional(), products: z.record(z.string(), product).default({}) }),
          )
          .default({}),
      })
      .prefault({}),
  },
)

/** CRO's, of any of its kinds: Postgres, Redis and BlobStorage have the same fields. */
const resource = {
  spec: z.object({ skipCreate: z.boolean().default(false) }).prefault({}),
  status: z.object({ phase: z.string().default(''), message: z.string().default('') }).prefault({}),
}
const integreatly = { apiVersion: 'integreatly.org/v1alpha1', namespaced: true }

export const redisResources = clusterKind({ ...integreatly, kind: 'Redis', plural: 'redis' }, resource)
export const postgresResources = clusterKind({ ...integreatly, kind: 'Postgres', plural: 'postgres' }, resource)

export const postgresSnapshots = clusterKind(
  { ...integreatly, kind: 'PostgresSnapshot', plural: 'postgressnapshots' },
  {
    status: z
      .object({ phase: z.string().default(''), message: z.string().default(''), snapshotID: z.string().default('') })
      .prefault({}),
  },
)
