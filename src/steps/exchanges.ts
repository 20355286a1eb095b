import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { Secret } from '../base/secret.ts'
import type { Migration } from '../model/migration.ts'
import type { Party } from '../model/party.ts'
import type { ExchangeProgress, PackReport, UnpackReport } from '../ports/exchange.ts'
import type { StepContext } from '../ports/step.ts'
import { factsIfAny } from './facts.ts'
import { sealedBucketKey } from './exchange-granted.ts'
import { type SecretValues, readSecret, type SecretPlace } from './secrets.ts'
import type { Tools } from './tools.ts'

/** What crosses the bucket, by name. */
export const exchangeNames = { secrets: 'secrets', dumps: 'dumps' } as const

const partBytes = 16 * 1024 * 1024

/** What the journal may say of an exchange. */
export const exchangedSchema = z.object({
  exchange: z.string(),
  manifestSha256: z.string(),
  files: z.array(z.object({ file: z.string(), bytes: z.number().int(), sha256: z.string() })),
})
export type Exchanged = z.output<typeof exchangedSchema>

/** What the journal keeps of a report. */
export function exchangedOf({ exchange, manifestSha256, files }: PackReport): Exchanged {
  return { exchange, manifestSha256, files: files.map((file) => ({ ...file })) }
}

/** Which exchange is meant, as the row that packed it told; nothing before it has told. */
function manifestOf(context: StepContext, name: string): { readonly manifestSha256?: string } {
  const told =
    name === exchangeNames.secrets
      ? factsIfAny(context, 'exchange-bucket', exchangedSchema)
      : factsIfAny(context, 'dump', z.object({ exchanged: exchangedSchema }))?.exchanged
  return told ? { manifestSha256: told.manifestSha256 } : {}
}

/** Who works with what is packed. */
export function receiverOf({ accessLevel }: Migration): Party {
  return accessLevel === 'no-access' ? 'customer' : 'rhoam-eng'
}

/** Packs files for whoever does the rows of the migration cluster; the customer can always see that they are whole. */
export async function packFiles(
  tools: Tools,
  context: StepContext,
  name: string,
  files: readonly string[],
): Promise<PackReport> {
  const { migration, signal } = context
  const sender = await tools.exchange.keys()
  const receiver = receiverOf(migration)
  const stateFolder = join(tools.folder, 'exchange')
  await mkdir(stateFolder, { recursive: true, mode: 0o700 })
  return tools.exchange.pack({
    // An earlier try of the row may have packed something else; the receiver is told of the last one only.
    replace: true,
    files,
    name,
    to: await tools.exchange.store(sealedBucketKey(context), signal),
    recipients: [...(receiver === 'customer' ? [] : [await tools.exchange.card(receiver)]), sender.card],
    sender,
    partBytes,
    stateFolder,
    onProgress: showProgress(tools, context),
    signal,
  })
}

/** Unpacks what the customer packed into a folder. */
export async function unpackFiles(
  tools: Tools,
  context: StepContext,
  name: string,
  folder: string,
): Promise<UnpackReport> {
  const { signal } = context
  return tools.exchange.unpack({
    name,
    from: await tools.exchange.store(sealedBucketKey(context), signal),
    identity: (await tools.exchange.keys()).identity,
    ...manifestOf(context, name),
    senders: [await tools.exchange.card('customer')],
    folder,
    onProgress: showProgress(tools, context),
    signal,
  })
}

function showProgress(tools: Tools, { onProgress }: StepContext) {
  return ({ bytes, totalBytes }: ExchangeProgress): void => {
    onProgress({ done: bytes, total: totalBytes, unit: 'bytes', exact: true, at: tools.clock.now() })
  }
}

const clearPrefix = 'clear-'

/** Runs `work` with a folder that is gone afterwards; what is in it in clear exists no longer than that. */
async function withPrivateFolder<Result>(tools: Tools, work: (folder: string) => Promise<Result>): Promise<Result> {
  // One verb of a migration runs at a time: what else is there was left by one that was killed.
  for (const name of await readdir(tools.folder)) {
    if (name.startsWith(clearPrefix)) await rm(join(tools.folder, name), { recursive: true, force: true })
  }
  const folder = await mkdtemp(join(tools.folder, clearPrefix))
  try {
    return await work(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

const secretsFile = 'secrets.json'
const packedSecretsSchema = z.record(z.string(), z.record(z.string(), z.string()))

/** Packs the named Secrets of a place, all keys; null values stand for none of that name. Gives which were there. */
export async function packSecrets(
  tools: Tools,
  context: StepContext,
  at: SecretPlace,
  names: readonly string[],
): Promise<{ readonly report: PackReport; readonly packed: readonly string[] }> {
  const found: Record<string, Record<string, string>> = {}
  for (const name of names) {
    const values = await readSecret(at, name)
    if (values === null) continue
    const revealed = Object.entries(values).map(([key, value]) => [key, value.reveal('encrypt it for the other party')])
    found[name] = Object.fromEntries(revealed)
  }
  return withPrivateFolder(tools, async (folder) => {
    const file = join(folder, secretsFile)
    await writeFile(file, JSON.stringify(found), { mode: 0o600 })
    const report = await packFiles(tools, context, exchangeNames.secrets, [file])
    return { report, packed: Object.keys(found) }
  })
}

/** The source's Secrets, as the customer packed them, by name. */
export async function unpackSecrets(tools: Tools, context: StepContext): Promise<ReadonlyMap<string, SecretValues>> {
  return withPrivateFolder(tools, async (folder) => {
    await unpackFiles(tools, context, exchangeNames.secrets, folder)
    const found = packedSecretsSchema.parse(JSON.parse(await readFile(join(folder, secretsFile), 'utf8')))
    return new Map(
      Object.entries(found).map(([name, values]) => [
        name,
        Object.fromEntries(Object.entries(values).map(([key, value]) => [key, new Secret(value)])),
      ]),
    )
  })
}

/** Checks what lies in the bucket by reading all of it, and leaves nothing in clear. */
export async function readBack(tools: Tools, context: StepContext, name: string): Promise<UnpackReport> {
  return withPrivateFolder(tools, (folder) => unpackFiles(tools, context, name, folder))
}
