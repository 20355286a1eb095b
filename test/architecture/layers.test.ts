import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { dirname, join, relative, resolve } from 'node:path'
import { test } from 'node:test'

/** Which folders of src/ each may import; `node:` modules are open to all. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  base: [],
  model: ['base'],
  threescale: ['base', 'model'],
  ports: ['base', 'model'],
  wire: ['base'],
  evidence: ['base', 'model'],
  runbook: ['base', 'model', 'threescale'],
  movers: ['base', 'model', 'ports', 'threescale', 'wire'],
  engine: ['base', 'model', 'ports', 'evidence'],
  server: ['base', 'model', 'ports'],
  agent: ['base', 'model', 'ports', 'evidence', 'server'],
  adapters: ['base', 'model', 'ports'],
  ledger: ['base', 'model', 'ports'],
  simulator: ['base', 'model', 'ports', 'threescale'],
  steps: ['base', 'model', 'ports', 'threescale'],
  cli: ['base', 'model', 'ports', 'runbook', 'evidence', 'ledger'],
  app: [
    'base',
    'model',
    'threescale',
    'ports',
    'wire',
    'runbook',
    'movers',
    'adapters',
    'ledger',
    'simulator',
    'cli',
    'evidence',
    'engine',
    'server',
    'agent',
    'steps',
  ],
}

/** Which packages of the registry each may use. */
const mayUse: Readonly<Record<string, readonly string[]>> = {
  model: ['zod'],
  movers: ['mysql2', 'pg', 'age-encryption', 'zod'],
  adapters: [
    'mysql2',
    'pg',
    'ioredis',
    'zod',
    '@aws-sdk/client-s3',
    '@kubernetes/client-node',
    'ws',
    '@aws-sdk/client-ec2',
    '@aws-sdk/client-elasticache',
    '@aws-sdk/client-iam',
    '@aws-sdk/client-rds',
    '@aws-sdk/client-sts',
  ],
  simulator: ['mysql2', 'ioredis', 'ws', 'yaml', 'zod', 'pg'],
  ledger: ['zod'],
  evidence: ['zod'],
  engine: ['pg', '@dbos-inc/dbos-sdk'],
  server: ['fastify', 'zod'],
  agent: ['zod'],
  steps: ['zod'],
  cli: ['commander', 'yaml', 'zod', '@clack/prompts'],
  app: ['pg', 'zod'],
}

const root = resolve(import.meta.dirname, '../..')
const files = globSync('src/**/*.ts', { cwd: root })

function folderOf(file: string): string {
  return relative('src', file).split('/')[0] ?? ''
}

function importsOf(file: string): readonly string[] {
  const text = readFileSync(join(root, file), 'utf8')
  const statement = /^(?:import|export)\b[\s\w{},*$]*?from '([^']+)'|^import '([^']+)'|\bimport\('([^']+)'\)/gm
  return [...text.matchAll(statement)].map((match) => match[1] ?? match[2] ?? match[3] ?? '')
}

test('there are source files, and every one of them is in a folder that the table knows', () => {
  assert.ok(files.length > 50, `${files.length} files`)
  for (const file of files) assert.ok(Object.hasOwn(mayImport, folderOf(file)), `${file} is in no known layer`)
})

test('every folder imports only the folders that the table allows', () => {
  for (const file of files) {
    const folder = folderOf(file)
    for (const name of importsOf(file).filter((name) => name.startsWith('.'))) {
      const target = relative(root, resolve(root, dirname(file), name))
      if (target === 'package.json') continue
      const layer = folderOf(target)
      assert.ok(target.startsWith('src/'), `${file} imports ${target}, which is outside src/`)
      assert.ok(
        layer === folder || mayImport[folder]?.includes(layer),
        `${file} (${folder}) may not import ${target} (${layer})`,
      )
      assert.ok(name.endsWith('.ts'), `${file} imports ${name} without its .ts ending`)
    }
  }
})

test('every folder uses only the packages that the table allows', () => {
  for (const file of files) {
    const folder = folderOf(file)
    for (const name of importsOf(file).filter((name) => !name.startsWith('.') && !isBuiltin(name))) {
      const packageName = name
        .split('/')
        .slice(0, name.startsWith('@') ? 2 : 1)
        .join('/')
      assert.ok(mayUse[folder]?.includes(packageName), `${file} (${folder}) may not use the package ${packageName}`)
    }
  }
})

test('only app and the clock touch the process, the time of day and chance', () => {
  const forbidden =
    /\bprocess\.(?:env|argv|exit|exitCode|on|stdout|stderr|stdin|cwd)\b|\bDate\.now\b|\bMath\.random\b|\bnew Date\(\)/
  for (const file of files) {
    if (folderOf(file) === 'app' || file === 'src/base/clock.ts') continue
    const found = forbidden.exec(readFileSync(join(root, file), 'utf8'))
    assert.equal(found?.[0], undefined, `${file} uses ${found?.[0]}, which only src/app and src/base/clock.ts may`)
  }
})

test('no source file imports a test, and no module forms a cycle through its folder', () => {
  const edges = new Map(
    files.map((file) => [
      file,
      importsOf(file)
        .filter((n) => n.startsWith('.'))
        .map((n) => relative(root, resolve(root, dirname(file), n))),
    ]),
  )
  const done = new Set<string>()
  const visit = (file: string, path: readonly string[]): void => {
    assert.ok(!path.includes(file), `a cycle of imports: ${[...path.slice(path.indexOf(file)), file].join(' → ')}`)
    if (done.has(file)) return
    for (const next of edges.get(file) ?? []) visit(next, [...path, file])
    done.add(file)
  }
  for (const file of files) visit(file, [])
})

test('file names are kebab-case and every folder of src/ has a README of at most 40 lines', () => {
  for (const file of files) assert.match(file.split('/').at(-1) ?? '', /^[a-z0-9]+(?:-[a-z0-9]+)*\.ts$/)
  for (const folder of new Set(files.map(folderOf))) {
    const lines = readFileSync(join(root, 'src', folder, 'README.md'), 'utf8')
      .trimEnd()
      .split('\n').length
    assert.ok(lines <= 40, `src/${folder}/README.md has ${lines} lines`)
  }
})
