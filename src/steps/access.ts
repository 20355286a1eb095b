import type { Step } from '../ports/step.ts'
import { absentNamespaces, grant, isBoundEverywhere, revoke, withoutBinding } from './access-bindings.ts'
import { measure, measureNone } from './measure.ts'
import { destinationNamespaces, destinationQuestions, destinationRights } from './rights.ts'
import type { Tools } from './tools.ts'

/** Prerequisite 1: the vendor's user may do what its rows need at the destination, there and nowhere else. */
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
          : ` ${absent.join(', ')} are not there yet, so until row access-narrowed the rights hold in the whole cluster.`
      return {
        summary: `${user} gets rights in ${destinationNamespaces(migration).length} namespaces of the destination, with an end date.${whole}`,
        diff: destinationRights(migration).inRhoam.map(({ group, resources, verbs }) => ({
          what: `${resources.join(', ')}${group === '' ? '' : ` (${group})`}`,
          before: null,
          after: verbs.join(', '),
        })),
      }
    },

    async apply(context) {
      const { until } = await grant(tools, context)
      return { says: `granted until ${until}`, facts: {} }
    },

    async confirm(context) {
      return {
        says: 'the bindings were read again',
        measured: [measureNone('namespaces without the binding', await withoutBinding(tools, context))],
        facts: {},
      }
    },

    async undo(context) {
      await revoke(tools, context)
      return { says: `${context.migration.destination.vendorUser} has no rights of ours any more` }
    },
  }
}

/** Once RHOAM has made its namespaces: the same rights in these, and nowhere else any more. */
export function accessNarrowed(tools: Tools): Step {
  return {
    async check(context) {
      const missing = await withoutBinding(tools, context)
      if (missing.length > 0) return { kind: 'needed', says: `nothing is granted in ${missing.join(', ')}` }
      if (await isBoundEverywhere(tools, context))
        return { kind: 'needed', says: 'the rights hold in the whole cluster' }
      return { kind: 'done', says: "the rights hold in RHOAM's namespaces only", facts: {} }
    },

    explain: async ({ migration }) => ({
      summary: `The rights of ${migration.destination.vendorUser} shrink to the namespaces that the rows work in.`,
      diff: destinationNamespaces(migration).map((namespace) => ({
        what: `rights in ${namespace}`,
        before: 'of the whole cluster',
        after: 'of this namespace',
      })),
    }),

    async apply(context) {
      const { until } = await grant(tools, context)
      return { says: `granted in RHOAM's namespaces until ${until}`, facts: {} }
    },

    async confirm(context) {
      return {
        says: 'the bindings were read again',
        measured: [
          measureNone('namespaces of RHOAM that are not there', await absentNamespaces(tools, context)),
          measureNone('namespaces without the binding', await withoutBinding(tools, context)),
          measure('rights that hold in the whole cluster', false, await isBoundEverywhere(tools, context)),
        ],
        facts: {},
      }
    },
  }
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
      // At the other access levels the vendor has no credentials of the account; what it may do in the bucket, row P9 shows.
      const aws = migration.accessLevel === 'limited' ? migration.destination.aws : undefined
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
