import { exitCode, type FaultCatalogue, faultsOf, kind } from '../../base/fault.ts'

const exit = exitCode.failedSafe
type Part = { readonly exchange: string; readonly part: string }

/** What can go wrong between two parties. None holds a key or a byte of what is exchanged. */
export const exchangeFaults = {
  EXCHANGE_NAME: kind<{ name: string }>({
    exit: exitCode.usage,
    retry: 'after-remedy',
    says: (d) => `${d.name} cannot name an exchange`,
    remedy: () => 'Give letters, digits, dots, hyphens and underscores, such as acme-secrets-1.',
  }),
  EXCHANGE_SAME_NAMES: kind<{ file: string }>({
    exit: exitCode.usage,
    retry: 'after-remedy',
    says: (d) => `two of the files are called ${d.file}`,
    remedy: () => 'Rename one of them, or pack them apart.',
  }),
  EXCHANGE_NO_RECIPIENT: kind<object>({
    exit: exitCode.usage,
    retry: 'after-remedy',
    says: () => 'nobody is named for whom the files are to be encrypted',
    remedy: () => "Give the other party's card: --recipient CARD.json, as `threeshift exchange keygen` wrote it there.",
  }),
  EXCHANGE_CARD_UNREADABLE: kind<{ file: string }>({
    exit: exitCode.usage,
    retry: 'after-remedy',
    says: (d) => `${d.file} is no card of a party`,
    remedy: () => 'Ask the party for the card that `threeshift exchange keygen` wrote; it holds nothing secret.',
  }),
  EXCHANGE_NAME_TAKEN: kind<{ exchange: string; place: string }>({
    exit: exitCode.usage,
    retry: 'after-remedy',
    says: (d) => `${d.place} holds another exchange ${d.exchange} already; it was left as it is`,
    remedy: () => 'Choose another --name; or say with --replace that nobody needs the one that is there.',
  }),
  EXCHANGE_PATH: kind<{ path: string; reason: string }>({
    exit: exitCode.usage,
    retry: 'after-remedy',
    says: (d) => `${d.path} cannot be used (${d.reason})`,
    remedy: () => 'Correct the path, or the rights to it; then run the same command again.',
  }),
  EXCHANGE_KEY_UNREADABLE: kind<{ what: string; why: string }>({
    exit: exitCode.usage,
    retry: 'after-remedy',
    says: (d) => `the ${d.what} is not ${d.why}`,
    remedy: () =>
      'Give the files that `threeshift exchange keygen` wrote: KEYS for the identity, KEYS.signing to sign.',
  }),
  EXCHANGE_FILE_FAILED: kind<{ file: string; reason: string }>({
    exit,
    retry: 'after-remedy',
    says: (d) => `${d.file} cannot be read or written (${d.reason})`,
    remedy: () => 'Correct its path or rights, or make room; then run the same command again: it goes on.',
  }),
  EXCHANGE_FILE_CHANGED: kind<{ file: string }>({
    exit,
    retry: 'after-remedy',
    says: (d) => `${d.file} was changed while it was packed; nothing was sent`,
    remedy: () => 'When nobody writes to it any more, run the same command again.',
  }),
  EXCHANGE_NOT_THERE: kind<{ exchange: string; place: string }>({
    exit,
    retry: 'after-remedy',
    says: (d) => `${d.place} holds no whole exchange ${d.exchange}: its manifest is put last, and is not there`,
    remedy: () => 'Wait until the sender says that it is packed, or correct place and name.',
  }),
  EXCHANGE_MANIFEST_UNREADABLE: kind<{ exchange: string }>({
    exit,
    retry: 'after-remedy',
    says: (d) => `the manifest of ${d.exchange} is not one that this version can read`,
    remedy: () => 'Ask the sender to pack again, with the same version of Threeshift.',
  }),
  EXCHANGE_FOREIGN_SIGNATURE: kind<{ exchange: string; says: string }>({
    exit,
    retry: 'never',
    says: (d) =>
      `the manifest of ${d.exchange} is not signed by a sender that you trust (it says it is from ${d.says})`,
    remedy: () => "Do not use it. Compare the sender's card with them by another way, and ask them to pack again.",
  }),
  EXCHANGE_OTHER: kind<{ exchange: string; found: string }>({
    exit,
    retry: 'never',
    says: (d) => `what lies under ${d.exchange} is another exchange than the one that is meant (${d.found})`,
    remedy: () => 'Ask the sender which one is meant; an older one may have been put in its place.',
  }),
  EXCHANGE_WRONG_KEY: kind<{ exchange: string }>({
    exit,
    retry: 'after-remedy',
    says: (d) => `${d.exchange} is not encrypted for this key`,
    remedy: () => 'Give the identity whose card the sender has, or ask them to pack again for yours.',
  }),
  EXCHANGE_PART_MISSING: kind<Part>({
    exit,
    retry: 'after-remedy',
    says: (d) => `the part ${d.part} of ${d.exchange} is not there`,
    remedy: () => 'Ask the sender to run the same pack again: it puts what is missing.',
  }),
  EXCHANGE_PART_CUT: kind<Part & { bytes: number; expected: number }>({
    exit,
    retry: 'after-remedy',
    says: (d) => `the part ${d.part} of ${d.exchange} has ${d.bytes} bytes, and ${d.expected} were signed`,
    remedy: () => 'Ask the sender to run the same pack again: it puts what is missing.',
  }),
  EXCHANGE_PART_CHANGED: kind<Part>({
    exit,
    retry: 'after-remedy',
    says: (d) => `the part ${d.part} of ${d.exchange} is not the one that was signed`,
    remedy: () => 'Ask the sender to pack again under a new name, and find out who can write to the place.',
  }),
  EXCHANGE_CONTENTS_DIFFER: kind<{ exchange: string; file: string }>({
    exit,
    retry: 'never',
    says: (d) => `${d.file} came out of ${d.exchange} with other contents than were put in; it was not kept`,
    remedy: () => 'Ask the sender to pack again under a new name; keep the parts for whoever looks into it.',
  }),
  EXCHANGE_FILE_THERE: kind<{ file: string }>({
    exit,
    retry: 'after-remedy',
    says: (d) => `${d.file} is there already, with other contents`,
    remedy: () => 'Move it away, or unpack into another folder.',
  }),
} satisfies FaultCatalogue

export const fault = faultsOf(exchangeFaults)
