import type { TableNotation } from './parse-table.ts'

/** Invoices and payments. `parse-table.ts` explains the notation. */
export const billingTables = {
  billing_strategies: `
    id                    id
    account_id            bigint
    prepaid               boolean default false
    charging_enabled      boolean default false
    charging_retry_delay  integer default 3
    charging_retry_times  integer default 3
    created_at            datetime
    updated_at            datetime
    numbering_period      string default 'monthly'
    currency              string default 'USD'
    tenant_id             bigint
    type                  string
    index (account_id)
  `,

  billing_locks: `
    table until 2.13
    account_id  id
    created_at  datetime not null
  `,

  invoices: `
    id                      id
    provider_account_id     bigint
    buyer_account_id        bigint
    paid_at                 datetime
    created_at              datetime
    updated_at              datetime
    due_on                  date
    pdf_file_name           string
    pdf_content_type        string
    pdf_file_size           integer
    pdf_updated_at          datetime
    period                  date
    issued_on               date
    state                   string not null default 'open'
    friendly_id             string not null default 'fix'
    tenant_id               bigint
    finalized_at            datetime
    fiscal_code             string
    vat_code                string
    vat_rate                decimal(20,2)
    currency                string(4)
    from_address_name       string
    from_address_line1      string
    from_address_line2      string
    from_address_city       string
    from_address_region     string
    from_address_state      string
    from_address_country    string
    from_address_zip        string
    from_address_phone      string
    to_address_name         string
    to_address_line1        string
    to_address_line2        string
    to_address_city         string
    to_address_region       string
    to_address_state        string
    to_address_country      string
    to_address_zip          string
    to_address_phone        string
    charging_retries_count  integer not null default 0
    last_charging_retry     date
    creation_type           string default 'manual'
    index (buyer_account_id)
    index (buyer_account_id, state)
    index (provider_account_id) until 2.14
    index (provider_account_id, buyer_account_id)
  `,

  invoice_counters: `
    id                   id
    provider_account_id  bigint not null
    invoice_prefix       string not null
    invoice_count        integer default 0
    created_at           datetime
    updated_at           datetime
    unique (provider_account_id, invoice_prefix) named index_invoice_counters_provider_prefix
  `,

  line_items: `
    id             id
    invoice_id     bigint
    name           string
    description    string
    cost           decimal(20,4) not null default 0
    created_at     datetime
    updated_at     datetime
    type           string default ''
    metric_id      bigint
    finished_at    datetime
    quantity       integer
    started_at     time
    tenant_id      bigint
    contract_id    bigint
    contract_type  string
    cinstance_id   integer
    plan_id        bigint
    index (invoice_id)
  `,

  payment_details: `
    id                          id
    account_id                  bigint
    buyer_reference             string
    payment_service_reference   string
    credit_card_partial_number  string
    credit_card_expires_on      date
    created_at                  datetime not null
    updated_at                  datetime not null
    tenant_id                   bigint
    payment_method_id           unlimited string
    index (account_id)
    index (account_id, buyer_reference)
    index (account_id, payment_service_reference) named index_payment_details_on_account_id_and_payment_ref
    foreign key (account_id) references accounts named fk_rails_ffc9ce649e on delete cascade
  `,

  payment_gateway_settings: `
    id                id
    gateway_settings  blob
    gateway_type      string
    account_id        bigint
    created_at        datetime
    updated_at        datetime
    tenant_id         bigint
    index (account_id) since 2.14
  `,

  payment_intents: `
    id                 id
    invoice_id         integer not null
    payment_intent_id  unlimited string until 2.11
    state              unlimited string
    tenant_id          bigint
    created_at         datetime not null
    updated_at         datetime not null
    reference          unlimited string
    index (invoice_id)
    index (payment_intent_id) until 2.11
    unique (reference)
    index (state)
  `,

  payment_transactions: `
    id          id
    account_id  bigint
    invoice_id  bigint
    success     boolean not null default false
    amount      decimal(20,4)
    currency    string(4) not null default 'EUR'
    reference   string
    message     string
    action      string
    params      text
    test        boolean not null default false
    created_at  datetime
    updated_at  datetime
    tenant_id   bigint
    index (invoice_id)
  `,
} as const satisfies TableNotation
