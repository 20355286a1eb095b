import { DescribeDBEngineVersionsCommand } from '@aws-sdk/client-rds'
import type { CloudCall, DatabaseGoal } from '../../ports/cloud.ts'
import { fault } from './faults.ts'
import type { AwsSession } from './session.ts'

/** The newest version on offer that is or begins with what is wanted. Faults: CLOUD_NO_VERSION. */
export async function offeredVersion(
  session: AwsSession,
  { engine, version }: Pick<DatabaseGoal, 'engine' | 'version'>,
  call: CloudCall,
): Promise<string> {
  const offered: string[] = []
  let marker: string | undefined
  do {
    const ask = new DescribeDBEngineVersionsCommand({ Engine: engine, Marker: marker })
    const page = await session.read(call, (o) => session.rds.send(ask, o))
    offered.push(...(page.DBEngineVersions ?? []).flatMap(({ EngineVersion }) => EngineVersion ?? []))
    marker = page.Marker
  } while (marker !== undefined && marker !== '')
  const found = newestOf(offered, version)
  if (found === null) throw fault('CLOUD_NO_VERSION', { engine, wanted: version, offered })
  return found
}

/** Where an engine of this version may go in one step. */
export async function upgradeTargets(
  session: AwsSession,
  engine: string,
  version: string,
  call: CloudCall,
): Promise<readonly string[]> {
  const ask = new DescribeDBEngineVersionsCommand({ Engine: engine, EngineVersion: version })
  const answer = await session.read(call, (o) => session.rds.send(ask, o))
  const [described] = answer.DBEngineVersions ?? []
  return (described?.ValidUpgradeTarget ?? []).flatMap(({ EngineVersion }) => EngineVersion ?? [])
}

/** The highest of the versions that is or begins with what is wanted; null: none does. */
export function newestOf(versions: readonly string[], wanted: string): string | null {
  return (
    versions
      .filter((version) => isOfVersion(version, wanted))
      .toSorted(compareVersions)
      .at(-1) ?? null
  )
}

/** Whether `8.0.40` is of `8.0`: whole numbers only, so `10` is not of `1`. */
export function isOfVersion(version: string, wanted: string): boolean {
  return version === wanted || version.startsWith(`${wanted}.`)
}

function compareVersions(one: string, other: string): number {
  const [ones, others] = [one, other].map((text) => text.split(/[.-]/).map((part) => Number.parseInt(part, 10) || 0))
  for (let at = 0; at < Math.max(ones?.length ?? 0, others?.length ?? 0); at++) {
    const difference = (ones?.[at] ?? 0) - (others?.[at] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}
