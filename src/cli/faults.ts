import { exitCode, faultsOf, kind } from '../base/fault.ts'

const refused = { exit: exitCode.usage, retry: 'after-remedy' } as const

/** Faults of the command line and of the files and settings that commands are started with. */
export const cliFaults = {
  USAGE: kind<{ says: string; help: string }>({
    ...refused,
    says: (d) => d.says,
    remedy: (d) => `Run \`${d.help}\` to see what is possible.`,
  }),
  OPTION_MISSING: kind<{ option: string; command: string }>({
    ...refused,
    says: (d) => `${d.option} is missing`,
    remedy: (d) => `Give ${d.option}, or what stands for it: \`${d.command} --help\` shows how.`,
  }),
  OPTION_INVALID: kind<{ option: string; allowed: string }>({
    ...refused,
    says: (d) => `${d.option} has a value that is not possible`,
    remedy: (d) => `Possible here: ${d.allowed}.`,
  }),
  STOPPED: kind<{ why: string }>({
    exit: exitCode.failedSafe,
    retry: 'same-input',
    says: (d) => `stopped before it was finished (${d.why})`,
    remedy: () => 'Run the same command again: it looks at what is there before it does anything.',
  }),
  SOURCE_UNREADABLE: kind<{ engine: string }>({
    exit: exitCode.failedSafe,
    retry: 'after-remedy',
    says: (d) =>
      `the source's system database is ${d.engine}, which this version can plan for and cannot read; nothing was begun`,
    remedy: () =>
      'Convert the system database to PostgreSQL by other means, let 3scale run on that, set source.database in migration.yaml to it, and run again. `threeshift plan` shows what comes then.',
  }),
  INIT_NEEDS_ANSWERS: kind<{ missing: 'stdin' | 'stderr' }>({
    ...refused,
    says: (d) => `there is no terminal to ask questions on (${d.missing} is none)`,
    remedy: () => 'Use `threeshift init --defaults` for a complete example, or `--from FILE` with your answers.',
  }),
  FILE_EXISTS: kind<{ file: string }>({
    ...refused,
    says: (d) => `${d.file} exists already`,
    remedy: () => 'Choose another file with --out, or replace it with --force.',
  }),
  KEYS_EXIST: kind<{ file: string }>({
    ...refused,
    says: (d) => `${d.file} exists already, and keys are written over nothing`,
    remedy: () => 'Choose another file with --out; whoever loses a key loses what was encrypted for it.',
  }),
  FILE_UNREADABLE: kind<{ file: string; reason: string }>({
    ...refused,
    says: (d) => `${d.file} cannot be read (${d.reason})`,
    remedy: () => 'Give the path of a file that you may read; `threeshift init` makes a new migration.yaml.',
  }),
  FILE_UNWRITABLE: kind<{ file: string; reason: string }>({
    ...refused,
    says: (d) => `${d.file} cannot be written (${d.reason})`,
    remedy: () => 'Give a path in a folder that exists and that you may write to.',
  }),
  OUTPUT_FAILED: kind<{ reason: string }>({
    exit: exitCode.failedSafe,
    retry: 'same-input',
    says: (d) => `the result could not be written to standard output (${d.reason})`,
    remedy: () => 'Make room for the output. What the command did is done; the same command may be run again.',
  }),
  MIGRATION_INVALID: kind<{ file: string; mistakes: readonly string[] }>({
    ...refused,
    says: (d) =>
      `${d.file} has ${d.mistakes.length === 1 ? 'a mistake' : `${d.mistakes.length} mistakes`}:\n` +
      d.mistakes.map((mistake) => `  ${mistake}`).join('\n'),
    remedy: () => 'Correct the lines named above; `threeshift init --schema` prints every field and what it may hold.',
  }),
  JSON_INVALID: kind<{ file: string; what: string; where: string }>({
    ...refused,
    says: (d) => `${d.file} is not ${d.what}: ${d.where}`,
    remedy: (d) => `Give the file that Threeshift wrote as ${d.what}, as it is.`,
  }),
  FORECAST_OF_ANOTHER: kind<{ file: string; of: string; wanted: string }>({
    ...refused,
    says: (d) => `${d.file} is a forecast of ${d.of}, not of ${d.wanted}`,
    remedy: () => 'Run `threeshift forecast` for this migration, and give what it writes.',
  }),
  REFERENCE_MALFORMED: kind<{ field: string }>({
    ...refused,
    says: (d) => `${d.field} is not a reference to a secret`,
    remedy: (d) => `Write env:NAME or file:PATH for ${d.field}; the secret itself belongs there, not here.`,
  }),
  REFERENCE_ENV_MISSING: kind<{ field: string; name: string }>({
    ...refused,
    says: (d) => `${d.field} is to be read from the environment variable ${d.name}, which is not set or empty`,
    remedy: (d) => `Set ${d.name} in the environment of this command.`,
  }),
  REFERENCE_FILE_UNREADABLE: kind<{ field: string; file: string; reason: string }>({
    ...refused,
    says: (d) => `${d.field} is to be read from the file ${d.file}, which cannot be read (${d.reason})`,
    remedy: (d) => `Put the secret into ${d.file}, readable for you alone.`,
  }),
  REFERENCE_FILE_EMPTY: kind<{ field: string; file: string }>({
    ...refused,
    says: (d) => `${d.field} is to be read from the file ${d.file}, which is empty`,
    remedy: (d) => `Put the secret into ${d.file}, on its first line.`,
  }),
}

/** Makes a fault of the command line: `throw fault('FILE_EXISTS', { file })`. */
export const fault = faultsOf(cliFaults)
