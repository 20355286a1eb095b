import type { Clock } from '../base/clock.ts'
import type { CliContext } from '../cli/context.ts'
import type { Doctor } from '../ports/doctor.ts'
import { stateFolder } from './engine-database.ts'

/** The doctor of whoever runs this process; what it looks with is loaded when it is first asked. */
export function doctorOnDemand(context: Pick<CliContext, 'env' | 'cwd' | 'signal'>, clock: Clock): Doctor {
  const made = async (): Promise<Doctor> => {
    const [{ doctor }, { openTools }] = await Promise.all([import('../steps/doctor/doctor.ts'), import('./tools.ts')])
    const folder = stateFolder(context.env, context.cwd)
    return doctor((migration, party) => openTools({ party, migration, context, stateFolder: folder, clock }), clock)
  }
  return {
    examine: async (request) => (await made()).examine(request),
    measureSource: async (request) => (await made()).measureSource(request),
  }
}
