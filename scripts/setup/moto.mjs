import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runProgram, tryProgram } from './command.mjs'
import { findPython, oldestPython } from './python.mjs'
import { CannotSetUp } from './say.mjs'

/** What `pip freeze` gave for moto with S3, EC2, RDS, ElastiCache, IAM and STS, and for Flask, which serves it. */
const requirementsFile = join(dirname(fileURLToPath(import.meta.url)), 'moto-requirements.txt')

/**
 * Set-up step: a Python that is too old is told before anything is changed, for apt-get brings no newer one.
 *
 * @type {import('../setup.mjs').Step}
 */
export function pythonForMoto({ root }) {
  if (!needsPython(root)) return []
  const python = findPython()
  if (python.kind !== 'old') return []
  throw new CannotSetUp(
    [
      `rehearsals and tests need Python ${oldestPython} or newer, for an emulator of AWS; ${python.program} is ${python.version}`,
      `Install a newer one beside it, with its venv module; it is found in PATH as python${oldestPython} and so on.`,
      'Nothing has been changed; then run this again.',
    ].join('\n'),
  )
}

/**
 * Whether a Python that makes virtual environments has to be there: until moto is installed.
 *
 * @param {string} root
 */
export function needsPython(root) {
  return reasonToInstall(root) !== undefined
}

/**
 * Set-up step: moto, the emulator of AWS, in a virtual environment of its own in `.tools`.
 *
 * The folder gets its name only after what is in it has answered, so one that exists is complete; it holds the list
 * that it was made from. Moved so, only its `python` is of use: pip's scripts name the folder that they were made in.
 *
 * @type {import('../setup.mjs').Step}
 */
export function moto({ root }) {
  const why = reasonToInstall(root)
  if (why === undefined) return []
  const packages = readFileSync(requirementsFile, 'utf8').trim().split('\n')
  const version = packages.find((line) => line.startsWith('moto=='))?.slice('moto=='.length)
  return [
    {
      line: `installing moto ${version} and ${packages.length - 1} packages that it needs into .tools/moto with pip: ${why}`,
      run: () => install(join(root, '.tools')),
    },
  ]
}

/**
 * @param {string} root
 * @returns {string | undefined}
 */
function reasonToInstall(root) {
  const folder = join(root, '.tools', 'moto')
  const made = readIfThere(join(folder, 'requirements.txt'))
  if (made === undefined) return 'rehearsals and tests need an emulator of AWS'
  if (made !== readFileSync(requirementsFile, 'utf8')) return 'it is not the one in moto-requirements.txt'
  // After an upgrade of the machine's Python the packages are in a folder where the new one does not look.
  const look = 'import importlib.util, sys; sys.exit(importlib.util.find_spec("moto") is None)'
  return tryProgram(pythonOf(folder), ['-I', '-c', look]).worked
    ? undefined
    : 'the Python that it was made for has gone'
}

/** @param {string} tools */
function install(tools) {
  const python = findPython()
  if (python.kind !== 'usable')
    throw new CannotSetUp(`no Python ${oldestPython} or newer with its venv module is there`)
  for (const name of readdirSync(tools)) {
    if (name.startsWith('moto')) rmSync(join(tools, name), { recursive: true, force: true })
  }
  // A name of its own: pip of a set-up that was killed may still be writing into its folder.
  const staging = join(tools, `moto-unchecked-${process.pid}`)
  runProgram(python.program, ['-I', '-m', 'venv', staging])
  const inside = pythonOf(staging)
  // Nothing but the list, and no package's own build script. Where packages come from is pip's configuration.
  const exactly = ['--no-deps', '--only-binary', ':all:', '--no-user', '-r', requirementsFile]
  runProgram(inside, ['-I', '-m', 'pip', 'install', '--disable-pip-version-check', '--no-input', ...exactly])
  runProgram(inside, ['-I', '-m', 'pip', 'check', '--disable-pip-version-check'])
  runProgram(inside, ['-I', '-c', 'import moto.server'])
  writeFileSync(join(staging, 'requirements.txt'), readFileSync(requirementsFile))
  renameSync(staging, join(tools, 'moto'))
}

/** @param {string} folder of a virtual environment */
function pythonOf(folder) {
  return join(folder, 'bin', 'python')
}

/**
 * @param {string} file
 * @returns {string | undefined}
 */
function readIfThere(file) {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}
