import { exitCode, faultsOf, kind } from '../../base/fault.ts'

/** What can be wrong with an object that was fetched whole. */
export const objectFaults = {
  OBJECT_INCOMPLETE: kind<{ address: string; bytes: number; expectedBytes: number }>({
    exit: exitCode.failedSafe,
    retry: 'same-input',
    says: (d) => `${d.address} has ${d.expectedBytes} bytes, and ${d.bytes} came`,
    remedy: () =>
      'Run the same command again; if it stays so, download the object with another program and give the file.',
  }),
  OBJECT_CHECKSUM_DIFFERS: kind<{ address: string; algorithm: string; stored: string; computed: string }>({
    exit: exitCode.failedSafe,
    retry: 'same-input',
    says: (d) =>
      `${d.address} came damaged: its ${d.algorithm} is ${d.stored} in the store, and what came gives ${d.computed}`,
    remedy: () => 'Run the same command again; if it stays so, write the object anew from its source.',
  }),
}
export const fault = faultsOf(objectFaults)
