/**
 * What a master application plan gives to the tenants that have it, by the plan's system name: switches of `settings`,
 * without `_switch`.
 *
 * A plan that is not here changes nothing: 3scale refuses to upgrade a tenant to it. Only the one that the operator
 * installs on premises (PROVIDER_PLAN) was read. Source: porta `config/plan_rules.yml`.
 */
export const planSwitches: Readonly<Record<string, readonly string[]>> = {
  enterprise: [
    'finance',
    'multiple_applications',
    'branding',
    'require_cc_on_signup',
    'account_plans',
    'multiple_users',
    'groups',
    'multiple_services',
    'service_plans',
    'skip_email_engagement_footer',
    'web_hooks',
    'iam_tools',
  ],
}

/** The system name of the plan that RHOAM's tenants are made with. */
export const enterprisePlan = 'enterprise'
