import type { Caller, Scope } from './authenticate.ts'
import type { Installation } from './installation.ts'
import type { Fields, Page, Reply } from './reply.ts'
import type { Params } from './request.ts'
import type { Cell, Row } from './system-database.ts'

/** What a route has to answer with. */
export interface Asked {
  readonly installation: Installation
  readonly caller: Caller
  readonly params: Params
  readonly host: string
}

export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** Without its format; `:name` is one part. */
  readonly path: string
  readonly scope: Scope
  /** Only at the master's host; absent: at every admin portal's. */
  readonly master?: true
  answer(asked: Asked): Promise<Reply>
}

export const notFound: Reply = { kind: 'not-found' }

const mostPerPage = 500

/** The page that was asked for: what is out of range is taken for the default, without a word. */
export function pageOf(params: Params): { readonly perPage: number; readonly current: number } {
  const perPage = Number.parseInt(params.get('per_page') ?? '', 10)
  const current = Number.parseInt(params.get('page') ?? '', 10)
  return {
    perPage: perPage >= 1 && perPage <= mostPerPage ? perPage : mostPerPage,
    current: current >= 1 ? current : 1,
  }
}

/** A page of the rows that `from` (`FROM … WHERE …`) selects, by id. */
export async function listPage(
  { installation, params }: Pick<Asked, 'installation' | 'params'>,
  query: {
    readonly select: string
    readonly from: string
    readonly values: readonly Cell[]
    readonly order: string
    readonly root: string
    readonly item: string
    readonly represent: (row: Row) => Fields
  },
): Promise<Reply> {
  const { database } = installation
  const { perPage, current } = pageOf(params)
  const [counted] = await database.rows(`SELECT count(*) AS entries ${query.from}`, query.values)
  const rows = await database.rows(
    `SELECT ${query.select} ${query.from} ORDER BY ${query.order} LIMIT ${perPage} OFFSET ${(current - 1) * perPage}`,
    query.values,
  )
  const page: Page = { perPage, current, entries: Number(counted?.['entries']) }
  return { kind: 'list', root: query.root, item: query.item, rows: rows.map(query.represent), page }
}
