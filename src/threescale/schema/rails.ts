import type { TableNotation } from './parse-table.ts'

/** What Rails itself keeps: the migrations that ran and the environment. `parse-table.ts` explains the notation. */
export const railsTables = {
  schema_migrations: `
    version  unlimited string not null
    primary key (version)
  `,

  ar_internal_metadata: `
    key         unlimited string not null
    value       unlimited string
    created_at  datetime(6) not null
    updated_at  datetime(6) not null
    primary key (key)
  `,
} as const satisfies TableNotation
