import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { kubectl } from './setup/kubectl.mjs'
import { withLock } from './setup/lock.mjs'
import { moto, pythonForMoto } from './setup/moto.mjs'
import { node } from './setup/node.mjs'
import { libraryLinks, packages } from './setup/packages.mjs'
import { CannotSetUp, say } from './setup/say.mjs'
import { systemPackages } from './setup/system-packages.mjs'

/**
 * Makes a clone ready: `node scripts/setup.mjs [--for use|test]`. Runs on Node 20 without any package.
 *
 * Exit codes: 0 ready, 4 something that a person must put right, 64 wrong usage. It may run at any time, any number
 * of times: what is right already is left alone.
 *
 * @typedef {{ readonly root: string, readonly profile: 'use' | 'test' }} Context
 * @typedef {{ readonly line: string, readonly run: () => void }} Action
 * @typedef {(context: Context) => readonly Action[]} Step what is still to do; looking changes nothing
 */

/**
 * In this order: what may turn out to be impossible comes before anything is changed.
 *
 * @type {readonly Step[]}
 */
const steps = [pythonForMoto, systemPackages, node, packages, libraryLinks, moto, kubectl]

/**
 * @param {readonly string[]} args
 * @returns {Context['profile'] | undefined}
 */
function profileIn(args) {
  if (args.length === 0) return 'use'
  if (args.length === 2 && args[0] === '--for' && (args[1] === 'use' || args[1] === 'test')) return args[1]
  return undefined
}

/** @param {Context} context */
function runSteps(context) {
  for (const step of steps) {
    for (const action of step(context)) {
      say(action.line)
      action.run()
    }
  }
}

const profile = profileIn(process.argv.slice(2))
if (profile === undefined) {
  console.error('usage: node scripts/setup.mjs [--for use|test]')
  process.exit(64)
}
const root = dirname(dirname(fileURLToPath(import.meta.url)))
const context = { root, profile }
try {
  if (steps.some((step) => step(context).length > 0)) {
    await withLock(join(root, '.tools', 'setup.lock'), () => runSteps(context))
  }
  say('complete')
} catch (error) {
  if (!(error instanceof CannotSetUp)) throw error
  console.error(`set-up: ${error.message}`)
  process.exitCode = 4
}
