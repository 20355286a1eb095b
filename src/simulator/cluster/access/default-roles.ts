import type { NewObject } from '../kube-object.ts'

const apiVersion = 'rbac.authorization.k8s.io/v1'
const every = ['*']
const reading = ['get', 'list', 'watch']

function clusterRole(name: string, rules: readonly object[]): NewObject {
  return { apiVersion, kind: 'ClusterRole', metadata: { name }, rules }
}

function bound(role: string, group: string): NewObject {
  return {
    apiVersion,
    kind: 'ClusterRoleBinding',
    metadata: { name: role },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: group }],
  }
}

/** The group whose members may do everything. */
export const administrators = 'system:cluster-admins'

const asksAboutItself = {
  verbs: ['create'],
  apiGroups: ['authorization.k8s.io', 'authentication.k8s.io'],
  resources: ['selfsubjectaccessreviews', 'selfsubjectrulesreviews', 'selfsubjectreviews'],
}

/** The roles that every OpenShift has and people are given, and who has them from the start. */
export const defaultRoles: readonly NewObject[] = [
  clusterRole('cluster-admin', [
    { verbs: every, apiGroups: every, resources: every },
    { verbs: every, nonResourceURLs: every },
  ]),
  clusterRole('admin', [{ verbs: every, apiGroups: every, resources: every }]),
  clusterRole('edit', [
    {
      verbs: [...reading, 'create', 'update', 'patch', 'delete', 'deletecollection'],
      apiGroups: [
        '',
        'apps',
        'batch',
        'apps.openshift.io',
        'route.openshift.io',
        'image.openshift.io',
        'autoscaling',
        'policy',
      ],
      resources: every,
    },
  ]),
  clusterRole('view', [
    {
      verbs: reading,
      apiGroups: [''],
      resources: [
        'pods',
        'pods/log',
        'configmaps',
        'services',
        'endpoints',
        'events',
        'persistentvolumeclaims',
        'namespaces',
      ],
    },
    { verbs: reading, apiGroups: ['apps', 'batch', 'apps.openshift.io', 'route.openshift.io'], resources: every },
  ]),
  clusterRole('basic-user', [
    asksAboutItself,
    { verbs: ['get'], apiGroups: ['user.openshift.io'], resources: ['users'], resourceNames: ['~'] },
    { verbs: ['get', 'list'], apiGroups: ['project.openshift.io'], resources: ['projects'] },
  ]),
  clusterRole('self-provisioner', [
    { verbs: ['create'], apiGroups: ['project.openshift.io'], resources: ['projectrequests'] },
  ]),
  clusterRole('system:discovery', [
    {
      verbs: ['get'],
      nonResourceURLs: ['/api', '/api/*', '/apis', '/apis/*', '/openapi', '/openapi/*', '/version', '/version/'],
    },
  ]),
  bound('cluster-admin', administrators),
  bound('basic-user', 'system:authenticated'),
  bound('self-provisioner', 'system:authenticated'),
  bound('system:discovery', 'system:authenticated'),
]
