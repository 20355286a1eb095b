import { exitCode, type FaultCatalogue, faultsOf, kind } from '../../base/fault.ts'

const failedSafe = exitCode.failedSafe
type Object = { readonly address: string }

/** What can go wrong between us and AWS. None holds a credential, a header, or a word of AWS's own messages. */
export const awsFaults = {
  AWS_NO_CREDENTIALS: kind<object>({
    exit: failedSafe,
    retry: 'after-remedy',
    says: () => 'there are no AWS credentials: not in the environment, the shared files, or from the machine or pod',
    remedy: () => 'Set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or log in with `aws sso login`.',
  }),
  AWS_CREDENTIALS_UNREADABLE: kind<{ file: string; reason: string }>({
    exit: failedSafe,
    retry: 'after-remedy',
    says: (d) => `the file ${d.file}, from which AWS credentials are to come, cannot be read (${d.reason})`,
    remedy: () => 'Correct AWS_WEB_IDENTITY_TOKEN_FILE (a pod gets it with its service account), or unset it.',
  }),
  AWS_NO_REGION: kind<object>({
    exit: failedSafe,
    retry: 'after-remedy',
    says: () => 'no AWS region is set',
    remedy: () => 'Set AWS_REGION to the region of the resource, such as eu-west-1.',
  }),
  AWS_CREDENTIALS_REFUSED: kind<{ code: string }>({
    exit: failedSafe,
    retry: 'after-remedy',
    says: (d) => `AWS does not accept the credentials (${d.code})`,
    remedy: () => 'Find whose credentials are used with `aws sts get-caller-identity`, and set those that are meant.',
  }),
  AWS_CREDENTIALS_EXPIRED: kind<{ code: string }>({
    exit: failedSafe,
    retry: 'after-remedy',
    says: (d) => `the AWS credentials have expired (${d.code})`,
    remedy: () => 'Get new ones (`aws sso login`, or a new session token), and run the same command again.',
  }),
  AWS_CLOCK_SKEW: kind<object>({
    exit: failedSafe,
    retry: 'after-remedy',
    says: () => "this machine's clock is too far from that of AWS for a signature to be valid",
    remedy: () => 'Set the clock (`chronyc makestep` or `timedatectl set-ntp true`), and run the same command again.',
  }),
  AWS_UNREACHABLE: kind<{ host: string; reason: string }>({
    exit: failedSafe,
    retry: 'same-input',
    says: (d) => `AWS cannot be reached at ${d.host} (${d.reason})`,
    remedy: () => 'Check region, AWS_ENDPOINT_URL, DNS and the way out of this network; then run the command again.',
  }),
  AWS_TLS_FAILED: kind<{ reason: string }>({
    exit: failedSafe,
    retry: 'after-remedy',
    says: (d) => `what answers for AWS could not be verified over TLS (${d.reason})`,
    remedy: () => 'If a proxy of yours stands in between, name its CA: NODE_EXTRA_CA_CERTS=FILE.',
  }),
  AWS_THROTTLED: kind<{ code: string }>({
    exit: failedSafe,
    retry: 'same-input',
    says: (d) => `AWS answers that there are too many requests (${d.code})`,
    remedy: () => 'Run the same command again in a few minutes.',
  }),
  AWS_UNAVAILABLE: kind<{ status: number }>({
    exit: failedSafe,
    retry: 'same-input',
    says: (d) => `AWS could not answer (HTTP ${d.status})`,
    remedy: () => 'Run the same command again in a few minutes; the AWS health page tells of outages.',
  }),
  AWS_REFUSED: kind<{ code: string; status: number; requestId: string }>({
    exit: failedSafe,
    retry: 'after-remedy',
    says: (d) => `AWS refused the request (${d.code}, HTTP ${d.status}, request ${d.requestId})`,
    remedy: () => 'Look the code up in the error responses of the AWS service, or ask AWS about the request id.',
  }),
  AWS_FAILED: kind<{ reason: string }>({
    exit: failedSafe,
    retry: 'after-remedy',
    says: (d) => `the request to AWS failed before there was an answer (${d.reason})`,
    remedy: () => 'Check the AWS settings in the environment and in ~/.aws/config, and run the same command again.',
  }),
  CLOUD_OTHER_ACCOUNT: kind<{ found: string; expected: string }>({
    exit: failedSafe,
    retry: 'after-remedy',
    says: (d) => `the AWS credentials are those of account ${d.found}, and the migration is to change ${d.expected}`,
    remedy: (d) => `Give credentials of account ${d.expected} (AWS_PROFILE); nothing was changed.`,
  }),
  CLOUD_NAME_TAKEN: kind<{ what: string }>({
    exit: failedSafe,
    retry: 'after-remedy',
    says: (d) => `${d.what} is there already, and was not made for this migration; it was not touched`,
    remedy: () => 'Choose another name in migration.yaml; what bears the name belongs to somebody else.',
  }),
  CLOUD_NOT_SEEN: kind<{ what: string }>({
    exit: failedSafe,
    retry: 'same-input',
    says: (d) => `${d.what} was made, and AWS does not show it yet`,
    remedy: () => 'Run the same command again in a few minutes: it goes on with what is there.',
  }),
  CLOUD_STUCK: kind<{ what: string; state: string; minutes: number }>({
    exit: failedSafe,
    retry: 'same-input',
    says: (d) => `${d.what} is still ${d.state} after ${d.minutes} minutes`,
    remedy: (d) =>
      `See what AWS says of ${d.what} (events, service health); then run the same command again: it waits on.`,
  }),
  CLOUD_FAILED_STATE: kind<{ what: string; state: string }>({
    exit: failedSafe,
    retry: 'after-remedy',
    says: (d) => `${d.what} is ${d.state}, and will not leave that state by itself`,
    remedy: (d) =>
      `Read the AWS events of ${d.what} for the reason (often too little memory, or a file it may not read), correct it, and run again.`,
  }),
  CLOUD_DIFFERS: kind<{ what: string; property: string; has: string; wanted: string }>({
    exit: failedSafe,
    retry: 'after-remedy',
    says: (d) => `${d.what} is there with ${d.property} ${d.has}, and ${d.wanted} is wanted`,
    remedy: () => 'Correct migration.yaml, or remove it with `threeshift cleanup` and run again.',
  }),
  CLOUD_RANGE_UNREADABLE: kind<{ range: string }>({
    exit: exitCode.usage,
    retry: 'after-remedy',
    says: (d) => `${d.range} is no IPv4 range for a network: /16 to /26, beginning at its first address`,
    remedy: () => 'Give one such as 10.2.0.0/26.',
  }),
  CLOUD_RANGE_TAKEN: kind<{ range: string; taken: string; by: string }>({
    exit: failedSafe,
    retry: 'after-remedy',
    says: (d) => `the range ${d.range} meets ${d.taken}, which belongs to ${d.by}`,
    remedy: () =>
      'Choose a range in migration.yaml that nothing uses, such as another /26 of 10.0.0.0/8 or 172.16.0.0/12.',
  }),
  CLOUD_CLUSTER_NETWORK: kind<{ infrastructure: string; found: readonly string[] }>({
    exit: failedSafe,
    retry: 'after-remedy',
    says: (d) =>
      d.found.length === 0
        ? `no network of this account and region belongs to the cluster ${d.infrastructure}`
        : `more than one network claims to belong to the cluster ${d.infrastructure}: ${d.found.join(', ')}`,
    remedy: (d) =>
      `Check account, region and name; exactly one must have the tag kubernetes.io/cluster/${d.infrastructure}.`,
  }),
  CLOUD_ZONES: kind<{ region: string; found: number }>({
    exit: failedSafe,
    retry: 'after-remedy',
    says: (d) => `two availability zones are needed, and ${d.region} has ${d.found} that can be used`,
    remedy: () => 'Ask AWS to open another zone to the account, or use another region.',
  }),
  CLOUD_NO_VERSION: kind<{ engine: string; wanted: string; offered: readonly string[] }>({
    exit: failedSafe,
    retry: 'after-remedy',
    says: (d) => `RDS offers no ${d.engine} ${d.wanted}; it offers ${d.offered.join(', ') || 'none'}`,
    remedy: () => 'Choose one of these in migration.yaml, the nearest to that of the source.',
  }),
  CLOUD_NO_UPGRADE: kind<{ what: string; from: string; wanted: string; offered: readonly string[] }>({
    exit: failedSafe,
    retry: 'after-remedy',
    says: (d) =>
      `${d.what} runs ${d.from}, from which RDS does not go to ${d.wanted} directly; it goes to ${d.offered.join(', ') || 'none'}`,
    remedy: () => 'Upgrade to one of these first, or skip the upgrade: the converter reads MySQL 5.7 as well.',
  }),
  CLOUD_UPGRADE_FAILED: kind<{ what: string; version: string; wanted: string; snapshot: string }>({
    exit: failedSafe,
    retry: 'after-remedy',
    says: (d) => `the upgrade of ${d.what} to ${d.wanted} was given up by RDS; it runs ${d.version} as before`,
    remedy: (d) =>
      `Read PrePatchCompatibility.log of ${d.what}, correct what it names, and run again; the snapshot ${d.snapshot} was taken before.`,
  }),
  CLOUD_GROUP_GONE: kind<{ group: string }>({
    exit: exitCode.rollbackNeeded,
    retry: 'after-remedy',
    says: (d) => `the cache group ${d.group} is not there, and the ledger does not say what it was like`,
    remedy: (d) => `Make ${d.group} by hand from its safety snapshot, or give the ledger of the run that deleted it.`,
  }),
  CLOUD_GROUP_UNSUPPORTED: kind<{ group: string; why: string }>({
    exit: failedSafe,
    retry: 'after-remedy',
    says: (d) => `the cache group ${d.group} cannot be made again as it was: ${d.why}; it was not touched`,
    remedy: () => 'Copy the keys into it with `threeshift redis copy` instead.',
  }),
  CLOUD_KEY_NOT_ACCEPTED: kind<{ user: string }>({
    exit: failedSafe,
    retry: 'same-input',
    says: (d) => `AWS does not accept the new key of ${d.user} yet`,
    remedy: () => 'Run the same command again in a minute: it issues another one, and removes this.',
  }),
  CLOUD_FILE_UNREADABLE: kind<{ file: string; reason: string }>({
    exit: failedSafe,
    retry: 'after-remedy',
    says: (d) => `${d.file}, which is to be uploaded, cannot be read (${d.reason})`,
    remedy: () => 'Correct its path or rights, and run the same command again.',
  }),
  CLOUD_FILE_CHANGED: kind<{ file: string }>({
    exit: failedSafe,
    retry: 'after-remedy',
    says: (d) => `${d.file} was changed while it was uploaded; nothing was kept`,
    remedy: () => 'When nobody writes to it any more, run the same command again.',
  }),
  S3_UPLOAD_DAMAGED: kind<Object>({
    exit: failedSafe,
    retry: 'same-input',
    says: (d) => `what S3 has received for ${d.address} is not what was sent; it was not kept`,
    remedy: () => 'Run the same command again.',
  }),
  S3_DENIED: kind<Object>({
    exit: failedSafe,
    retry: 'after-remedy',
    says: (d) => `reading ${d.address} is not allowed, or it is not there and that may not be known`,
    remedy: () => 'Allow s3:GetObject on the object, and s3:ListBucket on its bucket to be told when it is missing.',
  }),
  S3_NO_BUCKET: kind<Object>({
    exit: failedSafe,
    retry: 'after-remedy',
    says: (d) => `the bucket of ${d.address} does not exist`,
    remedy: () => 'Correct the name of the bucket; `aws s3 ls` lists those of your account.',
  }),
  S3_NO_OBJECT: kind<Object>({
    exit: failedSafe,
    retry: 'after-remedy',
    says: (d) => `${d.address} does not exist`,
    remedy: () => 'Correct the key; `aws s3 ls s3://BUCKET/FOLDER/` lists what is there.',
  }),
  S3_OTHER_REGION: kind<Object & { region: string }>({
    exit: failedSafe,
    retry: 'after-remedy',
    says: (d) => `${d.address} is in another region: ${d.region}`,
    remedy: (d) => `Set AWS_REGION to ${d.region}, and run the same command again.`,
  }),
  S3_OBJECT_CHANGED: kind<Object>({
    exit: failedSafe,
    retry: 'after-remedy',
    says: (d) => `${d.address} was replaced while it was read; nothing of it was used`,
    remedy: () =>
      'When nobody writes to it any more, run the same command again: it reads the new one from its beginning.',
  }),
  S3_OBJECT_ARCHIVED: kind<Object & { storageClass: string }>({
    exit: failedSafe,
    retry: 'after-remedy',
    says: (d) => `${d.address} is archived (${d.storageClass}) and cannot be read as it is`,
    remedy: () =>
      'Restore it with `aws s3api restore-object`, wait until that is done, and run the same command again.',
  }),
  S3_CUSTOMER_KEY_NEEDED: kind<Object>({
    exit: failedSafe,
    retry: 'after-remedy',
    says: (d) => `${d.address} is encrypted with a key that only whoever wrote it has (SSE-C)`,
    remedy: () => 'Copy it with that key into an object that is encrypted by S3 or KMS, and give that one.',
  }),
  S3_KMS_DENIED: kind<Object & { code: string }>({
    exit: failedSafe,
    retry: 'after-remedy',
    says: (d) => `${d.address} may be read, but not decrypted (${d.code})`,
    remedy: () => 'Allow kms:Decrypt on its KMS key, in the policy of the key too, and see that the key is enabled.',
  }),
  S3_CONNECTION_LOST: kind<Object & { reason: string }>({
    exit: failedSafe,
    retry: 'same-input',
    says: (d) => `the connection was lost while ${d.address} was read (${d.reason})`,
    remedy: () => 'Run the same command again; if it is lost every time, copy the object to a file nearer by.',
  }),
  S3_NO_RANGES: kind<Object>({
    exit: failedSafe,
    retry: 'after-remedy',
    says: (d) => `the store of ${d.address} does not give parts of an object as asked`,
    remedy: () => 'Download the object with another program, and give the file.',
  }),
} satisfies FaultCatalogue

export const fault = faultsOf(awsFaults)
