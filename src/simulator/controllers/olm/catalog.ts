import type { OperatorBuild, RhoamBuild } from '../../../model/release.ts'
import { type Hop, hops } from '../../../threescale/hops.ts'

/** One version of an operator, as a catalog offers it. */
export interface CatalogEntry {
  readonly csv: string
  readonly version: string
  readonly replaces?: string
  /** Versions that may go there at once: from the first, up to but without the second. */
  readonly skipRange?: readonly [from: string, below: string]
  readonly bundle: Bundle
}

/** What is in a version: the Deployment that runs the operator, and what OLM has to know of it. */
export interface Bundle {
  readonly deployment: string
  readonly image: string
  readonly podLabels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  /** Whether an OperatorGroup without target namespaces suits it. */
  readonly allNamespaces: boolean
}

export interface CatalogChannel {
  readonly name: string
  /** Oldest first; the last is the head. */
  readonly entries: readonly CatalogEntry[]
}

export interface CatalogPackage {
  readonly name: string
  readonly channels: readonly CatalogChannel[]
}

/** Catalogs by the name of their CatalogSource. */
export type Catalogs = Readonly<Record<string, readonly CatalogPackage[]>>

interface Versions {
  readonly build: OperatorBuild
  readonly channel: string
  readonly versions: readonly string[]
  readonly skipFrom?: string
}

const channelOf = (build: OperatorBuild): string =>
  hops.find((hop: Hop) => hop.to === build)?.channel ?? `threescale-${build}`

/**
 * Versions of the 3scale operator by channel. Those with a date in them, and the last ones of 2.13, 2.15 and 2.16, are
 * real; between them stands one or two so that a channel has a way to its head.
 */
const operatorVersions: readonly Versions[] = [
  { build: '2.11', channel: channelOf('2.11'), versions: ['0.8.0', '0.8.4-0.1655690146.p'] },
  { build: '2.12', channel: channelOf('2.12'), versions: ['0.9.0', '0.9.1'] },
  { build: '2.13', channel: channelOf('2.13'), versions: ['0.10.1-0.1675914645.p', '0.10.4'] },
  { build: '2.13-mas', channel: channelOf('2.13-mas'), versions: ['0.11.1-mas', '0.11.5-mas', '0.11.8-mas'] },
  { build: '2.14', channel: channelOf('2.14'), versions: ['0.11.0', '0.11.2'] },
  { build: '2.15', channel: channelOf('2.15'), versions: ['0.12.1', '0.12.5'], skipFrom: '0.11.0' },
  { build: '2.16', channel: channelOf('2.16'), versions: ['0.13.1', '0.13.3', '0.13.4'], skipFrom: '0.12.0' },
]

/** The package of the 3scale operator: a channel for each release, and RHOAM's, which nothing leads into. */
export function threescalePackage(): CatalogPackage {
  let previous: string | undefined
  const channels = operatorVersions.map(({ build, channel, versions, skipFrom }): CatalogChannel => {
    const isMas = build.endsWith('-mas')
    let before = isMas ? undefined : previous
    const entries = versions.map((version): CatalogEntry => {
      const csv = isMas ? `3scale-operator.v${version}` : csvName(version)
      const entry: CatalogEntry = {
        csv,
        version,
        ...(before === undefined ? {} : { replaces: before }),
        ...(skipFrom === undefined ? {} : { skipRange: [skipFrom, version] as const }),
        bundle: threescaleBundle(build, version),
      }
      before = csv
      return entry
    })
    if (!isMas) previous = entries.at(-1)?.csv
    return { name: channel, entries }
  })
  return { name: '3scale-operator', channels }
}

function csvName(version: string): string {
  return `3scale-operator.v${version}`
}

/** The operator's own version of a CSV's name: `0.12.5` of `3scale-operator.v0.12.5`. */
export function versionOfCsv(csv: string): string {
  return csv.replace(/^[^.]*\.v?/, '')
}

/** A version of the 3scale operator, as its label says which 3scale it brings. */
export function threescaleBundle(build: RhoamBuild, version: string): Bundle {
  const release = build.replace('-mas', '')
  const hop = hops.find((one: Hop) => one.to === build) as Hop | undefined
  const floor = (database: string) => hop?.needs.find((need) => need.database === database)?.atLeast
  const floors: readonly (readonly [string, string | undefined])[] = [
    ['rht_mysql_requirements', floor('mysql')],
    ['rht_postgres_requirements', floor('postgresql')],
    ['rht_system_redis_requirements', floor('system-redis')],
    ['rht_backend_redis_requirements', floor('backend-redis')],
  ]
  return {
    deployment: 'threescale-operator-controller-manager-v2',
    image: `registry.redhat.io/3scale-amp2/3scale-rhel8-operator:${version}`,
    podLabels: {
      'control-plane': 'controller-manager',
      'rht.comp': '3scale_operator',
      'rht.comp_ver': release,
      'threeshift.simulator/operator-version': version,
    },
    annotations: Object.fromEntries(floors.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]))),
    allNamespaces: release !== '2.11' && release !== '2.12',
  }
}

/** The entry that OLM goes to next, null when there is none; undefined when the channel does not hold `startingCsv`. */
export function nextEntry(
  channel: CatalogChannel,
  installed: { readonly csv: string; readonly version: string } | null,
  startingCsv: string | undefined,
): CatalogEntry | null | undefined {
  if (installed === null) {
    if (startingCsv !== undefined) return channel.entries.find(({ csv }) => csv === startingCsv)
    return channel.entries.at(-1) ?? null
  }
  const at = channel.entries.findIndex(({ csv }) => csv === installed.csv)
  const newer = channel.entries.slice(at + 1)
  const reachable = newer.filter(
    ({ replaces, skipRange }) =>
      replaces === installed.csv || (skipRange !== undefined && isWithin(installed.version, skipRange)),
  )
  return reachable.at(-1) ?? null
}

function isWithin(version: string, [from, below]: readonly [string, string]): boolean {
  return compareOperatorVersions(version, from) >= 0 && compareOperatorVersions(version, below) < 0
}

/** By the three numbers, then by what follows them: `0.11.1-mas` is older than `0.11.1`. */
export function compareOperatorVersions(a: string, b: string): number {
  const [left, right] = [a, b].map((version) => /^(\d+)\.(\d+)\.(\d+)(?:-(.*))?$/.exec(version))
  for (let i = 1; i <= 3; i++) {
    const difference = Number(left?.[i] ?? 0) - Number(right?.[i] ?? 0)
    if (difference !== 0) return difference
  }
  const [leftTail, rightTail] = [left?.[4] ?? '', right?.[4] ?? '']
  if (leftTail === rightTail) return 0
  if (leftTail === '') return 1
  return rightTail === '' || leftTail < rightTail ? -1 : 1
}
