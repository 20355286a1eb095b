import { exitCode, type FaultCatalogue, faultsOf, kind } from '../../base/fault.ts'

export const catalogue = {
  SERVER_PROGRAM_MISSING: kind<{ server: string; program: string; searched: string; install: string }>({
    exit: exitCode.failedSafe,
    retry: 'after-remedy',
    says: (d) => `${d.program}, which runs ${d.server}, is in none of ${d.searched}`,
    remedy: (d) => `Install it: ${d.install}`,
  }),
  SERVER_FOLDER_CLOSED: kind<{ server: string; account: string; folder: string; closed: string }>({
    exit: exitCode.failedSafe,
    retry: 'after-remedy',
    says: (d) =>
      `${d.server} refuses to run as root, and the account ${d.account} cannot reach ${d.folder}: ${d.closed} is closed to it`,
    remedy: (d) =>
      `Use a folder that ${d.account} can reach, such as one below /var/lib or /tmp, or run as an ordinary user`,
  }),
  SERVER_FOLDER_BUSY: kind<{ server: string; folder: string; pid: number }>({
    exit: exitCode.failedSafe,
    retry: 'after-remedy',
    says: (d) => `${d.server} of an earlier run still uses ${d.folder} as process ${d.pid}`,
    remedy: (d) => `If nothing needs it any more, end it: kill ${d.pid}`,
  }),
  SERVER_NO_ACCOUNT: kind<{ server: string }>({
    exit: exitCode.failedSafe,
    retry: 'after-remedy',
    says: (d) => `${d.server} refuses to run as root, and this machine has no account postgres or nobody`,
    remedy: () => 'Run as an ordinary user',
  }),
  SERVER_CACHE_UNSAFE: kind<{ folder: string }>({
    exit: exitCode.failedSafe,
    retry: 'after-remedy',
    says: (d) => `${d.folder} belongs to somebody else or can be written by others, so programs in it are not run`,
    remedy: (d) => `Remove it: rm -r ${d.folder}`,
  }),
  SERVER_PREPARING_FAILED: kind<{ server: string; folder: string; how: string; log: string }>({
    exit: exitCode.failedSafe,
    retry: 'after-remedy',
    says: (d) => `${d.server} could not prepare its data in ${d.folder} (${d.how})`,
    remedy: (d) => `See the last lines of ${d.log}`,
  }),
  SERVER_NOT_STARTED: kind<{ server: string; how: string; log: string }>({
    exit: exitCode.failedSafe,
    retry: 'after-remedy',
    says: (d) => `${d.server} ended while it was starting (${d.how})`,
    remedy: (d) => `See the last lines of ${d.log}`,
  }),
  SERVER_NOT_READY: kind<{ server: string; waitedMs: number; log: string }>({
    exit: exitCode.failedSafe,
    retry: 'same-input',
    says: (d) => `${d.server} took no connection within ${d.waitedMs} ms and was ended`,
    remedy: (d) => `See the last lines of ${d.log}`,
  }),
} satisfies FaultCatalogue

export const fault = faultsOf(catalogue)
