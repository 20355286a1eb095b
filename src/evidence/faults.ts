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
}

/** Makes a fault of this area: `throw fault('EVIDENCE_KEY_UNREADABLE', { file, reason })`. */
export const fault = faultsOf(evidenceFaults)
