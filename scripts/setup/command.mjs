import { spawnSync } from 'node:child_process'
import { accessSync, constants, statSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { CannotSetUp } from './say.mjs'

/** Where servers and Homebrew's unlinked formulas live although an ordinary user's PATH leaves them out. */
const usualPlaces = [
  '/usr/local/sbin',
  '/usr/sbin',
  '/sbin',
  '/opt/homebrew/bin',
  '/opt/homebrew/opt/libpq/bin',
  '/usr/local/opt/libpq/bin',
]

/**
 * The full path of a program in PATH or the usual places, or undefined.
 *
 * @param {string} name
 * @returns {string | undefined}
 */
export function findProgram(name) {
  return findPrograms(name)[0]
}

/**
 * Every program of that name in PATH and the usual places, the one that PATH means first.
 *
 * @param {string} name
 * @returns {string[]}
 */
export function findPrograms(name) {
  return [...(process.env.PATH ?? '').split(delimiter), ...usualPlaces]
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, name))
    .filter(isProgram)
}

/** @param {string} file */
function isProgram(file) {
  try {
    accessSync(file, constants.X_OK)
    return statSync(file).isFile()
  } catch {
    return false
  }
}

/**
 * Runs a program to its end without a shell and without input; its output is shown only when it fails.
 *
 * @param {string} program
 * @param {readonly string[]} args
 * @param {{ readonly cwd?: string, readonly env?: Readonly<Record<string, string>> }} [options] `env` is added
 * @throws {CannotSetUp} with the beginning and the end of the output
 */
export function runProgram(program, args, options = {}) {
  const result = tryProgram(program, args, options)
  if (result.worked) return
  throw new CannotSetUp(`${program} ${args.join(' ')} failed (${result.how}):\n${result.output.trim()}`)
}

/**
 * As `runProgram`, but tells instead of throwing.
 *
 * @param {string} program
 * @param {readonly string[]} args
 * @param {{ readonly cwd?: string, readonly env?: Readonly<Record<string, string>> }} [options]
 * @returns {{ readonly worked: boolean, readonly how: string, readonly output: string }} `output`: its beginning and its end
 */
export function tryProgram(program, args, options = {}) {
  const result = spawnSync(program, args, {
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  })
  return {
    worked: result.status === 0,
    how: result.error?.message ?? (result.signal === null ? `exit code ${result.status}` : `signal ${result.signal}`),
    output: shortened(`${result.stdout ?? ''}${result.stderr ?? ''}`),
  }
}

/**
 * The first error is what counts, and some programs print their whole manual after it.
 *
 * @param {string} text
 */
function shortened(text) {
  const lines = text.trim().split('\n')
  return lines.length <= 30 ? lines.join('\n') : [...lines.slice(0, 20), '…', ...lines.slice(-8)].join('\n')
}
