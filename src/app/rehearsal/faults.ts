import { exitCode, faultsOf, kind } from '../../base/fault.ts'

/** Faults of a rehearsal's own processes, beside those of the migration that it rehearses. */
export const rehearsalFaults = {
  REHEARSAL_PROCESS_ENDED: kind<{ process: string; how: string; said: string }>({
    exit: exitCode.failedSafe,
    retry: 'same-input',
    says: (d) => `the process ${d.process} of the rehearsal has ended (${d.how})${d.said === '' ? '' : `: ${d.said}`}`,
    remedy: () => 'Rehearse again; with --keep what every process and server said stays readable.',
  }),
  REHEARSAL_NOT_SIMULATED: kind<{ what: string; possible: string }>({
    exit: exitCode.usage,
    retry: 'after-remedy',
    says: (d) => `${d.what} is not simulated`,
    remedy: (d) => `Possible here: ${d.possible}.`,
  }),
}

/** Makes a fault of this area: `throw fault('REHEARSAL_PROCESS_ENDED', { process, how, said })`. */
export const fault = faultsOf(rehearsalFaults)
