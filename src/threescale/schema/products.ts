import type { TableNotation } from './parse-table.ts'

/** Products and backends: what the gateway serves and how it is configured. `parse-table.ts` explains the notation. */
export const productsTables = {
  services: `
    id                            id
    account_id                    bigint not null
    name                          string default ''
    description                   text
    txt_support                   text
    created_at                    datetime
    updated_at                    datetime
    logo_file_name                string
    logo_content_type             string
    logo_file_size                integer
    state                         string not null
    intentions_required           boolean default false
    terms                         text
    buyers_manage_apps            boolean default true
    buyers_manage_keys            boolean default true
    custom_keys_enabled           boolean default true
    buyer_plan_change_permission  string default 'request'
    buyer_can_select_plan         boolean default false
    notification_settings         text
    default_application_plan_id   bigint
    default_service_plan_id       bigint
    tenant_id                     bigint
    system_name                   string not null
    backend_version               string not null default '1'
    mandatory_app_key             boolean default true
    buyer_key_regenerate_enabled  boolean default true
    support_email                 string
    referrer_filters_required     boolean default false
    deployment_option             string default 'hosted'
    kubernetes_service_link       string
    index (account_id) named idx_account_id
    index (account_id, state)
    unique (system_name, account_id) named index_services_on_system_name_and_account_id_and_deleted_at
  `,

  service_tokens: `
    id          id
    service_id  bigint
    value       string
    created_at  datetime
    updated_at  datetime
    tenant_id   bigint
    index (service_id)
  `,

  service_cubert_infos: `
    id          id
    bucket_id   string
    service_id  bigint
    created_at  datetime not null
    updated_at  datetime not null
    tenant_id   bigint
  `,

  proxies: `
    id                             id
    tenant_id                      bigint
    service_id                     bigint
    endpoint                       string
    deployed_at                    datetime
    auth_app_key                   string default 'app_key'
    auth_app_id                    string default 'app_id'
    auth_user_key                  string default 'user_key'
    credentials_location           string not null default 'query'
    error_auth_failed              string default 'Authentication failed'
    error_auth_missing             string default 'Authentication parameters missing'
    created_at                     datetime
    updated_at                     datetime
    error_status_auth_failed       integer not null default 403
    error_headers_auth_failed      string not null default 'text/plain; charset=us-ascii'
    error_status_auth_missing      integer not null default 403
    error_headers_auth_missing     string not null default 'text/plain; charset=us-ascii'
    error_no_match                 string not null default 'No Mapping Rule matched'
    error_status_no_match          integer not null default 404
    error_headers_no_match         string not null default 'text/plain; charset=us-ascii'
    secret_token                   string not null
    hostname_rewrite               string
    oauth_login_url                string
    sandbox_endpoint               string
    api_test_path                  string(8192)
    api_test_success               boolean
    apicast_configuration_driven   boolean not null default true
    oidc_issuer_endpoint           string
    lock_version                   bigint not null default 0
    authentication_method          string
    policies_config                text until 2.13
    policies_config                mediumtext since 2.14
    oidc_issuer_type               unlimited string default 'keycloak'
    error_headers_limits_exceeded  unlimited string default 'text/plain; charset=us-ascii'
    error_status_limits_exceeded   integer default 429
    error_limits_exceeded          unlimited string default 'Usage limit exceeded'
    staging_domain                 unlimited string
    production_domain              unlimited string
    index (service_id)
    index (staging_domain, production_domain)
  `,

  proxy_rules: `
    id                  id
    proxy_id            bigint
    http_method         string
    pattern             string
    metric_id           bigint
    metric_system_name  string
    delta               integer
    tenant_id           bigint
    created_at          datetime not null
    updated_at          datetime
    redirect_url        text
    position            integer
    last                boolean default false
    owner_id            bigint
    owner_type          unlimited string
    index (owner_type, owner_id)
    index (proxy_id)
  `,

  proxy_configs: `
    id           id
    proxy_id     bigint not null
    user_id      bigint
    version      integer not null default 0
    tenant_id    bigint
    environment  string not null
    content      mediumtext not null
    created_at   datetime not null
    updated_at   datetime not null
    hosts        string(8192)
    index (proxy_id)
    index (proxy_id, environment, version)
    index (user_id)
    foreign key (proxy_id) references proxies named fk_rails_1ec86b4ffa on delete cascade
    foreign key (user_id) references users named fk_rails_7508cee9be on delete set null
  `,

  proxy_config_affecting_changes: `
    id          id
    proxy_id    integer not null
    created_at  datetime not null
    updated_at  datetime not null
    unique (proxy_id)
  `,

  proxy_logs: `
    id           id
    provider_id  bigint
    tenant_id    bigint
    lua_file     mediumtext
    status       string
    created_at   datetime
    updated_at   datetime
  `,

  gateway_configurations: `
    id          id
    settings    text
    proxy_id    bigint
    tenant_id   bigint
    created_at  datetime not null
    updated_at  datetime not null
    unique (proxy_id)
  `,

  oidc_configurations: `
    id                      id
    config                  text
    oidc_configurable_type  unlimited string not null
    oidc_configurable_id    bigint not null
    tenant_id               bigint
    created_at              datetime not null
    updated_at              datetime not null
    unique (oidc_configurable_type, oidc_configurable_id) named oidc_configurable
  `,

  policies: `
    id          id
    name        unlimited string not null
    version     unlimited string not null
    schema      longblob not null
    account_id  bigint not null
    tenant_id   bigint
    created_at  datetime
    updated_at  datetime
    identifier  unlimited string
    index (account_id)
    unique (account_id, identifier)
    foreign key (account_id) references accounts named fk_rails_abc989f6f5 on delete cascade
  `,

  backend_apis: `
    id                id
    name              string(511) not null
    system_name       unlimited string not null
    description       mediumtext
    private_endpoint  unlimited string
    account_id        bigint
    created_at        datetime not null
    updated_at        datetime not null
    tenant_id         bigint
    state             unlimited string not null default 'published'
    unique (account_id, system_name)
    index (state)
  `,

  backend_api_configs: `
    id              id
    path            unlimited string default ''
    service_id      bigint
    backend_api_id  bigint
    created_at      datetime not null
    updated_at      datetime not null
    tenant_id       bigint
    unique (backend_api_id, service_id)
    unique (path, service_id)
    index (service_id)
  `,

  metrics: `
    id             id
    system_name    string
    description    text
    unit           string
    created_at     datetime not null
    updated_at     datetime
    service_id     bigint
    friendly_name  string
    parent_id      bigint
    tenant_id      bigint
    owner_id       bigint
    owner_type     unlimited string
    index (owner_type, owner_id)
    unique (owner_type, owner_id, system_name)
    index (parent_id)
    index (service_id)
    unique (service_id, system_name)
  `,

  api_docs_services: `
    id                        id
    account_id                bigint
    tenant_id                 bigint
    name                      string
    body                      longtext
    description               text
    published                 boolean default false
    created_at                datetime
    updated_at                datetime
    system_name               string
    base_path                 string
    swagger_version           string
    skip_swagger_validations  boolean default false
    service_id                bigint
    discovered                boolean
    index (service_id) named fk_rails_e4d18239f1
    index (account_id) since 2.14
    foreign key (service_id) references services named fk_rails_e4d18239f1
  `,
} as const satisfies TableNotation
