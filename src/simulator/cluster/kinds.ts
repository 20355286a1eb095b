import type { PrinterColumn, ResourceKind, Subresource } from './kind-table.ts'
import { columnsOf } from './printer-columns.ts'

type Details = Partial<Pick<ResourceKind, 'shortNames' | 'categories' | 'subresources' | 'selectableFields'>> & {
  readonly scope?: 'cluster'
  readonly behaviour?: ResourceKind['behaviour']
  readonly custom?: boolean
  readonly columns?: readonly PrinterColumn[]
}

/** Kinds of one group and version, each as `[kind, plural, details]`. */
function groupOf(
  group: string,
  version: string,
  entries: readonly (readonly [kind: string, plural: string, details?: Details])[],
  defaults: Details = {},
): ResourceKind[] {
  return entries.map(([kind, plural, own = {}]) => {
    const details = { ...defaults, ...own }
    return {
      group,
      version,
      kind,
      plural,
      namespaced: details.scope !== 'cluster',
      shortNames: details.shortNames ?? [],
      categories: details.categories ?? [],
      subresources: details.subresources ?? [],
      columns: details.columns ?? columnsOf(group, kind),
      selectableFields: details.selectableFields ?? [],
      behaviour: details.behaviour ?? 'stored',
      custom: details.custom ?? false,
    }
  })
}

const all = ['all']
const status: readonly Subresource[] = ['status']
const scalable: readonly Subresource[] = ['status', 'scale']
const cluster = 'cluster' as const
const review: Details = { scope: cluster, behaviour: 'review' }
/** What OpenShift defines by CustomResourceDefinitions. */
const definition: Details = { custom: true, subresources: status }
const storeOnly: Details = { custom: true }

const eventFields = ['kind', 'namespace', 'name', 'uid', 'apiVersion', 'resourceVersion', 'fieldPath'].map(
  (field) => `involvedObject.${field}`,
)

