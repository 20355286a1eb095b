import { z } from 'zod'
import { clusterKind } from '../model/cluster-object.ts'
import type { Step, StepContext } from '../ports/step.ts'
import { deadlineMs } from './deadlines.ts'
import { makingOf } from './making.ts'
import { measure, measureNone } from './measure.ts'
import { namespaces } from './kinds.ts'
import { destinationNamespaces, destinationQuestions, destinationRights, roleRules } from './rights.ts'
import type { Tools } from './tools.ts'

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
/** Nothing can be granted in a namespace that is not there, and RHOAM takes over none that it has not made itself. */
const untilInstalled = `${roleName}-until-installed`
const expiresAnnotation = 'threeshift.io/expires'

/** Prerequisite 1: the vendor's user may do what the rows need at the destination, there and nowhere else. */
export function accessGranted(tools: Tools): Step {
  return {
    async check(context) {
      const missing = await withoutBinding(tools, context)
      if (missing.length > 0) return { kind: 'needed', says: `nothing is granted in ${missing.join(', ')}` }
      return { kind: 'done', says: `${context.migration.destination.vendorUser} has its rights`, facts: {} }
    },

    async explain(context) {
      const { migration } = context
      const user = migration.destination.vendorUser
      const absent = await absentNamespaces(tools, context)
      const whole =
        absent.length === 0
          ? ''
          : ` ${absent.join(', ')} are not there yet, so until this row is run again the rights hold in the whole cluster.`
      return {
        summary: `${user} gets rights in ${destinationNamespaces(migration).length} namespaces of the destination, with an end date.${whole}`,
        diff: destinationRights.inRhoam.map(({ group, resources, verbs }) => ({
          what: `${resources.join(', ')}${group === '' ? '' : ` (${group})`}`,
          before: null,
          after: verbs.join(', '),
        })),
      }
    },

    async apply(context) {
      const { migration, signal } = context
      const cluster = await tools.cluster('destination', signal)
      const { expiresAtMs } = makingOf(tools, context, "the vendor's rights", 'remove')
      const annotations = { [expiresAnnotation]: new Date(expiresAtMs).toISOString() }
      const options = { signal, force: true }
      const rules = { [roleName]: destinationRights.inRhoam, [`${roleName}-cluster`]: destinationRights.ofCluster }
      for (const [name, rule] of Object.entries(rules)) {
        await cluster.apply(
          clusterRoles,
          { metadata: { name, annotations }, fields: { rules: roleRules(rule) } },
          options,
        )
      }
      const subjects = [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: migration.destination.vendorUser }]
      const binding = (role: string) => ({
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
        subjects,
      })
      const whole = { metadata: { name: `${roleName}-cluster`, annotations }, fields: binding(`${roleName}-cluster`) }
      await cluster.apply(clusterRoleBindings, whole, options)
      const absent = await absentNamespaces(tools, context)
      for (const namespace of destinationNamespaces(migration).filter((name) => !absent.includes(name))) {
        const metadata = { name: roleName, namespace, annotations }
        await cluster.apply(roleBindings, { metadata, fields: binding(roleName) }, options)
      }
      const wide = { name: untilInstalled }
      if (absent.length > 0)
        await cluster.apply(
          clusterRoleBindings,
          { metadata: { ...wide, annotations }, fields: binding(roleName) },
          options,
        )
      else await cluster.remove(clusterRoleBindings, wide, { signal, deadlineMs: deadlineMs.removal })
      return { says: `granted until ${annotations[expiresAnnotation]}`, facts: {} }
    },

    async confirm(context) {
      return {
        says: 'the bindings were read again',
        measured: [measureNone('namespaces without the binding', await withoutBinding(tools, context))],
        facts: {},
      }
    },

    async undo(context) {
      const { migration, signal } = context
      const cluster = await tools.cluster('destination', signal)
      const options = { signal, deadlineMs: deadlineMs.removal }
      for (const namespace of destinationNamespaces(migration)) {
        await cluster.remove(roleBindings, { name: roleName, namespace }, options)
      }
      for (const name of [untilInstalled, `${roleName}-cluster`])
        await cluster.remove(clusterRoleBindings, { name }, options)
      for (const name of [roleName, `${roleName}-cluster`]) await cluster.remove(clusterRoles, { name }, options)
      return { says: `${migration.destination.vendorUser} has no rights of ours any more` }
    },
  }
}

async function absentNamespaces(tools: Tools, { migration, signal }: StepContext): Promise<readonly string[]> {
  const cluster = await tools.cluster('destination', signal)
  const absent: string[] = []
  for (const name of destinationNamespaces(migration)) {
    if ((await cluster.get(namespaces, { name }, { signal })) === null) absent.push(name)
  }
  return absent
}

/** Namespaces where nothing is granted; one that is not there yet counts as granted by what holds everywhere. */
async function withoutBinding(tools: Tools, context: StepContext): Promise<readonly string[]> {
  const { migration, signal } = context
  const cluster = await tools.cluster('destination', signal)
  const isFor = (binding: { readonly subjects: readonly { readonly name: string }[] } | null) =>
    binding?.subjects.some(({ name }) => name === migration.destination.vendorUser) === true
  const absent = await absentNamespaces(tools, context)
  const isWide = isFor(await cluster.get(clusterRoleBindings, { name: untilInstalled }, { signal }))
  const missing: string[] = []
  for (const namespace of destinationNamespaces(migration)) {
    const isGranted = absent.includes(namespace)
      ? isWide
      : isFor(await cluster.get(roleBindings, { name: roleName, namespace }, { signal }))
    if (!isGranted) missing.push(namespace)
  }
  return missing
}

/** Prerequisite 2: with the credentials that will be used, every right is asked for, and the places are the planned ones. */
export function accessConfirmed(tools: Tools): Step {
  return {
    check: async () => ({ kind: 'needed', says: 'rights are asked for anew each time' }),
    explain: async ({ migration }) => ({
      summary: `${destinationQuestions(migration).length} rights are asked for at the destination. Nothing is changed.`,
      diff: [],
    }),
    apply: async () => ({ says: 'nothing is to be changed', facts: {} }),

    async confirm(context) {
      const { migration, signal } = context
      const cluster = await tools.cluster('destination', signal)
      const answers = await cluster.may(destinationQuestions(migration), { signal })
      const refused = answers.filter(({ allowed }) => !allowed).map(({ question }) => describe(question))
      const { aws } = migration.destination
      const account = aws === undefined ? null : await (await tools.cloud('destination', signal)).identity({ signal })
      return {
        says: `${answers.length} rights asked for on ${cluster.identity.name}`,
        measured: [
          measureNone('rights that are refused', refused, 10),
          ...(aws === undefined || account === null
            ? []
            : [
                measure('AWS account', aws.accountId, account.account),
                measure('AWS region', aws.region, account.region),
                measure('region of the cluster', aws.region, cluster.identity.awsRegion),
              ]),
        ],
        facts: {},
      }
    },
  }
}

function describe(question: ReturnType<typeof destinationQuestions>[number]): string {
  const { verb, resource, subresource, namespace } = question
  const what = subresource === undefined ? resource : `${resource}/${subresource}`
  return `${verb} ${what}${namespace === undefined ? '' : ` in ${namespace}`}`
}
