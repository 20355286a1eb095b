import type { PrinterColumn } from './kind-table.ts'
import type { KubeObject } from './kube-object.ts'
import { isFields, readList, readNumber, readPath, readText, readWord } from './read-path.ts'

type Entry = readonly [name: string, value: PrinterColumn['value'], type?: PrinterColumn['type'] | 'wide']

/** What `kubectl get` shows of each kind between its name and its age, as OpenShift shows it. */
export function columnsOf(group: string, kind: string): readonly PrinterColumn[] {
  const entries = columns[group === '' ? kind : `${kind}.${group}`] ?? []
  return entries.map(([name, value, type = 'string']) =>
    type === 'wide' ? { name, value, type: 'string', wide: true } : { name, value, type },
  )
}

/** The path's items, counted as `ready/all`. */
function readyOf(ready: string, wanted: string): PrinterColumn['value'] {
  return (object) => `${readNumber(object, ready)}/${readNumber(object, wanted)}`
}

function count(path: string): PrinterColumn['value'] {
  return (object) => {
    const found = readPath(object, path)
    return Array.isArray(found) ? found.length : isFields(found) ? Object.keys(found).length : 0
  }
}

function number(path: string): PrinterColumn['value'] {
  return (object) => readNumber(object, path)
}

/** The status of a condition, such as `True`. */
function condition(type: string, field = 'status'): PrinterColumn['value'] {
  return (object) => {
    const found = readList(object, 'status.conditions').find((entry) => readPath(entry, 'type') === type)
    return readText(found, field)
  }
}

function names(list: string, item: string): PrinterColumn['value'] {
  return (object) =>
    readList(object, list)
      .map((entry) => readText(entry, item))
      .join(',')
}

function selector(path: string): PrinterColumn['value'] {
  return (object) => {
    const found = readPath(object, path)
    const pairs = isFields(found) ? Object.entries(found) : []
    return pairs.length === 0 ? '<none>' : pairs.map(([key, value]) => `${key}=${readWord(value, '')}`).join(',')
  }
}

function containerStatuses(pod: KubeObject): readonly unknown[] {
  return readList(pod, 'status.containerStatuses')
}

/** Terminating, the reason why a container waits or has ended, or the phase. */
export function podStatus(pod: KubeObject): string {
  if (pod.metadata.deletionTimestamp !== undefined) return 'Terminating'
  const statuses = readList(pod, 'status.initContainerStatuses')
  const pending = statuses.findIndex((entry) => readPath(entry, 'state.terminated.exitCode') !== 0)
  if (pending >= 0) {
    const reason = reasonOf(statuses[pending])
    return `Init:${reason === '' || reason === 'PodInitializing' ? `${pending}/${statuses.length}` : reason}`
  }
  const reasons = containerStatuses(pod).map(reasonOf)
  const bad = reasons.find((reason) => reason !== '')
  return bad ?? (readText(pod, 'status.reason') || readText(pod, 'status.phase') || 'Unknown')
}

function reasonOf(containerStatus: unknown): string {
  return readText(containerStatus, 'state.waiting.reason') || readText(containerStatus, 'state.terminated.reason')
}

function readyContainers(pod: KubeObject): string {
  const ready = containerStatuses(pod).filter((entry) => readPath(entry, 'ready') === true)
  return `${ready.length}/${readList(pod, 'spec.containers').length}`
}

function restarts(pod: KubeObject): number {
  return containerStatuses(pod).reduce<number>((sum, entry) => sum + readNumber(entry, 'restartCount'), 0)
}

function servicePorts(service: KubeObject): string {
  const ports = readList(service, 'spec.ports')
  return ports.map((port) => `${readNumber(port, 'port')}/${readText(port, 'protocol') || 'TCP'}`).join(',') || '<none>'
}

function jobStatus(job: KubeObject): string {
  const isTrue = (type: string) =>
    readList(job, 'status.conditions').some(
      (entry) => readPath(entry, 'type') === type && readPath(entry, 'status') === 'True',
    )
  return isTrue('Complete') ? 'Complete' : isTrue('Failed') ? 'Failed' : 'Running'
}

