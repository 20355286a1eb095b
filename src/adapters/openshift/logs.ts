import type { ContainerRef, LogsRequest } from '../../ports/cluster.ts'
import { askForStream, type Link } from './ask.ts'
import { faultOf, reasonOf } from './failure.ts'
import { fault } from './faults.ts'
import { queryOf } from './paths.ts'

/** The request is tried again until its answer begins; a log that breaks off after that is a fault. */
export async function* logs(link: Link, at: ContainerRef, request: LogsRequest): AsyncGenerator<Uint8Array> {
  const { namespace, pod, container } = at
  const { signal, previous, tailLines } = request
  const parameters = queryOf({ container, previous, tailLines })
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(pod)}/log${parameters}`
  const question = {
    doing: `get pods/log ${namespace}/${pod}`,
    right: `get on pods/log in the namespace ${namespace}`,
    changes: false,
  }
  const opened = await askForStream(link, { method: 'GET', path, repeat: 'again', signal, ...question })
  if (opened.kind !== 'ok') throw faultOf(opened, { ...question, server: link.dialer.server })
  try {
    // A message without an encoding gives buffers.
    for await (const piece of opened.result) yield piece as Buffer
  } catch (error) {
    signal.throwIfAborted()
    throw fault('OPENSHIFT_LOG_CUT', { container: `${namespace}/${pod}/${container}`, reason: reasonOf(error) })
  }
}
