import type { TableNotation } from './parse-table.ts'

/** Mail, alerts, notifications and web hooks. `parse-table.ts` explains the notation. */
export const messagesTables = {
  messages: `
    id                   id
    sender_id            bigint not null
    subject              text
    body                 text
    state                string not null
    hidden_at            datetime
    type                 string
    created_at           datetime
    updated_at           datetime
    system_operation_id  bigint
    headers              text
    tenant_id            bigint
    origin               string
    index (sender_id, hidden_at)
  `,

  message_recipients: `
    id             id
    message_id     bigint not null
    receiver_id    bigint not null
    receiver_type  string not null default ''
    kind           string not null default ''
    position       integer
    state          string not null
    hidden_at      datetime
    tenant_id      bigint
    deleted_at     datetime
    index (receiver_id) named idx_receiver_id
    index (message_id, kind)
  `,

  mail_dispatch_rules: `
    id                   id
    account_id           bigint
    system_operation_id  bigint
    emails               text
    dispatch             boolean default true
    created_at           datetime
    updated_at           datetime
    tenant_id            bigint
    unique (account_id, system_operation_id) since 2.14
    unique (system_operation_id, account_id) until 2.13
  `,

  system_operations: `
    id           id
    ref          string
    name         string
    description  text
    created_at   datetime
    updated_at   datetime
    pos          integer
    tenant_id    integer
  `,

  email_configurations: `
    table since 2.12
    id                   id
    account_id           integer
    email                unlimited string not null collate utf8mb3_general_ci
    domain               unlimited string collate utf8mb3_general_ci
    user_name            unlimited string
    password             unlimited string
    authentication       unlimited string
    tls                  unlimited string
    openssl_verify_mode  unlimited string
    address              unlimited string collate utf8mb3_general_ci
    port                 unsigned smallint
    tenant_id            bigint
    created_at           datetime not null
    updated_at           datetime not null
    index (account_id)
    unique (email)
  `,

  notifications: `
    id           id
    user_id      bigint
    event_id     string not null
    system_name  string(1000)
    state        string(20)
    created_at   datetime
    updated_at   datetime
    title        string(1000)
    index (event_id)
    index (user_id)
  `,

  notification_preferences: `
    id           id
    user_id      bigint
    preferences  blob
    created_at   datetime
    updated_at   datetime
    tenant_id    bigint
    unique (user_id)
  `,

  alerts: `
    id            id
    account_id    bigint not null
    timestamp     datetime not null
    state         string not null
    cinstance_id  bigint not null
    utilization   decimal(6,2) not null
    level         integer not null
    alert_id      bigint not null
    message       text
    tenant_id     bigint
    service_id    bigint
    unique (alert_id, account_id) since 2.14
    index (cinstance_id)
    index (timestamp)
    index (account_id, service_id, state, cinstance_id) named index_alerts_with_service_id
  `,

  web_hooks: `
    id                               id
    account_id                       bigint
    url                              string
    account_created_on               boolean default false
    account_updated_on               boolean default false
    account_deleted_on               boolean default false
    user_created_on                  boolean default false
    user_updated_on                  boolean default false
    user_deleted_on                  boolean default false
    application_created_on           boolean default false
    application_updated_on           boolean default false
    application_deleted_on           boolean default false
    created_at                       datetime
    updated_at                       datetime
    provider_actions                 boolean default false
    account_plan_changed_on          boolean default false
    application_plan_changed_on      boolean default false
    application_user_key_updated_on  boolean default false
    application_key_created_on       boolean default false
    application_key_deleted_on       boolean default false
    active                           boolean default false
    application_suspended_on         boolean default false
    tenant_id                        bigint
    push_application_content_type    boolean default true
    application_key_updated_on       boolean default false
  `,
} as const satisfies TableNotation