const workload: readonly Entry[] = [
  ['Desired', number('spec.replicas'), 'integer'],
  ['Current', number('status.replicas'), 'integer'],
  ['Ready', number('status.readyReplicas'), 'integer'],
  ['Containers', names('spec.template.spec.containers', 'name'), 'wide'],
  ['Images', names('spec.template.spec.containers', 'image'), 'wide'],
]
const phase: Entry = ['Phase', '.status.phase']
const available: Entry = ['Available', condition('Available')]
const subject: Entry = [
  'Role',
  (binding) => `${readText(binding, 'roleRef.kind')}/${readText(binding, 'roleRef.name')}`,
]

const columns: Readonly<Record<string, readonly Entry[]>> = {
  Namespace: [['Status', '.status.phase']],
  Pod: [
    ['Ready', readyContainers],
    ['Status', podStatus],
    ['Restarts', restarts, 'integer'],
    ['IP', '.status.podIP', 'wide'],
    ['Node', '.spec.nodeName', 'wide'],
  ],
  Secret: [
    ['Type', '.type'],
    ['Data', count('data'), 'integer'],
  ],
  ConfigMap: [['Data', count('data'), 'integer']],
  Service: [
    ['Type', '.spec.type'],
    ['Cluster-IP', '.spec.clusterIP'],
    ['External-IP', (service) => readText(service, 'spec.externalName') || '<none>'],
    ['Port(s)', servicePorts],
    ['Selector', selector('spec.selector'), 'wide'],
  ],
  PersistentVolumeClaim: [
    ['Status', '.status.phase'],
    ['Volume', '.spec.volumeName'],
    ['Capacity', '.status.capacity.storage'],
    ['Access Modes', (claim) => readList(claim, 'spec.accessModes').join(',')],
    ['StorageClass', '.spec.storageClassName'],
  ],
  ServiceAccount: [['Secrets', count('secrets'), 'integer']],
  Event: [
    ['Last Seen', '.lastTimestamp', 'date'],
    ['Type', '.type'],
    ['Reason', '.reason'],
    [
      'Object',
      (event) => `${readText(event, 'involvedObject.kind').toLowerCase()}/${readText(event, 'involvedObject.name')}`,
    ],
    ['Message', '.message'],
  ],
  Node: [
    [
      'Status',
      (node) => ((condition('Ready') as (object: KubeObject) => string)(node) === 'True' ? 'Ready' : 'NotReady'),
    ],
    ['Roles', () => 'worker'],
    ['Version', '.status.nodeInfo.kubeletVersion'],
  ],
  ReplicationController: workload,
  'Deployment.apps': [
    ['Ready', readyOf('status.readyReplicas', 'spec.replicas')],
    ['Up-to-date', number('status.updatedReplicas'), 'integer'],
    ['Available', number('status.availableReplicas'), 'integer'],
    ['Containers', names('spec.template.spec.containers', 'name'), 'wide'],
    ['Images', names('spec.template.spec.containers', 'image'), 'wide'],
    ['Selector', selector('spec.selector.matchLabels'), 'wide'],
  ],
  'ReplicaSet.apps': workload,
  'StatefulSet.apps': [['Ready', readyOf('status.readyReplicas', 'spec.replicas')]],
  'DeploymentConfig.apps.openshift.io': [
    ['Revision', number('status.latestVersion'), 'integer'],
    ['Desired', number('spec.replicas'), 'integer'],
    ['Current', number('status.updatedReplicas'), 'integer'],
    ['Triggered By', (dc) => readList(dc, 'spec.triggers').map(triggerOf).join(',')],
  ],
  'Job.batch': [
    ['Status', jobStatus],
    ['Completions', (job) => `${readNumber(job, 'status.succeeded')}/${readNumber(job, 'spec.completions') || 1}`],
  ],
  'PodDisruptionBudget.policy': [
    ['Min Available', (budget) => readWord(budget, 'spec.minAvailable', 'N/A')],
    ['Max Unavailable', (budget) => readWord(budget, 'spec.maxUnavailable', 'N/A')],
    ['Allowed Disruptions', number('status.disruptionsAllowed'), 'integer'],
  ],
  'HorizontalPodAutoscaler.autoscaling': [
    ['Reference', (hpa) => `${readText(hpa, 'spec.scaleTargetRef.kind')}/${readText(hpa, 'spec.scaleTargetRef.name')}`],
    ['MinPods', number('spec.minReplicas'), 'integer'],
    ['MaxPods', number('spec.maxReplicas'), 'integer'],
    ['Replicas', number('status.currentReplicas'), 'integer'],
  ],
  'Lease.coordination.k8s.io': [['Holder', '.spec.holderIdentity']],
  'NetworkPolicy.networking.k8s.io': [['Pod-Selector', selector('spec.podSelector.matchLabels')]],
  'StorageClass.storage.k8s.io': [['Provisioner', '.provisioner']],
  'PriorityClass.scheduling.k8s.io': [['Value', number('value'), 'integer']],
  'RoleBinding.rbac.authorization.k8s.io': [subject],
  'ClusterRoleBinding.rbac.authorization.k8s.io': [subject],
  'Project.project.openshift.io': [
    ['Display Name', (project) => project.metadata.annotations?.['openshift.io/display-name'] ?? ''],
    ['Status', '.status.phase'],
  ],
  'Route.route.openshift.io': [
    ['Host/Port', '.spec.host'],
    ['Path', '.spec.path'],
    ['Services', '.spec.to.name'],
    ['Port', (route) => readWord(route, 'spec.port.targetPort', '')],
    ['Termination', '.spec.tls.termination'],
    ['Wildcard', (route) => readText(route, 'spec.wildcardPolicy') || 'None'],
  ],
  'ImageStream.image.openshift.io': [
    ['Image Repository', '.status.dockerImageRepository'],
    ['Tags', names('spec.tags', 'name')],
  ],
  'User.user.openshift.io': [
    ['Full Name', '.fullName'],
    ['Identities', (user) => readList(user, 'identities').join(',')],
  ],
  'Group.user.openshift.io': [['Users', (group) => readList(group, 'users').join(', ')]],
  'Identity.user.openshift.io': [
    ['IDP Name', '.providerName'],
    ['IDP User Name', '.providerUserName'],
    ['User Name', '.user.name'],
  ],
  'ClusterVersion.config.openshift.io': [
    ['Version', '.status.desired.version'],
    available,
    ['Progressing', condition('Progressing')],
    ['Status', condition('Progressing', 'message')],
  ],
  'ClusterOperator.config.openshift.io': [
    ['Version', '.status.versions'],
    available,
    ['Progressing', condition('Progressing')],
    ['Degraded', condition('Degraded')],
  ],
  'Subscription.operators.coreos.com': [
    ['Package', '.spec.name'],
    ['Source', '.spec.source'],
    ['Channel', '.spec.channel'],
  ],
  'InstallPlan.operators.coreos.com': [
    ['CSV', (plan) => readWord(readList(plan, 'spec.clusterServiceVersionNames')[0], '')],
    ['Approval', '.spec.approval'],
    ['Approved', (plan) => readWord(plan, 'spec.approved', 'false')],
  ],
  'ClusterServiceVersion.operators.coreos.com': [
    ['Display', '.spec.displayName'],
    ['Version', '.spec.version'],
    ['Replaces', '.spec.replaces'],
    phase,
  ],
  'CatalogSource.operators.coreos.com': [
    ['Display', '.spec.displayName'],
    ['Type', '.spec.sourceType'],
    ['Publisher', '.spec.publisher'],
  ],
  'PackageManifest.packages.operators.coreos.com': [['Catalog', '.status.catalogSourceDisplayName']],
  'CustomDomain.managed.openshift.io': [
    ['Endpoint', '.status.endpoint'],
    ['Domain', '.spec.domain'],
    ['Status', '.status.state'],
  ],
  'APIManager.apps.3scale.net': [available],
  'RHMI.integreatly.org': [
    ['Stage', '.status.stage'],
    ['Version', '.status.version'],
    ['ToVersion', '.status.toVersion'],
  ],
  'Postgres.integreatly.org': [phase],
  'Redis.integreatly.org': [phase],
  'BlobStorage.integreatly.org': [phase],
  'PostgresSnapshot.integreatly.org': [phase],
  'RedisSnapshot.integreatly.org': [phase],
  'KeycloakClient.keycloak.org': [['Ready', (client) => readWord(client, 'status.ready', 'false')]],
}

function triggerOf(trigger: unknown): string {
  const type = readText(trigger, 'type')
  return type === 'ImageChange' ? `image(${readText(trigger, 'imageChangeParams.from.name')})` : 'config'
}
