import type { TableNotation } from './parse-table.ts'

/** Accounts and their people: tenants, developers, settings, sign-in, tokens. `parse-table.ts` explains the notation. */
export const accountsTables = {
  accounts: `
    id                                               id
    org_name                                         string not null default ''
    org_legaladdress                                 string default ''
    created_at                                       datetime not null
    updated_at                                       datetime
    provider                                         boolean default false
    buyer                                            boolean default false
    country_id                                       bigint
    provider_account_id                              bigint
    domain                                           string
    telephone_number                                 string
    site_access_code                                 string
    credit_card_partial_number                       string(4)
    credit_card_expires_on                           date
    credit_card_auth_code                            string
    master                                           boolean
    billing_address_name                             string
    billing_address_address1                         string
    billing_address_address2                         string
    billing_address_city                             string
    billing_address_state                            string
    billing_address_country                          string
    billing_address_zip                              string
    billing_address_phone                            string
    org_legaladdress_cont                            string
    city                                             string
    state_region                                     string
    state                                            string
    paid                                             boolean default false
    paid_at                                          datetime
    signs_legal_terms                                boolean default true
    timezone                                         string
    delta                                            boolean not null default true
    from_email                                       string
    primary_business                                 string
    business_category                                string
    zip                                              string
    extra_fields                                     text
    vat_code                                         string
    fiscal_code                                      string
    vat_rate                                         decimal(20,2)
    invoice_footnote                                 text
    vat_zero_text                                    text
    default_account_plan_id                          bigint
    default_service_id                               bigint
    credit_card_authorize_net_payment_profile_token  string
    tenant_id                                        bigint
    self_domain                                      string
    s3_prefix                                        string
    prepared_assets_version                          integer
    sample_data                                      boolean
    proxy_configs_file_size                          integer
    proxy_configs_updated_at                         datetime
    proxy_configs_content_type                       string
    proxy_configs_file_name                          string
    support_email                                    string
    finance_support_email                            string
    billing_address_first_name                       string
    billing_address_last_name                        string
    email_all_users                                  boolean default false
    partner_id                                       bigint
    proxy_configs_conf_file_name                     string
    proxy_configs_conf_content_type                  string
    proxy_configs_conf_file_size                     integer
    proxy_configs_conf_updated_at                    datetime
    hosted_proxy_deployed_at                         datetime
    po_number                                        string
    state_changed_at                                 datetime
    index (default_service_id)
    unique (domain)
    index (domain, state_changed_at)
    unique (master)
    index (provider_account_id) until 2.14
    index (provider_account_id, created_at)
    index (provider_account_id, state)
    unique (self_domain)
    index (self_domain, state_changed_at)
    index (state, state_changed_at)
  `,

  profiles: `
    id                   id
    account_id           bigint not null
    oneline_description  string
    description          text
    company_url          string
    blog_url             string
    rssfeed_url          string
    email_sales          string
    email_techsupport    string
    email_press          string
    created_at           datetime
    updated_at           datetime
    logo_file_name       string
    logo_content_type    string
    logo_file_size       integer
    state                string
    company_type         string
    customers_type       string
    company_size         string
    products_delivered   string
    tenant_id            bigint
    index (account_id) named fk_account_id
  `,

  settings: `
    id                                   id
    account_id                           bigint
    bg_colour                            string
    link_colour                          string
    text_colour                          string
    created_at                           datetime
    updated_at                           datetime
    menu_bg_colour                       string
    link_label                           string
    link_url                             string
    welcome_text                         text
    menu_link_colour                     string
    content_bg_colour                    string
    tracker_code                         string
    favicon                              string
    plans_tab_bg_colour                  string
    plans_bg_colour                      string
    content_border_colour                string
    forum_enabled                        boolean default true
    app_gallery_enabled                  boolean default false
    anonymous_posts_enabled              boolean default false
    signups_enabled                      boolean default true
    documentation_enabled                boolean default true
    useraccountarea_enabled              boolean default true
    refund_policy                        text
    privacy_policy                       text
    monthly_charging_enabled             boolean default true
    token_api                            string default 'default'
    documentation_public                 boolean not null default true
    forum_public                         boolean not null default true
    hide_service                         boolean
    cc_terms_path                        string default '/termsofservice'
    cc_privacy_path                      string default '/privacypolicy'
    cc_refunds_path                      string default '/refundpolicy'
    change_account_plan_permission       string not null default 'request'
    strong_passwords_enabled             boolean default false
    change_service_plan_permission       string not null default 'request'
    can_create_service                   boolean not null default false
    spam_protection_level                string not null default 'none'
    tenant_id                            bigint
    multiple_applications_switch         string not null
    multiple_users_switch                string not null
    finance_switch                       string not null
    multiple_services_switch             string not null
    groups_switch                        string not null
    account_plans_switch                 string not null
    authentication_strategy              string not null default 'oauth2'
    janrain_api_key                      string
    janrain_relying_party                string
    service_plans_switch                 string not null
    public_search                        boolean not null default false
    product                              string not null default 'connect'
    branding_switch                      string not null
    monthly_billing_enabled              boolean not null default true
    cms_token                            string
    cas_server_url                       string
    sso_key                              string(256)
    sso_login_url                        string
    cms_escape_draft_html                boolean not null default true
    cms_escape_published_html            boolean not null default true
    heroku_id                            string
    heroku_name                          string
    setup_fee_enabled                    boolean default false
    account_plans_ui_visible             boolean default false
    service_plans_ui_visible             boolean default false
    skip_email_engagement_footer_switch  string not null default 'denied'
    web_hooks_switch                     string not null default 'denied'
    iam_tools_switch                     string not null default 'denied'
    require_cc_on_signup_switch          string not null default 'denied'
    enforce_sso                          boolean not null default false
    admin_bot_protection_level           unlimited string default 'none' since 2.16
    unique (account_id)
  `,

  configuration_values: `
    id                 id
    configurable_id    bigint
    configurable_type  string(50)
    name               string
    value              string
    created_at         datetime
    updated_at         datetime
    tenant_id          bigint
    index (configurable_id, configurable_type) named index_on_configurable
    unique (configurable_id, configurable_type, name) named index_on_configurable_and_name
  `,

  fields_definitions: `
    id          id
    account_id  bigint
    created_at  datetime
    updated_at  datetime
    target      string
    hidden      boolean default false
    required    boolean default false
    label       string
    name        string
    choices     text
    hint        text
    read_only   boolean default false
    pos         integer
    tenant_id   bigint
    index (account_id)
  `,

  provider_constraints: `
    id            id
    tenant_id     bigint
    provider_id   bigint
    max_users     integer
    max_services  integer
    created_at    datetime not null
    updated_at    datetime not null
    unique (provider_id)
  `,

  onboardings: `
    id                       id
    account_id               bigint
    wizard_state             string
    bubble_api_state         string
    bubble_metric_state      string
    bubble_deployment_state  string
    created_at               datetime not null
    updated_at               datetime not null
    bubble_mapping_state     string
    bubble_limit_state       string
    tenant_id                bigint
    index (account_id)
  `,

  go_live_states: `
    id          id
    account_id  bigint
    created_at  datetime not null
    updated_at  datetime not null
    steps       text
    recent      string
    finished    boolean default false
    tenant_id   bigint
    index (account_id)
  `,

  partners: `
    id           id
    name         string
    api_key      string
    created_at   datetime not null
    updated_at   datetime not null
    system_name  string
    logout_url   string
  `,

  countries: `
    id          id
    code        string
    name        string
    currency    string
    tax_rate    decimal(5,2) not null default 0
    created_at  datetime
    updated_at  datetime
    tenant_id   integer
    enabled     boolean default true
    index (code)
  `,

  users: `
    id                                id
    username                          string(40)
    email                             string
    crypted_password                  string(40)
    salt                              string(40)
    created_at                        datetime not null
    updated_at                        datetime
    remember_token                    string(40)
    remember_token_expires_at         datetime
    activation_code                   string(40)
    activated_at                      datetime
    state                             string
    role                              string default ''
    lost_password_token               string
    posts_count                       integer default 0
    account_id                        bigint
    first_name                        string
    last_name                         string
    signup_type                       string
    job_role                          string
    last_login_at                     datetime
    last_login_ip                     string
    email_verification_code           string
    title                             string
    extra_fields                      text
    tenant_id                         bigint
    cas_identifier                    string
    lost_password_token_generated_at  datetime
    authentication_id                 string
    open_id                           string
    password_digest                   string
    index (account_id) named idx_users_account_id
    index (posts_count) named index_site_users_on_posts_count
    index (email)
    index (username) named index_users_on_login
    unique (open_id)
  `,

  invitations: `
    id           id
    token        string
    email        string
    sent_at      datetime
    created_at   datetime
    updated_at   datetime
    account_id   bigint
    accepted_at  datetime
    tenant_id    bigint
    user_id      bigint
  `,

  member_permissions: `
    id             id
    user_id        bigint
    admin_section  string
    created_at     datetime
    updated_at     datetime
    tenant_id      bigint
    service_ids    blob
    index (user_id) since 2.14
  `,

  user_sessions: `
    id                    id
    user_id               bigint
    key                   string
    ip                    string
    user_agent            string
    accessed_at           datetime
    revoked_at            datetime
    created_at            datetime not null
    updated_at            datetime not null
    secured_until         datetime
    sso_authorization_id  bigint
    index (key) named idx_key
    index (user_id) named idx_user_id
    index (sso_authorization_id)
    foreign key (sso_authorization_id) references sso_authorizations named fk_rails_075076e365 on delete cascade
  `,

  authentication_providers: `
    id                                 id
    name                               string
    system_name                        string
    client_id                          string
    client_secret                      string
    token_url                          string
    user_info_url                      string
    authorize_url                      string
    site                               string
    account_id                         bigint
    created_at                         datetime
    updated_at                         datetime
    tenant_id                          bigint
    identifier_key                     string default 'id'
    username_key                       string default 'login'
    trust_email                        boolean default false
    kind                               string
    published                          boolean default false
    branding_state                     string
    type                               string
    skip_ssl_certificate_verification  boolean default false
    account_type                       string not null default 'developer'
    automatically_approve_accounts     boolean default false
    index (account_id)
    unique (account_id, system_name)
  `,

  sso_authorizations: `
    id                          id
    uid                         string
    authentication_provider_id  bigint
    user_id                     bigint
    created_at                  datetime
    updated_at                  datetime
    tenant_id                   bigint
    id_token                    text
    index (authentication_provider_id)
    index (user_id)
    foreign key (authentication_provider_id) references authentication_providers named fk_rails_a2edd6c261
    foreign key (user_id) references users named fk_rails_cc6004e8c7
  `,

  access_tokens: `
    id          id
    owner_id    bigint not null
    scopes      text
    value       string not null
    name        string not null
    permission  string not null
    tenant_id   bigint
    created_at  datetime
    updated_at  datetime
    expires_at  datetime since 2.16
    index (owner_id) named idx_auth_tokens_of_user mysql only
    unique (value, owner_id) named idx_value_auth_tokens_of_user mysql only
  `,

  provided_access_tokens: `
    id          id
    value       text
    user_id     bigint
    tenant_id   bigint
    expires_at  datetime
    created_at  datetime
    updated_at  datetime
    index (user_id) named fk_rails_260e99b630
    foreign key (user_id) references users named fk_rails_260e99b630
  `,
} as const satisfies TableNotation
