import type { MailAddresses } from '../../ports/threescale-api.ts'

/** The addresses under 3scale's names; those that stay are left out by JSON. */
export function mailBody({ fromEmail, supportEmail, financeSupportEmail }: MailAddresses) {
  return { from_email: fromEmail, support_email: supportEmail, finance_support_email: financeSupportEmail }
}
