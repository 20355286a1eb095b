import { type Command, Option } from 'commander'
import { type Release, releases } from '../model/release.ts'
import type { SourceWorldRequest } from '../ports/source-world.ts'
import { positiveNumber, wholeNumber } from './parse-number.ts'

/** What a made-up 3scale is to be like. */
export type WorldOptions = Pick<SourceWorldRequest, 'release' | 'tenants' | 'scale' | 'seed' | 'edgeRows'>

/** Adds the options that say what a made-up 3scale is to be like; all have defaults. */
export function addWorldOptions(
  command: Command,
  defaults: Pick<WorldOptions, 'tenants' | 'scale' | 'edgeRows'>,
): Command {
  const release: Release = '2.13'
  return command
    .addOption(new Option('--release <release>', 'the 3scale release of the source').choices(releases).default(release))
    .option(
      '--tenants <count>',
      'how many tenants it has, its own default tenant included',
      wholeNumber('--tenants', 1, 10_000),
      defaults.tenants,
    )
    .option('--scale <factor>', '1 is about 100,000 rows with 20 tenants', positiveNumber('--scale'), defaults.scale)
    .option('--seed <number>', 'the same seed makes the same rows', wholeNumber('--seed', 0, 999_999_999_999_999), 7)
    .option('--edge-rows', 'with the rows that PostgreSQL cannot store as they are', defaults.edgeRows)
    .option('--no-edge-rows', 'without them')
}
