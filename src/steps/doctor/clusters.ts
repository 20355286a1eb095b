import { lookup } from 'node:dns/promises'
import type { AccessQuestion } from '../../ports/cluster.ts'
import { catalogSource, versionAnnotations } from '../../threescale/hops.ts'
import { clusterKinds } from '../../model/cluster-kinds.ts'
import { apiManagerOf, domainOf, placeOf, rhoamNamespaces, type ThreescalePlace } from '../places.ts'
import { destinationQuestions } from '../rights.ts'
import { rhmiOf } from '../rhoam.ts'
import type { CloudPlace, ClusterPlace } from '../tools.ts'
import { type Look, noGo, ok, type Patient, type Seen, warning } from './look.ts'

/** The pages of so many tenants are called. */
const mostTenants = 5

/** The clusters, what may be done on them, and the accounts beside them. */
export const clusterLooks: readonly Look[] = [
  cluster('source'),
  rights('source', ({ migration }) => threescaleQuestions(migration.source.namespace)),
  {
    place: 'source',
    what: '3scale in its namespace',
    async examine(patient) {
      const { release, wildcardDomain } = patient.migration.source
      const { metadata, spec } = await apiManagerOf(await at(patient, 'source'))
      if (spec.wildcardDomain !== wildcardDomain) {
        return noGo(
          `its wildcard domain is ${spec.wildcardDomain}, and migration.yaml says ${wildcardDomain}`,
          'Correct source.wildcardDomain in migration.yaml.',
        )
      }
      const reported = metadata.annotations[versionAnnotations.threescale] ?? ''
      return reported === release || reported.startsWith(`${release}.`)
        ? ok(`3scale ${reported} below ${wildcardDomain}`)
        : noGo(
            `its operator reports 3scale ${reported || 'of no version'}, and migration.yaml says ${release}`,
            'Correct source.release in migration.yaml.',
          )
    },
  },
  {
    place: 'source',
    what: 'portals: DNS, TLS, and an answer',
    async examine({ tools, migration, signal }) {
      const tenants = await tools.threescaleDatabase.tenants(await tools.database(migration.source.database.url), {
        signal,
      })
      const some = tenants.filter(({ state }) => state === 'approved').slice(0, mostTenants)
      for (const { adminHost } of some) {
        const { status } = await tools.threescale.status(tools.portal('source', adminHost), '/p/login', { signal })
        if (status >= 500 || status === 404)
          return noGo(`${adminHost} answers ${status}`, 'Look at the routes and pods of the source.')
      }
      return ok(`${some.length} of ${tenants.length} tenants were called`)
    },
  },
  cluster('migration'),
  rights('migration', ({ migration }) => threescaleQuestions(migration.migrationCluster.namespace)),
  {
    place: 'migration',
    what: "catalog with 3scale's operator",
    async examine(patient) {
      const here = await patient.tools.cluster('migration', patient.signal)
      const question = {
        verb: 'create',
        group: 'operators.coreos.com',
        resource: 'subscriptions',
        namespace: patient.migration.migrationCluster.namespace,
      }
      const [answer] = await here.may([question], { signal: patient.signal })
      return answer?.allowed === true
        ? ok(`operators may be subscribed to from ${catalogSource.name}`)
        : noGo('operators may not be subscribed to', 'Grant create on subscriptions.operators.coreos.com there.')
    },
  },
  account('migration', ({ migration }) => migration.migrationCluster.aws),
  cluster('destination'),
  {
    ...rights('destination', ({ migration }) => destinationQuestions(migration)),
    async examine(patient) {
      const refused = await refusedOf(patient, 'destination', destinationQuestions(patient.migration))
      return refused.length === 0
        ? ok('every right that the rows need is there')
        : noGo(
            `${refused.length} rights are refused, such as ${refused.slice(0, 3).join(', ')}`,
            'Have bu-srep run row access-granted.',
          )
    },
  },
  {
    place: 'destination',
    what: 'RHOAM, and no other 3scale in its way',
    async examine(patient) {
      const here = await at(patient, 'destination')
      const rhmi = await rhmiOf(here, { migration: patient.migration })
      if (rhmi !== null) return ok(`RHOAM ${rhmi.status.version || rhmi.status.toVersion || 'is being installed'}`)
      const own = rhoamNamespaces(patient.migration).threescale
      for await (const page of here.cluster.list(
        clusterKinds.deployments,
        { name: 'system-app' },
        { signal: patient.signal },
      )) {
        const other = page.find(({ metadata }) => metadata.namespace !== own)
        if (other !== undefined) {
          return noGo(
            `namespace ${other.metadata.namespace} holds a 3scale, and RHOAM refuses to be installed beside one`,
            'Remove that 3scale, or install RHOAM before it comes.',
          )
        }
      }
      return warning('RHOAM is not installed yet', 'It comes with row rhoam-install; look again after it.')
    },
  },
  account('destination', ({ migration }) => migration.destination.aws),
  {
    place: 'destination',
    what: 'DNS of its domain',
    async examine({ tools, migration }) {
      const host = `3scale-admin.${domainOf(migration, 'destination')}`
      const { connectTo } = tools.portal('destination', host)
      if (connectTo !== undefined) return ok(`hosts are reached at ${connectTo.host}:${connectTo.port}, without DNS`)
      const found = await lookup(host).catch(() => null)
      return found === null
        ? noGo(`${host} is not to be found`, "Let the wildcard record of that domain lead to the cluster's router.")
        : ok(`${host} leads to ${found.address}`)
    },
  },
]

