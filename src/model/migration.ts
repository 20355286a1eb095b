import { z } from 'zod'
import { actionsFor, classOfKey, isDecisionKey, type ValueAction, valueActions, valueClasses } from './decision.ts'
import { durationPattern, parseDurationMs } from './duration.ts'
import { accessLevels } from './party.ts'
import { isAtLeast, releases } from './release.ts'

/** The engines that a source's system database may run on. Oracle can be planned for, but not be read yet. */
export const databaseKinds = ['mysql', 'mariadb', 'postgresql', 'oracle'] as const
export type DatabaseKind = (typeof databaseKinds)[number]

/** The oldest version of each engine that a plan is made for. */
const oldestVersions: Readonly<Record<DatabaseKind, string>> = {
  mysql: '5.7',
  mariadb: '10',
  postgresql: '10',
  oracle: '12',
}

/** Where a secret is to be read from: `env:NAME` or `file:PATH`. The secret itself never stands in a file of ours. */
export const referencePattern = /^(?:env:[A-Za-z_][A-Za-z0-9_]*|file:[^\s:][^:]*)$/

export const domainPattern =
  /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)+$/
const labelPattern = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/
const versionPattern = /^\d{1,4}(?:\.\d{1,4}){0,3}$/

/** A message says what is allowed, and never what was found: the value may be a secret in the wrong place. */
const reference = (fallback: string, says: string) =>
  z
    .string()
    .regex(referencePattern, 'env:NAME (an environment variable) or file:PATH; never the URL itself')
    .default(fallback)
    .describe(says)
const domain = (says: string) =>
  z.string().regex(domainPattern, 'a host name in lower case such as apps.example.com').describe(says)
const label = () => z.string().regex(labelPattern, 'lower-case letters, digits and dashes, at most 63')
const contact = (who: string) => z.string().min(1).max(200).describe(`${who}: name and how to reach them.`)

const source = z
  .strictObject({
    release: z.enum(releases).describe('The 3scale release that runs there.'),
    namespace: label().default('3scale').describe('The namespace of the APIManager.'),
    wildcardDomain: domain("The APIManager's wildcardDomain; every host name below it is renamed."),
    database: z
      .strictObject({
        kind: z.enum(databaseKinds).describe('The engine of the system database.'),
        version: z
          .string()
          .regex(versionPattern, "a version such as '5.7' or '8.0.36'")
          .describe('Its version. MySQL before 8 is upgraded on the way.'),
        url: reference('env:SOURCE_DATABASE_URL', 'Where its URL is read from: env:NAME or file:PATH.'),
      })
      .describe('The system database.'),
    redis: z
      .strictObject({
        storage: reference('env:SOURCE_REDIS_STORAGE_URL', 'Counters and statistics.'),
        queues: reference('env:SOURCE_REDIS_QUEUES_URL', "The backend's job queues."),
      })
      .prefault({})
      .describe('The backend Redis: where its two URLs are read from.'),
    jobs: z
      .strictObject({
        ignoreScheduled: z
          .array(
            z.string().regex(/^[A-Z]\w{0,99}(?:::[A-Z]\w{0,99}){0,9}$/, 'names of Ruby classes such as SomeWorker'),
          )
          .default([])
          .describe('Classes of scheduled jobs that come back for ever and need not be waited for.'),
        acceptLoss: z
          .boolean()
          .default(false)
          .describe('Whether jobs that are still queued when the waiting time is over may be lost.'),
      })
      .prefault({})
      .describe('Background jobs when the source is stopped.'),
    fileStorage: z
      .enum(['pvc', 's3', 'none'])
      .default('pvc')
      .describe('Where the files of the developer portals are: a volume, a bucket, or there are none.'),
  })
  .describe('The installation that is moved.')

const account = z.strictObject({
  region: z
    .string()
    .regex(/^[a-z]{2}(?:-[a-z]+)+-\d$/, 'an AWS region such as eu-west-1')
    .describe('The region.'),
  accountId: z
    .string()
    .regex(/^\d{12}$/, "12 digits in quotes, such as '123456789012'")
    .describe('The account.'),
})

