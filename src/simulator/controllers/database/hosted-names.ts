import { untilAborted } from '../../../base/abort.ts'
import { addressInSecret } from '../../address-in-secret.ts'
import { SystemDatabase } from '../../threescale-api/system-database.ts'
import { zyncRoutes } from '../../threescale-api/zync-routes.ts'
import type { HostedNames } from '../ports.ts'

/** The hosts of a 3scale, from the real database that the URL names. */
export const hostedNames: HostedNames = {
  namesIn: async (url, signal) => {
    let database: SystemDatabase | undefined
    try {
      const opened = (database = await SystemDatabase.open(addressInSecret(url)))
      return await untilAborted(signal, () => zyncRoutes(opened))
    } catch {
      // Whatever the database says: zync tries again later.
      signal.throwIfAborted()
      return null
    } finally {
      await database?.close()
    }
  },
}
