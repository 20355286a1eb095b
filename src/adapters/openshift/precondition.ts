import type { Precondition } from '../../ports/cluster.ts'
import { fault } from './faults.ts'

/** Faults: OPENSHIFT_CONFLICT. */
export function checkPrecondition(
  { uid, resourceVersion }: { readonly uid: string; readonly resourceVersion: string },
  precondition: Precondition | undefined,
  doing: string,
): void {
  const other = precondition?.uid !== undefined && precondition.uid !== uid
  const newer = precondition?.resourceVersion !== undefined && precondition.resourceVersion !== resourceVersion
  if (other || newer) throw fault('OPENSHIFT_CONFLICT', { doing })
}
