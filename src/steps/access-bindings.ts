import { z } from 'zod'
import { clusterKind } from '../model/cluster-object.ts'
import { clusterKinds } from '../model/cluster-kinds.ts'
import type { StepContext } from '../ports/step.ts'
import { deadlineMs } from './deadlines.ts'
import { makingOf } from './making.ts'
import { destinationNamespaces, destinationRights, roleRules } from './rights.ts'
import type { Tools } from './tools.ts'

/*
 * The vendor's rights at the destination, as roles and bindings of its cluster. Nothing can be granted in a namespace that is
 * not there, and RHOAM takes over none that it has not made itself: until its namespaces are there, a binding holds in the
 * whole cluster.
 */

const rbac = { apiVersion: 'rbac.authorization.k8s.io/v1' }
const clusterRoles = clusterKind({ ...rbac, kind: 'ClusterRole', plural: 'clusterroles', namespaced: false }, {})
const withSubjects = { subjects: z.array(z.object({ kind: z.string(), name: z.string() })).default([]) }
const clusterRoleBindings = clusterKind(
  { ...rbac, kind: 'ClusterRoleBinding', plural: 'clusterrolebindings', namespaced: false },
  withSubjects,
)
const roleBindings = clusterKind(
  { ...rbac, kind: 'RoleBinding', plural: 'rolebindings', namespaced: true },
  withSubjects,
)

/** Of what is granted; with it everything of it is found and taken back. */
const roleName = 'threeshift-rhoam-eng'
const ofCluster = `${roleName}-cluster`
const untilInstalled = `${roleName}-until-installed`
const expiresAnnotation = 'threeshift.io/expires'

/** Makes the roles, and binds the vendor's user in each namespace of RHOAM that is there, or for now in the whole cluster. */
export async function grant(tools: Tools, context: StepContext): Promise<{ readonly until: string }> {
  const { migration, signal } = context
  const cluster = await tools.cluster('destination', signal)
  const rights = destinationRights(migration)
  const until = new Date(makingOf(tools, context, "the vendor's rights", 'remove').expiresAtMs).toISOString()
  const annotations = { [expiresAnnotation]: until }
  const options = { signal, force: true }
  for (const [name, rules] of [
    [roleName, rights.inRhoam],
    [ofCluster, rights.ofCluster],
  ] as const) {
    const manifest = { metadata: { name, annotations }, fields: { rules: roleRules(rules) } }
    await cluster.apply(clusterRoles, manifest, options)
  }
  const binding = (role: string) => ({
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: migration.destination.vendorUser }],
  })
  const wide = (name: string, role: string) => ({ metadata: { name, annotations }, fields: binding(role) })
  await cluster.apply(clusterRoleBindings, wide(ofCluster, ofCluster), options)
  const absent = await absentNamespaces(tools, context)
  for (const namespace of destinationNamespaces(migration).filter((name) => !absent.includes(name))) {
    const metadata = { name: roleName, namespace, annotations }
    await cluster.apply(roleBindings, { metadata, fields: binding(roleName) }, options)
  }
  if (absent.length > 0) await cluster.apply(clusterRoleBindings, wide(untilInstalled, roleName), options)
  // Last: whoever is at work with these rights never misses them.
  else await cluster.remove(clusterRoleBindings, { name: untilInstalled }, { signal, deadlineMs: deadlineMs.removal })
  return { until }
}

/** Takes all of it back. */
export async function revoke(tools: Tools, { migration, signal }: StepContext): Promise<void> {
  const cluster = await tools.cluster('destination', signal)
  const options = { signal, deadlineMs: deadlineMs.removal }
  for (const namespace of destinationNamespaces(migration)) {
    await cluster.remove(roleBindings, { name: roleName, namespace }, options)
  }
  for (const name of [untilInstalled, ofCluster]) await cluster.remove(clusterRoleBindings, { name }, options)
  for (const name of [roleName, ofCluster]) await cluster.remove(clusterRoles, { name }, options)
}

/** Namespaces of RHOAM that are not there yet. */
export async function absentNamespaces(tools: Tools, { migration, signal }: StepContext): Promise<readonly string[]> {
  const cluster = await tools.cluster('destination', signal)
  const absent: string[] = []
  for (const name of destinationNamespaces(migration)) {
    if ((await cluster.get(clusterKinds.namespaces, { name }, { signal })) === null) absent.push(name)
  }
  return absent
}

/** Whether the vendor's user is bound in the whole cluster. */
export async function isBoundEverywhere(tools: Tools, { migration, signal }: StepContext): Promise<boolean> {
  const cluster = await tools.cluster('destination', signal)
  const found = await cluster.get(clusterRoleBindings, { name: untilInstalled }, { signal })
  return bindsVendor(found, migration.destination.vendorUser)
}

/** Namespaces where nothing is granted; one that is not there yet counts as granted by what holds everywhere. */
export async function withoutBinding(tools: Tools, context: StepContext): Promise<readonly string[]> {
  const { migration, signal } = context
  const cluster = await tools.cluster('destination', signal)
  const absent = await absentNamespaces(tools, context)
  const isWide = await isBoundEverywhere(tools, context)
  const missing: string[] = []
  for (const namespace of destinationNamespaces(migration)) {
    const isGranted = absent.includes(namespace)
      ? isWide
      : bindsVendor(
          await cluster.get(roleBindings, { name: roleName, namespace }, { signal }),
          migration.destination.vendorUser,
        )
    if (!isGranted) missing.push(namespace)
  }
  return missing
}

function bindsVendor(
  binding: { readonly subjects: readonly { readonly name: string }[] } | null,
  user: string,
): boolean {
  return binding?.subjects.some(({ name }) => name === user) === true
}
