import { CreateVpcCommand, EC2Client } from '@aws-sdk/client-ec2'
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts'
import { Secret } from '../../base/secret.ts'
import { type AwsCredentials, credentialsFor } from './session.ts'

/** What an emulator is asked with before there are credentials; it takes any. */
const anybody = { accessKeyId: 'rehearsal', secretAccessKey: 'rehearsal' }

/** Credentials that an emulator of AWS takes for those of an account (12 digits). */
export async function accountCredentials(
  endpoint: string,
  { region, account }: { readonly region: string; readonly account: string },
): Promise<AwsCredentials & { readonly kind: 'keys' }> {
  const sts = new STSClient({ endpoint, region, credentials: anybody })
  const role = { RoleArn: `arn:aws:iam::${account}:role/threeshift`, RoleSessionName: 'rehearsal' }
  const { Credentials: made } = await sts.send(new AssumeRoleCommand(role))
  return {
    kind: 'keys',
    id: made?.AccessKeyId ?? '',
    secret: new Secret(made?.SecretAccessKey ?? ''),
    sessionToken: new Secret(made?.SessionToken ?? ''),
  }
}

/** Makes the network of a cluster as its installer leaves it. `name`: of the cluster's infrastructure. */
export async function makeClusterNetwork(
  endpoint: string,
  region: string,
  credentials: AwsCredentials,
  name: string,
): Promise<void> {
  const ec2 = new EC2Client({ endpoint, region, ...credentialsFor(credentials) })
  const Tags = [
    { Key: `kubernetes.io/cluster/${name}`, Value: 'owned' },
    { Key: 'red-hat-managed', Value: 'true' },
  ]
  await ec2.send(new CreateVpcCommand({ CidrBlock: '10.0.0.0/16', TagSpecifications: [{ ResourceType: 'vpc', Tags }] }))
}