const migrationCluster = z
  .strictObject({
    wildcardDomain: domain('Its wildcard domain, used between steps 6 and 11.'),
    namespace: label().default('threescale-migration').describe('The namespace for the copy of 3scale.'),
    database: reference(
      'env:MIGRATION_DATABASE_URL',
      "The database of the source's own kind: where the dump is loaded.",
    ),
    postgresql: reference('env:MIGRATION_POSTGRESQL_URL', 'The PostgreSQL that it is converted into.'),
    redis: reference('env:MIGRATION_REDIS_URL', 'The Redis that the copy of 3scale runs on.'),
    aws: account
      .optional()
      .describe('The AWS account beside it, where network and databases are made; without it they are there already.')
      .meta({ examples: [{ region: 'eu-west-1', accountId: '210987654321' }] }),
  })
  .describe('The cluster in between, where the database is converted and 3scale is upgraded.')

const destination = z
  .strictObject({
    rhoamVersion: z
      .string()
      .regex(versionPattern, "a version such as '1.45'")
      .describe('The version of RHOAM that is installed there.'),
    threescaleRelease: z.enum(releases).describe('The 3scale release that this RHOAM runs.'),
    wildcardDomain: domain("The cluster's own wildcard domain."),
    customDomain: domain('The domain that RHOAM is installed with instead. It must exist before RHOAM is installed.')
      .optional()
      .meta({ examples: ['api.example.com'] }),
    namespacePrefix: label().default('redhat-rhoam').describe("What RHOAM's namespaces begin with."),
    database: reference('env:DESTINATION_DATABASE_URL', "RHOAM's PostgreSQL."),
    redis: z
      .strictObject({
        storage: reference('env:DESTINATION_REDIS_STORAGE_URL', 'Counters and statistics.'),
        queues: reference('env:DESTINATION_REDIS_QUEUES_URL', "The backend's job queues."),
        restoredBy: z
          .enum(['copy', 'snapshot'])
          .default('copy')
          .describe(
            "copy: the mover writes into it and compares every key. snapshot: it is reached from its cluster only, so the cloud makes it anew from a snapshot file in the exchange's bucket.",
          ),
      })
      .prefault({})
      .describe("RHOAM's backend Redis."),
    vendorUser: z
      .string()
      .regex(/^[A-Za-z0-9:@._-]{1,200}$/, 'a user name of the cluster')
      .default('rhoam-eng')
      .describe(
        'The user of the cluster that RHOAM engineering works as; it is granted what the rows need, and no more.',
      ),
    accepted: z
      .strictObject({
        tenantNamed3scale: z
          .boolean()
          .default(false)
          .describe(
            'Whether RHOAM may delete the users of a tenant whose subdomain is 3scale, which it takes for its own.',
          ),
        senderAddresses: z
          .boolean()
          .default(false)
          .describe("Whether RHOAM may overwrite the tenants' sender addresses."),
      })
      .prefault({})
      .describe(
        'What RHOAM does to tenants, where somebody has accepted it. What is not accepted stops the migration beforehand.',
      ),
    aws: account
      .optional()
      .describe('The AWS account of the destination; every AWS call is checked against it.')
      .meta({ examples: [{ region: 'eu-west-1', accountId: '123456789012' }] }),
  })
  .describe('The cluster with RHOAM.')

const bucketPattern = /^[a-z0-9](?:[a-z0-9-]{1,61})[a-z0-9]$/

const exchange = z
  .strictObject({
    bucket: z
      .string()
      .regex(bucketPattern, '3 to 63 lower-case letters, digits and dashes')
      .optional()
      .describe("The bucket's name, in the destination's account; threeshift- and the migration's name unless given.")
      .meta({ examples: ['acme-threeshift-exchange'] }),
  })
  .prefault({})
  .describe('What the parties exchange through: a bucket where everything is encrypted for its receiver.')

const window = z
  .strictObject({
    start: z.iso
      .datetime({ offset: true, error: 'a date and time with its zone, such as 2026-12-05T22:00:00+01:00' })
      .describe('When the traffic may be stopped: date, time and zone.'),
    limit: z
      .string()
      .regex(durationPattern, { error: 'a duration such as 4h, 90m or 1h30m', abort: true })
      .refine((text) => parseDurationMs(text) !== undefined, 'a duration longer than nothing')
      .describe('How long the service may be down. A cut-over that does not fit is not started.'),
  })
  .optional()
  .describe('The service window, once it is agreed.')
  .meta({ examples: [{ start: '2026-12-05T22:00:00+01:00', limit: '4h' }] })

