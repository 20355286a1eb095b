import type { Clock } from '../../base/clock.ts'
import type { ThreescaleApi } from '../../ports/threescale-api.ts'
import { ApiClient } from './api-client.ts'
import { backendListener } from './backend-listener.ts'
import { masterApi } from './master-api.ts'
import { tenantApi } from './tenant-api.ts'

/** Long enough for a router to notice a new pod, and short enough for somebody to wait. */
const usualWaitsMs = [500, 2000, 5000]

/**
 * The HTTP APIs of a real 3scale, or of a simulated one.
 *
 * `waitsMs`: pauses before the second try of a request, the third, and so on; as many tries, and one.
 */
export function threescaleApi(options: { readonly clock: Clock; readonly waitsMs?: readonly number[] }): ThreescaleApi {
  const { clock, waitsMs = usualWaitsMs } = options
  return {
    master: (at, token) => masterApi(at, token, { waitsMs }),
    tenant: (at, token) => tenantApi(at, token, { waitsMs }),
    backend: (at, credentials) => backendListener(at, credentials, { waitsMs }),
    status: async (at, path, { signal }) => {
      const client = new ApiClient(at, {}, { waitsMs })
      const question = { method: 'GET', path, headers: {} } as const
      const started = clock.elapsedMs()
      const answer = await client.send(question, 'repeatable', signal)
      const fault = answer.status >= 400 ? client.faultOf(question, answer, 'repeatable') : null
      if (fault !== null) throw fault
      return { status: answer.status, answeredInMs: clock.elapsedMs() - started }
    },
  }
}
