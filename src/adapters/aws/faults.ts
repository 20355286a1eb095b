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
