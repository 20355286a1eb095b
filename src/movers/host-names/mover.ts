import type {
  HostNames,
  HostNamesPreview,
  HostNamesReport,
  HostNamesRequest,
  HostRename,
} from '../../ports/host-names.ts'
import { PostgresTarget } from '../system-database/postgres-target.ts'
import { configurationsWith, rewritten } from './configurations.ts'
import { fault } from './faults.ts'
import { HostMap, whyNoHost } from './host-map.ts'
import { readConfiguredHosts, readMentions, readServedNames, type ServedName } from './read-names.ts'
import { createLedger, type NewCell, restoreCells, rewriteCells } from './rewrite-cells.ts'

/** Host names in 3scale's PostgreSQL; which columns they are in is `src/threescale/host-names.ts`. */
export function hostNamesMover(): HostNames {
  return {
    preview: (request) => withSession(request, (session) => preview(session, request)),
    rename: (request) => withTransaction(request, (session) => rename(session, request)),
    restore: (request) =>
      withTransaction(request, async (session) => {
        await createLedger(session)
        return restoreCells(session, request)
      }),
  }
}

async function withSession<Result>(
  { database, signal }: HostNamesRequest,
  work: (session: PostgresTarget) => Promise<Result>,
): Promise<Result> {
  const session = await PostgresTarget.open(database, signal)
  try {
    return await work(session)
  } finally {
    await session.close()
  }
}

/** What fails in the middle closes the session, and the server takes all of it back. */
function withTransaction<Result>(
  request: HostNamesRequest,
  work: (session: PostgresTarget) => Promise<Result>,
): Promise<Result> {
  return withSession(request, async (session) => {
    await session.query('BEGIN', 'beginning to rename hosts')
    await session.query(
      `SET LOCAL synchronous_commit = on;
       LOCK TABLE accounts, proxies, services, proxy_configs IN SHARE ROW EXCLUSIVE MODE`,
      'keeping other writers out',
    )
    const result = await work(session)
    await session.query('COMMIT', 'committing the renamed hosts')
    return result
  })
}

/** Everything that is to be known before the first change. */
async function learn(session: PostgresTarget, { from, to, also }: HostNamesRequest) {
  const served = await readServedNames(session)
  const map = new HostMap(from, to, also)
  for (const { host } of served) map.learn(host)
  for (const host of await readConfiguredHosts(session)) map.learn(host)
  return { served, map, problems: problemsOf(served, map) }
}

/** A new name must be a name, and nobody else's. */
function problemsOf(served: readonly ServedName[], map: HostMap): HostNamesPreview['problems'] {
  const holders = new Map<string, string>()
  for (const { table, column, id, host } of served) {
    if (table === 'accounts' && map.renamed(host) === null) holders.set(`${column} ${host}`, id)
  }
  const problems = new Map<string, string>()
  for (const { table, column, id, host } of served) {
    const after = map.renamed(host)
    if (after === null) continue
    const why = whyNoHost(after)
    const holder = holders.get(`${column} ${after}`)
    if (why !== null) problems.set(after, why)
    else if (table === 'accounts' && holder !== undefined && holder !== id) {
      problems.set(after, `account ${holder} has it already, and account ${id} would get it`)
    }
  }
  return [...problems].map(([host, says]) => ({ host, says }))
}

async function preview(session: PostgresTarget, request: HostNamesRequest): Promise<HostNamesPreview> {
  const { served, map, problems } = await learn(session, request)
  let configurations = 0
  for await (const batch of configurationsWith(session, searchedNames(request))) {
    configurations += batch.filter((configuration) => rewritten(configuration, map).length > 0).length
  }
  const kept = served.filter(({ host }) => map.renamed(host) === null)
  return {
    renames: renamesOf(served, map),
    configurations,
    kept: kept.map(({ table, column, tenant, host }) => ({ column: `${table}.${column}`, tenant, host })),
    toLookAt: await readMentions(session, request.from),
    problems,
  }
}

function searchedNames({ from, also }: HostNamesRequest): readonly string[] {
  return [from, ...also.keys()]
}

function renamesOf(served: readonly ServedName[], map: HostMap): readonly HostRename[] {
  const renames = new Map<string, HostRename>()
  for (const { table, column, tenant, host } of served) {
    const after = map.renamed(host)
    if (after === null) continue
    const key = JSON.stringify([tenant, table, column, host])
    const rows = (renames.get(key)?.rows ?? 0) + 1
    renames.set(key, { column: `${table}.${column}`, tenant, rows, before: host, after })
  }
  return [...renames.values()]
}

async function rename(session: PostgresTarget, request: HostNamesRequest): Promise<HostNamesReport> {
  const { served, map, problems } = await learn(session, request)
  const [problem] = problems
  if (problem !== undefined) {
    throw fault('HOSTS_IMPOSSIBLE', { host: problem.host, why: problem.says, problems: problems.length })
  }
  await createLedger(session)
  const changed = new Map<string, number>()
  const write = async (cells: readonly NewCell[]): Promise<void> => {
    for (const [place, ofColumn] of Map.groupBy(cells, ({ table, column }) => `${table}.${column}`)) {
      await rewriteCells(session, request, ofColumn)
      changed.set(place, (changed.get(place) ?? 0) + ofColumn.length)
    }
  }
  await write(
    served
      .map(({ table, column, id, text }) => ({ table, column, id, text, after: map.rewrite(text) }))
      .filter(({ text, after }) => after !== text),
  )
  for await (const batch of configurationsWith(session, searchedNames(request))) {
    await write(
      batch.flatMap((configuration) =>
        rewritten(configuration, map).map(([column, after]) => ({
          table: 'proxy_configs',
          column,
          id: configuration.id,
          after,
        })),
      ),
    )
  }
  return { changed: [...changed].map(([column, rows]) => ({ column, rows })), leftAlone: 0 }
}
