import { findPrograms, tryProgram } from './command.mjs'

/** The oldest Python that every package in moto-requirements.txt takes. */
export const oldestPython = '3.11'

const names = ['python3', 'python3.14', 'python3.13', 'python3.12', 'python3.11']

// The version first: what fails after it still has told it.
const question = 'import sys; print("%d.%d.%d" % sys.version_info[:3], flush=True); import ensurepip, venv'

/**
 * The Python to make virtual environments with: the first in PATH that is new enough and whole.
 *
 * `without-venv`: new enough, but without what Debian keeps in a package of its own. `old`: only older ones are there.
 *
 * @returns {{ readonly kind: 'usable' | 'without-venv' | 'old', readonly program: string, readonly version: string }
 *   | { readonly kind: 'absent' }}
 */
export function findPython() {
  const found = names.flatMap(findPrograms).flatMap(ask)
  const best = ['usable', 'without-venv', 'old'].flatMap((kind) => found.filter((python) => python.kind === kind))
  return best[0] ?? { kind: 'absent' }
}

/**
 * @param {string} program
 * @returns {{ readonly kind: 'usable' | 'without-venv' | 'old', readonly program: string, readonly version: string }[]}
 */
function ask(program) {
  const answer = tryProgram(program, ['-I', '-c', question])
  const version = /^\d+\.\d+\.\d+$/m.exec(answer.output)?.[0]
  // A stub that only offers to install Python gives no version.
  if (version === undefined) return []
  if (!isNewEnough(version)) return [{ kind: 'old', program, version }]
  return [{ kind: answer.worked ? 'usable' : 'without-venv', program, version }]
}

/** @param {string} version */
function isNewEnough(version) {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const [oldestMajor = 0, oldestMinor = 0] = oldestPython.split('.').map(Number)
  return major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)
}
