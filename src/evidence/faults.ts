import { exitCode, faultsOf, kind } from '../base/fault.ts'

/** Faults of signing keys, the journal and evidence packs. */
export const evidenceFaults = {
  EVIDENCE_KEY_UNREADABLE: kind<{ file: string; reason: string }>({
    exit: exitCode.failedSafe,
    retry: 'after-remedy',
    says: (d) => `the signing key ${d.file} cannot be used: ${d.reason}`,
    remedy: (d) => `Restore ${d.file} from its backup, owned by the account that runs this, mode 0600.`,
  }),
  EVIDENCE_KEY_UNWRITABLE: kind<{ file: string; reason: string }>({
    exit: exitCode.failedSafe,
    retry: 'after-remedy',
    says: (d) => `the signing key ${d.file} cannot be written (${d.reason})`,
    remedy: () => 'Give a state folder that this account may write to.',
  }),
  EVIDENCE_KEY_FOREIGN: kind<{ holder: string; key: string; migration: string }>({
    exit: exitCode.failedSafe,
    retry: 'after-remedy',
    says: (d) =>
      `the key ${d.key.slice(0, 16)} of ${d.holder} was not endorsed by the key that ${d.holder} used before in ${d.migration}`,
    remedy: (d) =>
      d.holder === 'control-plane'
        ? "Restore the control plane's key file from its backup: nobody else can continue this journal."
        : `Restore the key file of ${d.holder}, or run \`threeshift party key forget ${d.holder}\` where the control plane runs.`,
  }),
  EVIDENCE_SIGNATURE_INVALID: kind<{ holder: string; kind: string }>({
    exit: exitCode.failedSafe,
    retry: 'never',
    says: (d) => `a statement of ${d.holder} (${d.kind}) does not carry a valid signature of ${d.holder}`,
    remedy: () => 'Have the agent sign with the key that it has introduced; nothing was written.',
  }),
  PACK_UNREADABLE: kind<{ folder: string; reason: string }>({
    exit: exitCode.usage,
    retry: 'after-remedy',
    says: (d) => `${d.folder} cannot be read as an evidence pack (${d.reason})`,
    remedy: () => 'Give the folder that `threeshift report` wrote.',
  }),
  PACK_UNWRITABLE: kind<{ folder: string; reason: string }>({
    exit: exitCode.usage,
    retry: 'after-remedy',
    says: (d) => `the evidence pack cannot be written to ${d.folder} (${d.reason})`,
    remedy: () => 'Give a new folder in a place that you may write to.',
  }),
  PACK_FOLDER_TAKEN: kind<{ folder: string }>({
    exit: exitCode.usage,
    retry: 'after-remedy',
    says: (d) => `${d.folder} is not empty`,
    remedy: () => 'Give a new or an empty folder: a pack holds nothing but what its manifest lists.',
  }),
  PACK_JOURNAL_EMPTY: kind<{ migration: string }>({
    exit: exitCode.usage,
    retry: 'after-remedy',
    says: (d) => `there is no journal of ${d.migration}`,
    remedy: () => 'See `threeshift status` for the migrations there are.',
  }),
  PACK_JOURNAL_BROKEN: kind<{ migration: string; where: string; says: string }>({
    exit: exitCode.failedSafe,
    retry: 'never',
    says: (d) => `the journal of ${d.migration} was tampered with in its database: ${d.where}: ${d.says}`,
    remedy: () => 'Keep the database as it is for whoever investigates; a backup of it shows what the record was.',
  }),
}

/** Makes a fault of this area: `throw fault('EVIDENCE_KEY_UNREADABLE', { file, reason })`. */
export const fault = faultsOf(evidenceFaults)