function at({ tools, migration, signal }: Patient, place: ClusterPlace): Promise<ThreescalePlace> {
  return placeOf(tools, { migration, signal }, place)
}

function cluster(place: ClusterPlace): Look {
  return {
    place,
    what: 'cluster',
    async examine({ tools, signal }) {
      const { identity } = await tools.cluster(place, signal)
      return ok(identity.apiUrl === '' ? identity.name : `${identity.name} at ${identity.apiUrl}`)
    },
  }
}

/** What rows do to a 3scale in a namespace of the customer's or the vendor's own. */
function threescaleQuestions(namespace: string): readonly AccessQuestion[] {
  return [
    { verb: 'patch', group: 'apps', resource: 'deployments', subresource: 'scale', namespace },
    { verb: 'get', group: '', resource: 'secrets', namespace },
    { verb: 'create', group: '', resource: 'pods', subresource: 'exec', namespace },
    { verb: 'list', group: '', resource: 'pods', namespace },
    { verb: 'list', group: 'route.openshift.io', resource: 'routes', namespace },
    { verb: 'get', group: 'apps.3scale.net', resource: 'apimanagers', namespace },
  ]
}

function rights(place: ClusterPlace, questions: (patient: Patient) => readonly AccessQuestion[]): Look {
  return {
    place,
    what: 'rights',
    async examine(patient) {
      const refused = await refusedOf(patient, place, questions(patient))
      return refused.length === 0
        ? ok('every right that the rows need is there')
        : noGo(`refused: ${refused.slice(0, 3).join(', ')}`, `Grant these rights to the user of this kubeconfig.`)
    },
  }
}

async function refusedOf(
  { tools, signal }: Patient,
  place: ClusterPlace,
  questions: readonly AccessQuestion[],
): Promise<readonly string[]> {
  const answers = await (await tools.cluster(place, signal)).may(questions, { signal })
  return answers
    .filter(({ allowed }) => !allowed)
    .map(({ question }) => {
      const { verb, resource, subresource, namespace } = question
      return `${verb} ${resource}${subresource === undefined ? '' : `/${subresource}`}${namespace === undefined ? '' : ` in ${namespace}`}`
    })
}

function account(
  place: CloudPlace,
  expected: (patient: Patient) => { readonly accountId: string; readonly region: string } | undefined,
): Look {
  return {
    place,
    what: 'AWS account',
    async examine(patient): Promise<Seen | null> {
      const aws = expected(patient)
      if (aws === undefined) return null
      const { account, region } = await (await patient.tools.cloud(place, patient.signal)).identity({
        signal: patient.signal,
      })
      if (account !== aws.accountId) {
        return noGo(
          `the credentials are of account ${account}, and migration.yaml says ${aws.accountId}`,
          'Use the credentials of that account, or correct migration.yaml.',
        )
      }
      return ok(`${account} in ${region}`)
    },
  }
}
