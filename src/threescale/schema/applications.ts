import type { TableNotation } from './parse-table.ts'

/** Plans and those who signed up for them. `parse-table.ts` explains the notation. */
export const applicationsTables = {
  plans: `
    id                     id
    issuer_id              bigint not null
    name                   string
    rights                 string
    full_legal             longtext
    cost_per_month         decimal(20,4) not null default 0
    trial_period_days      integer
    created_at             datetime
    updated_at             datetime
    position               integer default 0
    state                  string not null
    cancellation_period    integer not null default 0
    cost_aggregation_rule  string not null default 'sum'
    setup_fee              decimal(20,4) not null default 0
    master                 boolean default false
    original_id            bigint not null default 0
    type                   string not null
    issuer_type            string not null
    description            text
    approval_required      boolean not null default false
    tenant_id              bigint
    system_name            string not null
    partner_id             bigint
    contracts_count        integer not null default 0
    index (issuer_id) named fk_contracts_service_id
    index (issuer_id, issuer_type, type, original_id) named idx_plans_issuer_type_original
    index (cost_per_month, setup_fee)
  `,

  plan_metrics: `
    id                id
    plan_id           bigint
    metric_id         bigint
    visible           boolean default true
    limits_only_text  boolean default true
    created_at        datetime
    updated_at        datetime
    plan_type         string not null
    tenant_id         bigint
    index (metric_id) named idx_plan_metrics_metric_id
    index (plan_id) named idx_plan_metrics_plan_id
  `,

  pricing_rules: `
    id             id
    metric_id      bigint
    min            bigint not null default 1
    max            bigint
    cost_per_unit  decimal(20,4) not null default 0
    created_at     datetime
    updated_at     datetime
    plan_id        bigint
    tenant_id      bigint
    index (plan_id) named index_pricing_rules_on_plan_id_and_plan_type mysql only
  `,

  usage_limits: `
    id          id
    metric_id   bigint
    period      string
    value       bigint
    created_at  datetime
    updated_at  datetime
    plan_id     bigint
    plan_type   string not null
    tenant_id   bigint
    index (metric_id) named idx_usage_limits_metric_id
    index (plan_id) named idx_usage_limits_plan_id
    unique (metric_id, plan_id, period)
  `,

  features: `
    id               id
    featurable_id    bigint
    name             string
    description      text
    created_at       datetime
    updated_at       datetime
    system_name      string
    visible          boolean not null default true
    featurable_type  string not null default 'Service'
    scope            string not null default 'ApplicationPlan'
    tenant_id        bigint
    index (featurable_type)
    index (featurable_type, featurable_id)
    index (scope)
    index (system_name)
  `,

  features_plans: `
    plan_id     bigint not null
    feature_id  bigint not null
    plan_type   string not null
    tenant_id   bigint
    primary key (plan_id, feature_id) since 2.14
    index (plan_id, feature_id) until 2.13
  `,

  cinstances: `
    id                        id
    plan_id                   bigint not null
    user_account_id           bigint
    user_key                  string(256)
    provider_public_key       string
    created_at                datetime not null
    updated_at                datetime
    state                     string not null
    description               text
    paid_until                datetime
    application_id            string
    name                      string
    trial_period_expires_at   datetime
    setup_fee                 decimal(20,2) default 0
    type                      string not null default 'Cinstance'
    redirect_url              text
    variable_cost_paid_until  datetime
    extra_fields              text
    tenant_id                 bigint
    create_origin             string
    first_traffic_at          datetime
    first_daily_traffic_at    datetime
    service_id                bigint
    accepted_at               datetime
    index (plan_id) named fk_ct_contract_id
    index (user_account_id) named fk_ct_user_account_id
    index (type, service_id, state, first_traffic_at) named idx_cinstances_service_state_traffic
    index (application_id)
    index (type, plan_id, service_id, state)
    index (type, service_id, created_at)
    index (type, service_id, plan_id, state)
    index (user_key) mysql prefix 255
  `,

  application_keys: `
    id              id
    application_id  bigint not null
    value           string not null
    created_at      datetime
    updated_at      datetime
    tenant_id       bigint
    unique (application_id, value)
  `,

  referrer_filters: `
    id              id
    application_id  bigint not null
    value           string not null
    created_at      datetime
    updated_at      datetime
    tenant_id       bigint
    index (application_id)
  `,
} as const satisfies TableNotation
