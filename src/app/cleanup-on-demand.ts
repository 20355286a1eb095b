import type { Clock } from '../base/clock.ts'
import { ledgerCleanup } from '../ledger/cleanup.ts'
import type { Cleanup } from '../ports/cleanup.ts'

/**
 * Takes away what ledgers list. What talks to a place is loaded with the first thing that is there.
 *
 * Credentials are those that every AWS program would use here (AWS_PROFILE and so on); an account that is not the ledger's is
 * refused before anything is touched.
 */
export function cleanupOnDemand(clock: Clock, env: (name: string) => string | undefined): Cleanup {
  return ledgerCleanup(clock, async (place, ledger) => {
    const [, account, region] = /^aws:(\d{12}):([a-z0-9-]+)$/.exec(place) ?? []
    if (account === undefined || region === undefined) return null
    const { awsCloud } = await import('../adapters/aws/cloud.ts')
    const endpoint = env('AWS_ENDPOINT_URL') ?? ''
    const cloud = awsCloud({
      place: { account, region },
      credentials: { kind: 'default' },
      ...(endpoint === '' ? {} : { endpoint }),
      ledger,
      clock,
    })
    return cloud.removal
  })
}
