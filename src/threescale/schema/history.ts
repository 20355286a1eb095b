import type { TableNotation } from './parse-table.ts'

/** What happened: events, audits and logs; and notes on any record. `parse-table.ts` explains the notation. */
export const historyTables = {
  event_store_events: `
    id           id
    stream       string not null
    event_type   string not null
    event_id     string not null
    metadata     mediumtext
    data         text
    created_at   datetime not null
    provider_id  bigint
    tenant_id    bigint
    index (created_at)
    unique (event_id)
    index (provider_id)
    index (stream)
  `,

  backend_events: `
    id          bigint not null
    data        text
    created_at  datetime not null
    updated_at  datetime not null
    primary key (id) since 2.14
    unique (id) until 2.13
  `,

  audits: `
    id               id
    auditable_id     bigint
    auditable_type   string
    user_id          bigint
    user_type        string
    username         string
    action           string
    version          integer default 0
    created_at       datetime
    tenant_id        bigint
    provider_id      bigint
    kind             string
    audited_changes  text until 2.13
    audited_changes  mediumtext since 2.14
    comment          text
    associated_id    integer
    associated_type  string
    remote_address   string
    request_uuid     string
    index (associated_id, associated_type) named associated_index until 2.11
    index (associated_type, associated_id) named associated_index since 2.12
    index (auditable_id, auditable_type) named auditable_index until 2.11
    index (auditable_type, auditable_id, version) named auditable_index since 2.12
    index (action)
    index (auditable_id, auditable_type, version)
    index (created_at)
    index (kind)
    index (provider_id)
    index (request_uuid)
    index (version)
    index (user_id, user_type) named user_index
  `,

  log_entries: `
    id           id
    tenant_id    bigint
    provider_id  bigint
    buyer_id     bigint
    level        integer default 10
    description  string
    created_at   datetime
    updated_at   datetime
    index (provider_id)
  `,

  deleted_objects: `
    id           id
    owner_id     bigint
    owner_type   unlimited string
    object_id    bigint
    object_type  unlimited string
    created_at   datetime not null
    metadata     text
    index (object_type, object_id)
    index (owner_type, owner_id)
  `,

  annotations: `
    table collate utf8mb4_bin since 2.16
    id              id
    name            unlimited string not null
    value           unlimited string
    annotated_type  unlimited string not null
    annotated_id    bigint not null
    tenant_id       integer
    created_at      datetime(6) not null
    updated_at      datetime(6) not null
    unique (annotated_type, annotated_id, name)
  `,
} as const satisfies TableNotation