const decision = z
  .unknown()
  .meta({ anyOf: [{ type: 'string', enum: valueActions }, { type: 'null' }] })
  // A null that is not text can only mean the action of that name. All else is let in here, and checked with its key.
  .transform((action) => (action === null ? 'null' : action) as ValueAction)

const decisions = z
  .record(z.string(), decision)
  .superRefine((answers, check) => {
    for (const [key, action] of Object.entries(answers)) {
      const valueClass = classOfKey(key)
      if (!isDecisionKey(key) || valueClass === undefined) {
        const classes = Object.keys(valueClasses).join(', ')
        check.addIssue({ code: 'custom', path: [key], message: `CLASS or CLASS@TABLE.COLUMN; classes: ${classes}` })
      } else if (!actionsFor(valueClass).includes(action)) {
        check.addIssue({ code: 'custom', path: [key], message: actionsFor(valueClass).join(', ') })
      }
    }
  })
  .default({})
  .describe(
    'What becomes of values that PostgreSQL cannot store: CLASS or CLASS@TABLE.COLUMN, and one of ' +
      `${valueActions.join(', ')}. Classes: ${Object.keys(valueClasses).join(', ')}. What is not named stops the copy.`,
  )

/** Decodes a parsed `migration.yaml`. A message of an issue says what is allowed and never quotes the value. */
export const migrationSchema = z
  .strictObject({
    version: z.literal(1).describe('The version of this file format.'),
    name: label().describe('A short name, used on every page and report.'),
    accessLevel: z
      .enum(accessLevels)
      .describe(
        "What the vendor may do in the customer's accounts, and so who owns each row. limited, the usual one: the vendor " +
          'converts and loads the data. extended-limits: all but Redis. no-access: the customer does it all.',
      ),
    source,
    migrationCluster,
    destination,
    exchange,
    window,
    decisions,
    contacts: z
      .strictObject({
        customer: contact('The customer')
          .optional()
          .meta({ examples: ['platform team, +44 20 7946 0000'] }),
        'rhoam-eng': contact('RHOAM engineering')
          .optional()
          .meta({ examples: ['migration desk, desk@example.com'] }),
        'bu-srep': contact('Who grants access')
          .optional()
          .meta({ examples: ['SRE on call, sre@example.com'] }),
      })
      .default({})
      .describe('Whom to call, per party.'),
  })
  .superRefine((migration, check) => {
    const { release, database } = migration.source
    if (!isAtLeast(migration.destination.threescaleRelease, release)) {
      const message = `${release} (the source's) or later: 3scale is never moved to an older release`
      check.addIssue({ code: 'custom', path: ['destination', 'threescaleRelease'], message })
    }
    if (compareVersions(database.version, oldestVersions[database.kind]) < 0) {
      const message = `${oldestVersions[database.kind]} or later for ${database.kind}`
      check.addIssue({ code: 'custom', path: ['source', 'database', 'version'], message })
    }
  })
  .describe('One migration of one 3scale installation into RHOAM.')

/** A whole migration, defaults filled in. */
export type Migration = z.output<typeof migrationSchema>
/** A migration as somebody writes it: what has a default may be left out. */
export type MigrationInput = z.input<typeof migrationSchema>

/** Negative when version `one` is before `other`; a part that is missing counts as 0. */
export function compareVersions(one: string, other: string): number {
  const [a, b] = [one.split('.').map(Number), other.split('.').map(Number)]
  for (let part = 0; part < Math.max(a.length, b.length); part++) {
    const difference = (a[part] ?? 0) - (b[part] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}

/** The JSON Schema (draft 2020-12) of `migration.yaml`, made from the decoder, with a description of every field. */
export function migrationJsonSchema(): Record<string, unknown> {
  return {
    title: 'Threeshift migration',
    // `input`: a field that has a default is not required.
    ...z.toJSONSchema(migrationSchema, { io: 'input', target: 'draft-2020-12' }),
  }
}
