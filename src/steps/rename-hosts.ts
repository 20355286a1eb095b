import type { HostNamesRequest } from '../ports/host-names.ts'
import type { Step, StepContext } from '../ports/step.ts'
import { workingDatabase } from './databases.ts'
import { declares } from './declaration.ts'
import { factsOf } from './facts.ts'
import { measureNone } from './measure.ts'
import { domainOf } from './places.ts'
import { quiesceFacts } from './quiesce.ts'
import type { ClusterPlace, Tools } from './tools.ts'

/** So many names are shown to whoever approves; all of them are counted, and `threeshift hosts preview` shows them. */
const shown = 500

/** All hosts that 3scale serves go from one place's domain to another's, in the database on the migration cluster. */
export function renameHosts(tools: Tools, from: ClusterPlace, to: ClusterPlace): Required<Step> {
  const requestOf = (context: StepContext) => renameRequest(tools, context, from, to)
  return {
    async check(context) {
      const { renames, configurations } = await tools.hostNames.preview(await requestOf(context))
      const left = renames.length + configurations
      if (left > 0) return { kind: 'needed', says: `${left} names and configurations are of the old domain` }
      return {
        kind: 'done',
        says: 'no name of the old domain is left',
        facts: declaresRename(context, await requestOf(context)),
      }
    },

    async explain(context) {
      const { renames, configurations, kept, toLookAt, problems } = await tools.hostNames.preview(
        await requestOf(context),
      )
      const more = renames.length > shown ? `, of which ${shown} are shown` : ''
      const looking = toLookAt.map(({ column, rows, hosts }) => ({
        what: `to be looked at: ${column}, ${rows} rows`,
        before: hosts.join(', '),
        after: hosts.join(', '),
      }))
      return {
        summary: `${renames.length} host names change${more}, ${configurations} promoted configurations are rewritten, ${kept.length} names outside the domain stay, ${problems.length} new names are impossible.`,
        diff: [
          ...problems.map(({ host, says }) => ({ what: `impossible: ${says}`, before: null, after: host })),
          ...renames.slice(0, shown).map(({ column, tenant, before, after }) => ({
            what: `${column} of tenant ${tenant ?? 'none'}`,
            before,
            after,
          })),
          ...looking,
        ],
      }
    },

    async apply(context) {
      const { changed } = await tools.hostNames.rename(await requestOf(context))
      const rows = changed.reduce((sum, column) => sum + column.rows, 0)
      return { says: `${rows} cells in ${changed.length} columns renamed`, facts: {} }
    },

    async confirm(context) {
      const request = await requestOf(context)
      const { renames, configurations, toLookAt } = await tools.hostNames.preview(request)
      return {
        says: `${toLookAt.length} columns of the customer's own mention the old domain, and were left`,
        measured: [
          measureNone(
            'host names of the old domain',
            renames.map(({ before }) => before),
          ),
          measureNone(
            'promoted configurations of the old domain',
            Array.from({ length: configurations }, () => 'one'),
          ),
        ],
        facts: declaresRename(context, request),
      }
    },

    async undo(context) {
      const { changed, leftAlone } = await tools.hostNames.restore(await requestOf(context))
      const rows = changed.reduce((sum, column) => sum + column.rows, 0)
      return { says: `${rows} cells restored, ${leftAlone} left as somebody has changed them since` }
    },
  }
}

function declaresRename(context: StepContext, { from, to, also }: HostNamesRequest) {
  const says = `hosts below ${from} are below ${to}`
  return declares(context, [{ kind: 'renamed', says, from, to, also: Object.fromEntries(also) }])
}

async function renameRequest(
  tools: Tools,
  context: StepContext,
  fromPlace: ClusterPlace,
  toPlace: ClusterPlace,
): Promise<HostNamesRequest> {
  const { migration, signal } = context
  const [from, to] = [domainOf(migration, fromPlace), domainOf(migration, toPlace)]
  const { tenantName } = factsOf(context, 'quiesce', quiesceFacts)
  // The backend's own route stands in promoted configurations. RHOAM's APIManager has another tenant name.
  const labelTo = toPlace === 'destination' ? '3scale' : tenantName
  return {
    database: await tools.database(workingDatabase(migration)),
    from,
    to,
    also: new Map([[`backend-${tenantName}.${from}`, `backend-${labelTo}.${to}`]]),
    signal,
  }
}
