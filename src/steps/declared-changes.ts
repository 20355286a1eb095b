import type { StepContext } from '../ports/step.ts'
import type { Baseline, TenantAnswers } from './baseline.ts'
import { tenantsOf } from './destination-tenants.ts'
import { domainOf, placeOf } from './places.ts'
import type { Tools } from './tools.ts'
import { tenantTaken } from './traps.ts'

/**
 * The source's answers as they must be once the last rows have run: every tenant has one authentication provider more (row 22,
 * or RHOAM for its own), and where it was accepted RHOAM decides who the users of its tenant are.
 *
 * Out: also what was not compared for that reason, a sentence each.
 */
export async function withDeclaredChanges(
  tools: Tools,
  context: StepContext,
  { before, after }: { readonly before: Baseline; readonly after: Baseline },
): Promise<{ readonly expected: Baseline; readonly notCompared: readonly string[] }> {
  const { destination } = context.migration
  const stored = await tenantsOf(await placeOf(tools, context, 'destination'))
  const taken = tenantTaken(stored, domainOf(context.migration, 'destination'))
  const lost = destination.accepted.tenantNamed3scale ? taken?.id : undefined
  const usersNow = after.tenants.find(({ tenant }) => tenant === lost)?.counts['users']
  const tenants = before.tenants.map((answers): TenantAnswers => {
    const { authenticationProviders = 0, users } = answers.counts
    const own = answers.tenant === lost && users !== undefined && usersNow !== undefined ? { users: usersNow } : {}
    return { ...answers, counts: { ...answers.counts, authenticationProviders: authenticationProviders + 1, ...own } }
  })
  const notCompared = usersNow === undefined ? [] : [`the number of users of tenant ${lost}, which RHOAM sets`]
  return { expected: { ...before, tenants }, notCompared }
}
