import { z } from 'zod'
import type { Secret } from '../base/secret.ts'
import type { FileBucket, FilesRequest, StoredFile } from '../ports/files.ts'
import type { Step, StepContext } from '../ports/step.ts'
import { byHand } from './by-hand.ts'
import { fault } from './faults.ts'
import { measure, measureNone } from './measure.ts'
import { apiManagerOf, placeOf } from './places.ts'
import { readRecord, removeRecord, writeRecord } from './records.ts'
import { readSecret, type SecretValues } from './secrets.ts'
import type { Tools } from './tools.ts'

const record = 'files.json'
const filesSchema = z.object({
  files: z.array(z.object({ key: z.string(), bytes: z.number().int(), sha256: z.string() })),
})

/** RHOAM's own name, and where a volume is mounted. Source: integreatly-operator, 3scale-operator `system` component. */
const rhoamSecret = 's3-credentials'
const volumePath = '/opt/system/public/system'

/** Beyond the document's steps: the files that the database only names, from the source's bucket into RHOAM's. */
export function fileStorage(tools: Tools): Required<Step> {
  const [buckets, volume] = [betweenBuckets(tools), fromVolume(tools)]
  const stepOf = ({ migration }: StepContext) => (migration.source.fileStorage === 's3' ? buckets : volume)
  return {
    check: (context) => stepOf(context).check(context),
    explain: (context) => stepOf(context).explain(context),
    apply: (context) => stepOf(context).apply(context),
    confirm: (context) => stepOf(context).confirm(context),
    undo: (context) => stepOf(context).undo(context),
  }
}

function betweenBuckets(tools: Tools): Required<Step> {
  return {
    async check() {
      const copied = await readRecord(tools, record, filesSchema)
      if (copied === null) return { kind: 'needed', says: 'the files are not copied' }
      return { kind: 'done', says: says(copied.files), facts: factsOf(copied.files) }
    },

    async explain(context) {
      const { from, to } = await bucketsOf(tools, context)
      const found = await tools.files.count(from, { signal: context.signal })
      return {
        summary: `${found.files} files (${found.bytes} bytes) are copied from bucket ${from.bucket} to bucket ${to.bucket} of RHOAM; what else is there stays.`,
        diff: [{ what: `files in bucket ${to.bucket}`, before: null, after: `the ${found.files} of the source` }],
      }
    },

    async apply(context) {
      const { files, alreadyThere } = await tools.files.copy(await requestOf(tools, context))
      await writeRecord(tools, record, { files })
      return { says: `${says(files)}; ${alreadyThere} of them were there already`, facts: factsOf(files) }
    },

    async confirm(context) {
      const copied = await readRecord(tools, record, filesSchema)
      const compared = await tools.files.compare(await requestOf(tools, context), copied?.files ?? [])
      return {
        says: `${compared.files} files (${compared.bytes} bytes) were listed at the source and read to their ends at the destination`,
        measured: [
          measure('files of the source that were copied', compared.files, copied?.files.length ?? 0),
          measureNone('files that are not the same at the destination', compared.differing),
        ],
        facts: {},
      }
    },

    async undo(context) {
      const { from, to } = await bucketsOf(tools, context)
      const gone = await tools.files.takeBack({ from, to, signal: context.signal })
      await removeRecord(tools, record)
      return { says: `${gone} files are gone from bucket ${to.bucket}` }
    },
  }
}

/** Only a pod reads a volume, and none runs: a person copies, and the row looks at what has arrived. */
function fromVolume(tools: Tools): Required<Step> {
  const target = (context: StepContext) => rhoamBucket(tools, context)
  return byHand({
    order: ({ migration }) =>
      `Mount volume system-storage of namespace ${migration.source.namespace} in a pod of the source, and copy all that is below ${volumePath} into RHOAM's bucket (secret ${rhoamSecret} beside its APIManager names it), each file under its path from there.`,
    back: "Delete from RHOAM's bucket what was copied there.",
    async whyNot(context) {
      const to = await target(context)
      const { files } = await tools.files.count(to, { signal: context.signal })
      return files > 0 ? null : `bucket ${to.bucket} of RHOAM is empty`
    },
  })
}

async function requestOf(tools: Tools, context: StepContext): Promise<FilesRequest> {
  const { signal, onProgress } = context
  return {
    ...(await bucketsOf(tools, context)),
    onProgress: ({ files }) =>
      onProgress({ done: files, total: 0, unit: 'files', exact: false, at: tools.clock.now() }),
    signal,
  }
}

async function bucketsOf(tools: Tools, context: StepContext) {
  return { from: await sourceBucket(tools, context), to: await rhoamBucket(tools, context) }
}

/** As the secret says that the APIManager names. Faults: STEP_NO_FILE_STORAGE, STEP_SECRET_MISSING. */
async function sourceBucket(tools: Tools, context: StepContext): Promise<FileBucket> {
  const at = await placeOf(tools, context, 'source')
  const { spec } = await apiManagerOf(at)
  const name = spec.system?.fileStorage?.simpleStorageService?.configurationSecretRef.name
  if (name === undefined) throw fault('STEP_NO_FILE_STORAGE', { namespace: at.namespace })
  const values = (await readSecret(at, name)) ?? {}
  const host = textOf(values, 'AWS_HOSTNAME')
  const [id, secret] = [textOf(values, 'AWS_ACCESS_KEY_ID'), values['AWS_SECRET_ACCESS_KEY']]
  return {
    ...bucketIn(values, { place: 'source', secret: name }),
    // One that takes a role has none: then the party's own must do.
    credentials: id === undefined || secret === undefined ? null : { id, secret },
    endpoint: host === undefined ? null : `${textOf(values, 'AWS_PROTOCOL') ?? 'https'}://${host}`,
    pathStyle: textOf(values, 'AWS_PATH_STYLE') === 'true',
  }
}

/** In the customer's own account, whose credentials the party has. Faults: STEP_SECRET_MISSING. */
async function rhoamBucket(tools: Tools, context: StepContext): Promise<FileBucket> {
  const at = await placeOf(tools, context, 'destination')
  const values = (await readSecret(at, rhoamSecret)) ?? {}
  const place = { place: 'destination', secret: rhoamSecret }
  return { ...bucketIn(values, place), credentials: null, endpoint: null, pathStyle: false }
}

function bucketIn(values: SecretValues, place: { readonly place: string; readonly secret: string }) {
  const [bucket, region] = [textOf(values, 'AWS_BUCKET'), textOf(values, 'AWS_REGION')]
  if (bucket === undefined || region === undefined)
    throw fault('STEP_SECRET_MISSING', { ...place, keys: ['AWS_BUCKET', 'AWS_REGION'] })
  return { bucket, region }
}

function textOf(values: Readonly<Record<string, Secret>>, key: string): string | undefined {
  return values[key]?.reveal('find the files of the portals').trim() || undefined
}

function factsOf(files: readonly StoredFile[]) {
  return { files: files.length, bytes: files.reduce((sum, { bytes }) => sum + bytes, 0) }
}

function says(files: readonly StoredFile[]): string {
  const { files: count, bytes } = factsOf(files)
  return `${count} files, ${bytes} bytes`
}
