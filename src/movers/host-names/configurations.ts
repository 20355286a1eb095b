import type { PostgresSession } from '../system-database/postgres-session.ts'
import type { HostMap } from './host-map.ts'

const batchBytes = 8 * 1024 * 1024

export interface Configuration {
  readonly id: string
  readonly hosts: string | null
  readonly content: string
}

/**
 * Promoted configurations that mention the domain, all versions of them: the gateway may be rolled back to any. In
 * batches of some megabytes, or of one that is larger.
 */
export async function* configurationsWith(
  session: PostgresSession,
  names: readonly string[],
): AsyncGenerator<readonly Configuration[]> {
  const found = await session.query(
    `SELECT id, octet_length(content) FROM proxy_configs
      WHERE EXISTS (SELECT FROM json_array_elements_text($1::json) name
        WHERE position(name in content) > 0 OR position(name in coalesce(hosts, '')) > 0) ORDER BY id`,
    'looking through proxy_configs',
    [JSON.stringify(names)],
  )
  let batch: string[] = []
  let bytes = 0
  for (const [index, [id, length]] of found.entries()) {
    batch.push(id ?? '')
    bytes += Number(length)
    if (bytes < batchBytes && index < found.length - 1) continue
    const rows = await session.query(
      'SELECT id, hosts, content FROM proxy_configs WHERE id = ANY (string_to_array($1, $2)::bigint[]) ORDER BY id',
      'reading proxy_configs',
      [batch.join(','), ','],
    )
    yield rows.map(([id, hosts, content]) => ({ id: id ?? '', hosts: hosts ?? null, content: content ?? '' }))
    batch = []
    bytes = 0
  }
}

/** What is to be written of it: columns that change, with their new text. */
export function rewritten(
  configuration: Configuration,
  map: HostMap,
): readonly (readonly ['hosts' | 'content', string])[] {
  const { hosts, content } = configuration
  const columns = [
    ['hosts', hosts, hosts === null ? null : map.rewrite(hosts)],
    ['content', content, map.rewrite(content)],
  ] as const
  return columns.flatMap(([column, before, after]) => (after === null || after === before ? [] : [[column, after]]))
}
