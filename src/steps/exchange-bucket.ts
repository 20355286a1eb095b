import { secrets } from '../threescale/secrets.ts'
import type { Step } from '../ports/step.ts'
import { exchangedOf, exchangedSchema, exchangeNames, packSecrets, readBack, receiverOf } from './exchanges.ts'
import { exchangeBucketOf, makingOf, removeMade } from './making.ts'
import { measure, measureNone } from './measure.ts'
import { placeOf } from './places.ts'
import { readRecord, removeRecord, writeRecord } from './records.ts'
import type { Tools } from './tools.ts'

const record = 'packed-secrets.json'

/** Those that are carried anywhere; what a place makes itself stays where it is. */
const carried = secrets.filter(({ at }) => Object.values(at).includes('carry')).map(({ name }) => name)

/** Prerequisite 7: a closed bucket, and in it the secrets that travel, readable for nobody but those who need them. */
export function exchangeBucket(tools: Tools): Step {
  return {
    async check() {
      const packed = await readRecord(tools, record, exchangedSchema)
      if (packed === null) return { kind: 'needed', says: 'the secrets are not packed' }
      return { kind: 'done', says: `${packed.files.length} files lie in the bucket`, facts: { ...packed } }
    },

    async explain({ migration }) {
      return {
        summary: `Bucket ${exchangeBucketOf(migration)}, closed to the public; ${carried.length} secrets in it, encrypted for ${receiverOf(migration)}.`,
        diff: carried.map((name) => ({ what: `secret ${name}`, before: null, after: 'encrypted in the bucket' })),
      }
    },

    async apply(context) {
      const { migration, row, signal } = context
      const cloud = await tools.cloud('destination', signal)
      const bucket = { name: exchangeBucketOf(migration), readableByCaches: true }
      await cloud.buckets.ensure(bucket, makingOf(tools, context, 'what the parties exchange', 'remove'), { signal })
      const at = await placeOf(tools, context, 'source')
      const { report, packed } = await packSecrets(tools, context, at, carried)
      const facts = exchangedOf(report)
      await writeRecord(tools, record, facts)
      return { says: `row ${row.number}: ${packed.length} secrets packed`, facts: { ...facts } }
    },

    async confirm(context) {
      const packed = await readRecord(tools, record, exchangedSchema)
      const read = await readBack(tools, context, exchangeNames.secrets)
      return {
        says: 'what lies in the bucket was read back and is what was packed',
        measured: [
          measure('files in the exchange', packed?.files.length ?? 0, read.files.length),
          measureNone(
            'files that differ from what was packed',
            read.files
              .filter(({ file, sha256 }) => packed?.files.find((other) => other.file === file)?.sha256 !== sha256)
              .map(({ file }) => file),
          ),
        ],
        facts: {},
      }
    },

    async undo(context) {
      await removeRecord(tools, record)
      await removeMade(tools, context, 'destination')
      return {
        says: 'the bucket and everything in it is gone; whoever could read it may know the secrets: rotate them',
      }
    },
  }
}