/** Every kind that a simulated cluster serves from its start. */
export const kinds: readonly ResourceKind[] = [
  ...groupOf('', 'v1', [
    [
      'Namespace',
      'namespaces',
      { scope: cluster, shortNames: ['ns'], subresources: ['status', 'finalize'], selectableFields: ['status.phase'] },
    ],
    [
      'Pod',
      'pods',
      {
        shortNames: ['po'],
        categories: all,
        subresources: ['status', 'log', 'exec', 'eviction'],
        selectableFields: [
          'spec.nodeName',
          'spec.restartPolicy',
          'spec.serviceAccountName',
          'status.phase',
          'status.podIP',
        ],
      },
    ],
    ['Secret', 'secrets', { selectableFields: ['type'] }],
    ['ConfigMap', 'configmaps', { shortNames: ['cm'] }],
    ['Service', 'services', { shortNames: ['svc'], categories: all, subresources: status }],
    ['Endpoints', 'endpoints', { shortNames: ['ep'] }],
    ['PersistentVolumeClaim', 'persistentvolumeclaims', { shortNames: ['pvc'], subresources: status }],
    ['ServiceAccount', 'serviceaccounts', { shortNames: ['sa'], subresources: ['token'] }],
    [
      'Event',
      'events',
      { shortNames: ['ev'], selectableFields: [...eventFields, 'reason', 'reportingComponent', 'type'] },
    ],
    [
      'Node',
      'nodes',
      { scope: cluster, shortNames: ['no'], subresources: status, selectableFields: ['spec.unschedulable'] },
    ],
    ['LimitRange', 'limitranges', { shortNames: ['limits'] }],
    ['ResourceQuota', 'resourcequotas', { shortNames: ['quota'], subresources: status }],
    [
      'ReplicationController',
      'replicationcontrollers',
      { shortNames: ['rc'], categories: all, subresources: scalable, selectableFields: ['status.replicas'] },
    ],
  ]),
  ...groupOf('apps', 'v1', [
    ['Deployment', 'deployments', { shortNames: ['deploy'], categories: all, subresources: scalable }],
    [
      'ReplicaSet',
      'replicasets',
      { shortNames: ['rs'], categories: all, subresources: scalable, selectableFields: ['status.replicas'] },
    ],
    ['StatefulSet', 'statefulsets', { shortNames: ['sts'], categories: all, subresources: scalable }],
  ]),
  ...groupOf('apps.openshift.io', 'v1', [
    [
      'DeploymentConfig',
      'deploymentconfigs',
      { shortNames: ['dc'], categories: all, subresources: ['status', 'scale', 'instantiate', 'log'] },
    ],
  ]),
  ...groupOf('batch', 'v1', [
    ['Job', 'jobs', { categories: all, subresources: status, selectableFields: ['status.successful'] }],
    ['CronJob', 'cronjobs', { shortNames: ['cj'], categories: all, subresources: status }],
  ]),
  ...groupOf('policy', 'v1', [
    ['PodDisruptionBudget', 'poddisruptionbudgets', { shortNames: ['pdb'], subresources: status }],
  ]),
  ...groupOf('autoscaling', 'v2', [
    [
      'HorizontalPodAutoscaler',
      'horizontalpodautoscalers',
      { shortNames: ['hpa'], categories: all, subresources: status },
    ],
  ]),
  ...groupOf('coordination.k8s.io', 'v1', [['Lease', 'leases']]),
  ...groupOf('networking.k8s.io', 'v1', [['NetworkPolicy', 'networkpolicies', { shortNames: ['netpol'] }]]),
  ...groupOf('storage.k8s.io', 'v1', [['StorageClass', 'storageclasses', { scope: cluster, shortNames: ['sc'] }]]),
  ...groupOf('scheduling.k8s.io', 'v1', [['PriorityClass', 'priorityclasses', { scope: cluster, shortNames: ['pc'] }]]),
  ...groupOf('apiextensions.k8s.io', 'v1', [
    [
      'CustomResourceDefinition',
      'customresourcedefinitions',
      { scope: cluster, shortNames: ['crd', 'crds'], subresources: status },
    ],
  ]),
  ...groupOf('rbac.authorization.k8s.io', 'v1', [
    ['Role', 'roles'],
    ['RoleBinding', 'rolebindings'],
    ['ClusterRole', 'clusterroles', { scope: cluster }],
    ['ClusterRoleBinding', 'clusterrolebindings', { scope: cluster }],
  ]),
  ...groupOf('authorization.k8s.io', 'v1', [
    ['SelfSubjectAccessReview', 'selfsubjectaccessreviews', review],
    ['SelfSubjectRulesReview', 'selfsubjectrulesreviews', review],
    ['SubjectAccessReview', 'subjectaccessreviews', review],
  ]),
  ...groupOf('authentication.k8s.io', 'v1', [
    ['TokenReview', 'tokenreviews', review],
    ['SelfSubjectReview', 'selfsubjectreviews', review],
  ]),
  ...groupOf('project.openshift.io', 'v1', [
    ['Project', 'projects', { scope: cluster, behaviour: 'project' }],
    ['ProjectRequest', 'projectrequests', review],
  ]),
  ...groupOf('route.openshift.io', 'v1', [
    ['Route', 'routes', { categories: all, subresources: status, selectableFields: ['spec.host', 'spec.to.name'] }],
  ]),
  ...groupOf('image.openshift.io', 'v1', [
    ['ImageStream', 'imagestreams', { shortNames: ['is'], categories: all, subresources: status }],
    ['ImageStreamTag', 'imagestreamtags', { shortNames: ['istag'] }],
  ]),
  ...groupOf('template.openshift.io', 'v1', [['Template', 'templates']]),
  ...groupOf('user.openshift.io', 'v1', [
    ['User', 'users', { scope: cluster, behaviour: 'user' }],
    ['Group', 'groups', { scope: cluster }],
    ['Identity', 'identities', { scope: cluster }],
  ]),
  ...groupOf('oauth.openshift.io', 'v1', [['OAuthClient', 'oauthclients', { scope: cluster }]]),
  ...groupOf(
    'config.openshift.io',
    'v1',
    [
      ['Infrastructure', 'infrastructures'],
      ['ClusterVersion', 'clusterversions'],
      ['ClusterOperator', 'clusteroperators', { shortNames: ['co'] }],
      ['OAuth', 'oauths'],
      ['Ingress', 'ingresses'],
      ['DNS', 'dnses'],
      ['Network', 'networks'],
    ],
    { ...definition, scope: cluster },
  ),
  ...groupOf(
    'operator.openshift.io',
    'v1',
    [['IngressController', 'ingresscontrollers', { subresources: scalable }]],
    definition,
  ),
  ...groupOf('managed.openshift.io', 'v1alpha1', [['CustomDomain', 'customdomains']], {
    ...definition,
    scope: cluster,
  }),
  ...groupOf('console.openshift.io', 'v1', [['ConsoleLink', 'consolelinks']], { ...storeOnly, scope: cluster }),
  ...groupOf(
    'operators.coreos.com',
    'v1alpha1',
    [
      ['Subscription', 'subscriptions', { shortNames: ['sub', 'subs'], categories: ['olm'] }],
      ['InstallPlan', 'installplans', { shortNames: ['ip'], categories: ['olm'] }],
      ['ClusterServiceVersion', 'clusterserviceversions', { shortNames: ['csv', 'csvs'], categories: ['olm'] }],
      ['CatalogSource', 'catalogsources', { shortNames: ['catsrc'], categories: ['olm'] }],
    ],
    definition,
  ),
  ...groupOf(
    'operators.coreos.com',
    'v1',
    [['OperatorGroup', 'operatorgroups', { shortNames: ['og'], categories: ['olm'] }]],
    definition,
  ),
  ...groupOf(
    'operators.coreos.com',
    'v2',
    [['OperatorCondition', 'operatorconditions', { shortNames: ['condition'], categories: ['olm'] }]],
    definition,
  ),
  ...groupOf('packages.operators.coreos.com', 'v1', [['PackageManifest', 'packagemanifests', storeOnly]]),
  ...groupOf(
    'apps.3scale.net',
    'v1alpha1',
    [
      ['APIManager', 'apimanagers'],
      ['APIManagerBackup', 'apimanagerbackups'],
      ['APIManagerRestore', 'apimanagerrestores'],
    ],
    definition,
  ),
  ...groupOf('capabilities.3scale.net', 'v1alpha1', [['Tenant', 'tenants']], definition),
  ...groupOf(
    'capabilities.3scale.net',
    'v1beta1',
    [
      ['Product', 'products'],
      ['Backend', 'backends'],
      ['OpenAPI', 'openapis'],
      ['ActiveDoc', 'activedocs'],
      ['DeveloperAccount', 'developeraccounts'],
      ['DeveloperUser', 'developerusers'],
      ['CustomPolicyDefinition', 'custompolicydefinitions'],
      ['ProxyConfigPromote', 'proxyconfigpromotes'],
      ['Application', 'applications'],
      ['ApplicationAuth', 'applicationauths'],
    ],
    definition,
  ),
  ...groupOf(
    'integreatly.org',
    'v1alpha1',
    [
      ['RHMI', 'rhmis'],
      ['Postgres', 'postgres'],
      ['Redis', 'redis'],
      ['BlobStorage', 'blobstorages'],
      ['PostgresSnapshot', 'postgressnapshots'],
      ['RedisSnapshot', 'redissnapshots'],
    ],
    definition,
  ),
  ...groupOf(
    'keycloak.org',
    'v1alpha1',
    [
      ['Keycloak', 'keycloaks'],
      ['KeycloakRealm', 'keycloakrealms'],
      ['KeycloakClient', 'keycloakclients'],
      ['KeycloakUser', 'keycloakusers'],
    ],
    { ...definition, categories: all },
  ),
  ...groupOf(
    'monitoring.coreos.com',
    'v1',
    [
      ['PrometheusRule', 'prometheusrules', { shortNames: ['promrule'] }],
      ['ServiceMonitor', 'servicemonitors', { shortNames: ['smon'] }],
      ['PodMonitor', 'podmonitors', { shortNames: ['pmon'] }],
    ],
    storeOnly,
  ),
  ...groupOf(
    'monitoring.rhobs',
    'v1',
    [
      ['PrometheusRule', 'prometheusrules'],
      ['ServiceMonitor', 'servicemonitors'],
    ],
    storeOnly,
  ),
  ...groupOf('marin3r.3scale.net', 'v1alpha1', [['EnvoyConfig', 'envoyconfigs']], definition),
]
