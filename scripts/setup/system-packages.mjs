import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { findProgram, runProgram, tryProgram } from './command.mjs'
import { needsPython } from './moto.mjs'
import { findPython, oldestPython } from './python.mjs'
import { CannotSetUp, say } from './say.mjs'

/**
 * What must be on the machine itself. One entry more here is one package more; `absent` names what of it is not there.
 *
 * `units` are the services that the Debian package would start and enable: the project starts private servers on
 * loopback itself, so an installation made from here leaves them stopped and disabled.
 */
const needs = [
  {
    absent: () => programsAbsent('mariadbd', 'mariadb-install-db'),
    debian: 'mariadb-server',
    fedora: 'mariadb-server',
    homebrew: 'mariadb',
    units: ['mariadb.service'],
  },
  {
    absent: () => programsAbsent('redis-server'),
    debian: 'redis-server',
    fedora: 'redis',
    homebrew: 'redis',
    units: ['redis-server.service'],
  },
  {
    absent: () => programsAbsent('psql', 'pg_dump'),
    debian: 'postgresql-client',
    fedora: 'postgresql',
    homebrew: 'libpq',
    units: [],
  },
  {
    // pg_dump refuses servers that are newer than itself: worlds need one of its own version beside the one of npm.
    absent: postgresServerAbsent,
    debian: 'postgresql',
    fedora: 'postgresql-server',
    homebrew: 'postgresql',
    units: ['postgresql.service'],
  },
  {
    absent: pythonAbsent,
    debian: 'python3-venv',
    fedora: 'python3',
    homebrew: 'python',
    units: [],
  },
]

/** @param {readonly string[]} names */
function programsAbsent(...names) {
  return names.filter((name) => findProgram(name) === undefined)
}

/** A server of pg_dump's version, as far as that tells one. Debian keeps servers in a folder per version, outside of the search path. */
function postgresServerAbsent() {
  const folder = '/usr/lib/postgresql'
  const inFolder = (existsSync(folder) ? readdirSync(folder) : []).filter((version) =>
    existsSync(join(folder, version, 'bin', 'postgres')),
  )
  const version = versionOf('pg_dump')
  if (version === undefined) return inFolder.length > 0 ? [] : programsAbsent('postgres')
  return inFolder.includes(version) || versionOf('postgres') === version ? [] : [`postgres ${version}`]
}

/**
 * @param {string} name of one of PostgreSQL's programs
 * @returns {string | undefined} such as `15`
 */
function versionOf(name) {
  const program = findProgram(name)
  if (program === undefined) return undefined
  return /\b(\d+)[.\s]/.exec(tryProgram(program, ['--version']).output)?.[1]
}

/** @param {import('../setup.mjs').Context} context */
function pythonAbsent(context) {
  if (!needsPython(context.root) || findPython().kind === 'usable') return []
  return [`python3 (${oldestPython} or newer, with its venv module)`]
}

/**
 * Set-up step: Debian's packages for the programs that are not there.
 *
 * Elsewhere, or without the right to install, one message names all that is missing and nothing is changed.
 *
 * @type {import('../setup.mjs').Step}
 */
export function systemPackages(context) {
  const missing = needs
    .map((need) => ({ ...need, names: need.absent(context) }))
    .filter((need) => need.names.length > 0)
  if (missing.length === 0) return []
  const asRoot = commandPrefixOfRoot()
  const apt = findProgram('apt-get')
  if (apt === undefined || asRoot === undefined) throw new CannotSetUp(messageOf(missing))
  const names = missing.map((need) => need.debian)
  return [
    {
      line: `installing ${names.join(', ')} with apt-get: ${wordsOf(missing)} not found`,
      run: () => {
        const units = missing.flatMap((need) => need.units)
        withoutServices(asRoot, units, () => install(asRoot, apt, names))
        const absent = missing.flatMap((need) => need.absent(context))
        if (absent.length > 0)
          throw new CannotSetUp(`apt-get installed ${names.join(', ')}, but not ${absent.join(', ')}`)
      },
    },
  ]
}

/**
 * The words before a command that make it run as root, or undefined when that would take a password.
 *
 * @returns {readonly string[] | undefined}
 */
function commandPrefixOfRoot() {
  if (process.getuid?.() === 0) return []
  const sudo = findProgram('sudo')
  return sudo !== undefined && tryProgram(sudo, ['-n', 'true']).worked ? [sudo, '-n'] : undefined
}

/**
 * `--no-remove`: rather fail than replace a MySQL or Redis that somebody uses.
 *
 * `RUNLEVEL=1` keeps System V init scripts from starting: a service starts in no single-user runlevel.
 *
 * @param {readonly string[]} asRoot
 * @param {string} apt
 * @param {readonly string[]} names
 */
function install(asRoot, apt, names) {
  const [program, ...args] = [...asRoot, 'env', 'DEBIAN_FRONTEND=noninteractive', 'RUNLEVEL=1', apt]
  const waitForLock = ['-o', 'DPkg::Lock::Timeout=300']
  const command = [...args, ...waitForLock, 'install', '-y', '--no-install-recommends', '--no-remove', ...names]
  if (tryProgram(program, command).worked) return
  say("refreshing apt's package lists: they do not lead to these packages")
  runProgram(program, [...args, ...waitForLock, 'update'])
  runProgram(program, command)
}

/**
 * Runs `work` so that systemd starts none of the units, and leaves them disabled.
 *
 * The mask is a runtime one: should this process be killed in between, the next boot forgets it.
 *
 * @param {readonly string[]} asRoot
 * @param {readonly string[]} units
 * @param {() => void} work
 */
function withoutServices(asRoot, units, work) {
  const systemctl = existsSync('/run/systemd/system') ? findProgram('systemctl') : undefined
  if (systemctl === undefined || units.length === 0) return work()
  const [program, ...args] = [...asRoot, systemctl]
  runProgram(program, [...args, 'mask', '--runtime', ...units])
  try {
    work()
  } finally {
    runProgram(program, [...args, 'unmask', '--runtime', ...units])
  }
  runProgram(program, [...args, 'disable', ...units])
}

/** @param {readonly { readonly names: readonly string[] }[]} missing */
function wordsOf(missing) {
  return missing.flatMap((need) => need.names).join(', ')
}

/** @param {readonly ((typeof needs)[number] & { readonly names: readonly string[] })[]} missing */
function messageOf(missing) {
  /** @param {'debian' | 'fedora' | 'homebrew'} system */
  const names = (system) => missing.map((need) => need[system]).join(' ')
  return [
    `missing on this machine: ${wordsOf(missing)}`,
    'They cannot be installed from here (that takes apt-get, and root or sudo without a password). Install:',
    `  Debian, Ubuntu:  apt-get install --no-install-recommends ${names('debian')}`,
    `  Fedora, RHEL:    dnf install ${names('fedora')}`,
    `  Homebrew:        brew install ${names('homebrew')}`,
    'No service needs to run. Nothing has been changed; then run this again.',
  ].join('\n')
}
