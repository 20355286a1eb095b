import { makeBucket, putFile, type RehearsedAccount } from '../../adapters/aws/rehearsal-rhoam.ts'
import { Secret } from '../../base/secret.ts'

const bucket = 'acme-3scale-files'

/** As developers upload them: pictures, a page, a download that is more than one part of an upload. */
const files: readonly (readonly [key: string, type: string, bytes: number])[] = [
  ['system/provider-name/2021/03/14/logo.png', 'image/png', 18_421],
  ['system/provider-name/2022/11/02/stylesheet.css', 'text/css', 3_204],
  ['system/acme-2/2023/01/09/Übersicht (neu).html', 'text/html; charset=utf-8', 911],
  ['system/acme-2/2024/06/30/sdk.zip', 'application/zip', 17 * 1024 * 1024],
  ['system/acme-2/2024/06/30/empty.txt', 'text/plain', 0],
]

/** Fills a bucket as 3scale does; out: what the secret of the file storage says. */
export async function makeSourceFiles(account: RehearsedAccount): Promise<Readonly<Record<string, Secret>>> {
  await makeBucket(account, bucket)
  for (const [key, type, bytes] of files) await putFile(account, { bucket, key }, patterned(bytes), type)
  const { protocol, host } = new URL(account.endpoint)
  const values = {
    AWS_ACCESS_KEY_ID: 'made-up-files',
    AWS_SECRET_ACCESS_KEY: 'made-up-secret-of-the-files',
    AWS_BUCKET: bucket,
    AWS_REGION: account.region,
    AWS_PROTOCOL: protocol.replace(':', ''),
    AWS_HOSTNAME: host,
    AWS_PATH_STYLE: 'true',
  }
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, new Secret(value)]))
}

/** Bytes that differ from one end to the other. */
function patterned(bytes: number): Buffer {
  const body = Buffer.allocUnsafe(bytes)
  for (let at = 0; at < bytes; at++) body[at] = (at * 31 + (at >> 12)) % 256
  return body
}
