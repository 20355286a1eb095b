import { z } from 'zod'
import { clusterKinds } from '../model/cluster-kinds.ts'
import { clusterKind } from '../model/cluster-object.ts'
import type { Step } from '../ports/step.ts'
import { byHand } from './by-hand.ts'
import { deadlineMs } from './deadlines.ts'
import { measure, measureNone } from './measure.ts'
import { placeOf, rhoamNamespaces, type ThreescalePlace } from './places.ts'
import { rhmiOf, rhoamOperator, rhoamPods } from './rhoam.ts'
import type { Tools } from './tools.ts'
import { scaleDeployment } from './workloads.ts'

const named = { namespaced: false }
const oauths = clusterKind(
  { apiVersion: 'config.openshift.io/v1', kind: 'OAuth', plural: 'oauths', ...named },
  { spec: z.object({ identityProviders: z.array(z.object({ name: z.string() })).default([]) }).prefault({}) },
)
const identities = clusterKind(
  { apiVersion: 'user.openshift.io/v1', kind: 'Identity', plural: 'identities', ...named },
  { providerName: z.string().default('') },
)

/** Prerequisite 10: an identity provider, and somebody who has logged in through it. */
export function destinationIdp(tools: Tools): Step {
  return byHand({
    order: () => 'Add an identity provider to OAuth `cluster` of the destination, and log in through it once.',
    back: "Put the cluster's former OAuth settings back.",
    async whyNot(context) {
      const { cluster, signal } = await placeOf(tools, context, 'destination')
      const oauth = await cluster.get(oauths, { name: 'cluster' }, { signal })
      const providers = oauth?.spec.identityProviders.map(({ name }) => name) ?? []
      if (providers.length === 0) return 'the cluster has no identity provider'
      for await (const page of cluster.list(identities, {}, { signal })) {
        if (page.some(({ providerName }) => providers.includes(providerName))) return null
      }
      return `nobody has logged in through ${providers.join(', ')}`
    },
  })
}

/** Prerequisite 11: the domain is there before RHOAM is, which takes it once and for ever. */
export function customDomain(tools: Tools): Step {
  return byHand({
    back: 'Delete the custom domain and its certificate, as long as RHOAM is not installed.',
    order: ({ migration }) =>
      `Create a CustomDomain for ${migration.destination.customDomain ?? 'the domain'} with its certificate, and point *.${migration.destination.customDomain ?? 'DOMAIN'} to its endpoint.`,
    async whyNot(context) {
      const { cluster, signal } = await placeOf(tools, context, 'destination')
      const domain = context.migration.destination.customDomain
      for await (const page of cluster.list(clusterKinds.customDomains, {}, { signal })) {
        const found = page.find(({ spec }) => spec.domain === domain)
        if (found !== undefined)
          return found.status.state === 'Ready' ? null : `it is ${found.status.state || 'not looked at yet'}`
      }
      return `the cluster has no CustomDomain for ${domain ?? 'it'}`
    },
  })
}

/** Prerequisite 12: RHOAM's installation has begun, and it has nothing to object to. */
export function rhoamInstall(tools: Tools): Step {
  return byHand({
    back: 'Uninstall the RHOAM add-on.',
    order: ({ migration }) =>
      `Install the RHOAM add-on ${migration.destination.rhoamVersion} with SMTP, ${migration.destination.customDomain === undefined ? '' : 'custom domain, '}notification address and quota.`,
    async whyNot(context) {
      const rhmi = await rhmiOf(await placeOf(tools, context, 'destination'), context)
      if (rhmi === null) return 'there is no RHMI'
      const { preflightStatus, preflightMessage, customSmtp, customDomain: domain, quota } = rhmi.status
      if (preflightStatus !== 'successful')
        return `its pre-flight checks: ${preflightStatus || 'not made'} ${preflightMessage}`.trim()
      if (customSmtp?.error) return `its mail settings: ${customSmtp.error}`
      if (domain?.error) return `its domain: ${domain.error}`
      return quota === '' ? 'it has no quota yet' : null
    },
  })
}

/** Prerequisite 13: RHOAM stands still as soon as its 3scale is being installed. */
export function rhoamFreeze(tools: Tools): Step {
  return {
    async check(context) {
      const why = await whyNotFrozen(await placeOf(tools, context, 'destination'), context)
      return why === null ? { kind: 'done', says: 'RHOAM stands still', facts: {} } : { kind: 'needed', says: why }
    },

    explain: async (context) => ({
      summary: "RHOAM's operator is stopped once the APIManager exists; 3scale's own operator goes on.",
      diff: [{ what: `replicas of ${rhoamOperator(context).name}`, before: '1', after: '0' }],
    }),

    async apply(context) {
      const at = await placeOf(tools, context, 'destination')
      const { cluster, namespace, signal } = at
      await cluster.until(clusterKinds.apiManagers, { namespace }, (found) => found.length > 0, {
        signal,
        deadlineMs: deadlineMs.rhoam,
        what: `an APIManager in ${namespace}`,
      })
      await resourcesComplete(at, rhoamNamespaces(context.migration).operator)
      await scaleDeployment(at, rhoamOperator(context), 0)
      return { says: 'RHOAM stands still, its databases are complete', facts: {} }
    },

    async confirm(context) {
      const at = await placeOf(tools, context, 'destination')
      const why = await whyNotFrozen(at, context)
      return {
        says: 'pods and resources were counted',
        measured: [
          measure(`ready pods of ${rhoamOperator(context).name}`, 0, await rhoamPods(at, context)),
          measureNone('what is not as it should be', why === null ? [] : [why]),
        ],
        facts: {},
      }
    },

    async undo(context) {
      await scaleDeployment(await placeOf(tools, context, 'destination'), rhoamOperator(context), 1)
      return { says: 'RHOAM goes on' }
    },
  }
}

const resourceKinds = [clusterKinds.redis, clusterKinds.postgres] as const

async function resourcesComplete({ cluster, signal }: ThreescalePlace, namespace: string): Promise<void> {
  for (const kind of resourceKinds) {
    await cluster.until(
      kind,
      { namespace },
      (found) => found.length > 0 && found.every(({ status }) => status.phase === 'complete'),
      {
        signal,
        deadlineMs: deadlineMs.rhoam,
        what: `the ${kind.plural} resources of RHOAM to be complete`,
        describe: (found) => found.map(({ metadata, status }) => `${metadata.name} ${status.phase}`).join(', '),
      },
    )
  }
}

async function whyNotFrozen(at: ThreescalePlace, context: Parameters<Step['check']>[0]): Promise<string | null> {
  const { cluster, namespace, signal } = at
  if ((await rhoamPods(at, context)) > 0) return "RHOAM's operator runs"
  for await (const page of cluster.list(clusterKinds.apiManagers, { namespace }, { signal }))
    if (page.length > 0) return null
  return `there is no APIManager in ${namespace}`
}
