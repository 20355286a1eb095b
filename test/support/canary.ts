import { existsSync, globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createConnection } from 'mysql2/promise'
import { z } from 'zod'

/** What must not be seen, and where it is from: for messages, which do not show it. */
export interface Canary {
  readonly value: string
  readonly from: string
}

/** Shorter ones are words that may stand anywhere. */
const shortest = 10

/** The secrets of one party's settings, and of the files that they name. */
export function canariesOfSettings(party: string, settings: ReadonlyMap<string, string>): readonly Canary[] {
  const found: Canary[] = []
  const add = (value: string | undefined, from: string) => found.push({ value: value ?? '', from: `${party}: ${from}` })
  for (const [name, value] of settings) {
    if (URL.canParse(value)) add(decodeURIComponent(new URL(value).password), `password of ${name}`)
    if (/SECRET_ACCESS_KEY$|SESSION_TOKEN$/.test(name)) add(value, name)
    if (name.endsWith('_KUBECONFIG')) {
      for (const [, token] of readFileSync(value, 'utf8').matchAll(/"?token"?: "?([^"\s]+)/g)) add(token, name)
    }
    if (name === 'THREESHIFT_PARTY_KEYS') {
      const keys = readFileSync(value, 'utf8').split('\n')
      add(
        keys.find((line) => line.startsWith('AGE-SECRET-KEY-')),
        'age identity',
      )
      add(keyText(readFileSync(`${value}.signing`, 'utf8')), 'signing key of exchanges')
    }
  }
  return present(found)
}

/** What a rehearsal's folder holds: passwords of servers, tokens of agents, signing keys, and every Secret of the clusters. */
export function canariesOfFolder(dir: string): readonly Canary[] {
  const read = (pattern: string) =>
    globSync(pattern, { cwd: dir }).map((name) => ({ from: name, text: readFileSync(join(dir, name), 'utf8') }))
  return present([
    ...read('world/servers/*/password').map(({ from, text }) => ({ value: text.trim(), from })),
    ...read('control/state/postgres/password').map(({ from, text }) => ({ value: text.trim(), from })),
    ...read('parties/*/token').map(({ from, text }) => ({ value: text.trim(), from })),
    ...[...read('parties/*/state/keys/*'), ...read('control/state/keys/*')].map(({ from, text }) => ({
      value: keyText(text),
      from,
    })),
    ...read('world/clusters/*/objects.jsonl').flatMap(({ from, text }) => canariesOfObjects(from, text)),
  ])
}

const secretObject = z.looseObject({
  kind: z.literal('Secret'),
  metadata: z.looseObject({ name: z.string() }),
  data: z.record(z.string(), z.string()),
})
/** Members of a Secret that hold no secret: names of users and clients, hosts, ports, regions. */
const open =
  /(?:user|host|port|region|name|database|domain|email|from|address|endpoint|client_id|bucket|ca\.crt|tls\.crt|\.json$)/i

function canariesOfObjects(from: string, lines: string): readonly Canary[] {
  const found: Canary[] = []
  const visit = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return
    const secret = secretObject.safeParse(value)
    if (secret.success) {
      for (const [key, encoded] of Object.entries(secret.data.data)) {
        const text = Buffer.from(encoded, 'base64').toString('utf8')
        const where = `${from}: ${secret.data.metadata.name}.${key}`
        if (URL.canParse(text)) found.push({ value: decodeURIComponent(new URL(text).password), from: where })
        else if (!open.test(key)) found.push({ value: keyText(text), from: where })
      }
      return
    }
    for (const inner of Object.values(value)) visit(inner)
  }
  for (const line of lines.split('\n')) if (line.includes('"Secret"')) visit(JSON.parse(line))
  return found
}

/** Rows of a customer, and the keys in them. */
export async function canariesOfSource(url: string): Promise<readonly Canary[]> {
  const connection = await createConnection(url.replace(/\?.*$/, ''))
  try {
    const found: Canary[] = []
    for (const [table, column] of [
      ['users', 'email'],
      ['access_tokens', 'value'],
      ['cinstances', 'user_key'],
      ['services', 'proxy_private_key'],
      ['users', 'password_digest'],
    ] as const) {
      const hasColumn = `SELECT 1 FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = ? AND column_name = ?`
      const [known] = await connection.query(hasColumn, [table, column])
      if (!Array.isArray(known) || known.length === 0) continue
      const [rows] = await connection.query({
        sql: `SELECT DISTINCT \`${column}\` FROM \`${table}\` WHERE \`${column}\` IS NOT NULL LIMIT 40`,
        rowsAsArray: true,
      })
      for (const [value] of Array.isArray(rows) ? rows.filter(Array.isArray) : []) {
        found.push({ value: String(value), from: `${table}.${column}` })
      }
    }
    return present(found)
  } finally {
    await connection.end()
  }
}

/** A key as it must not stand anywhere, without the lines around it that say what it is. */
function keyText(text: string): string {
  const lines = text.split('\n').filter((line) => !line.startsWith('-----') && line.trim() !== '')
  return lines[0]?.trim() ?? ''
}

function present(canaries: readonly Canary[]): readonly Canary[] {
  return canaries.filter(({ value }) => value.length >= shortest)
}

/** Which canaries a text holds, as they are or in base64, by where they are from. */
export function canariesIn(text: string, canaries: readonly Canary[]): readonly string[] {
  return canaries.flatMap(({ value, from }) => {
    const encoded = Buffer.from(value).toString('base64').replaceAll('=', '')
    return text.includes(value) || text.includes(encoded) ? [from] : []
  })
}

/** All files below a folder that exist, by name. */
export function filesBelow(dir: string, patterns: readonly string[]): ReadonlyMap<string, string> {
  const names = patterns.flatMap((pattern) => globSync(pattern, { cwd: dir, withFileTypes: true }))
  const files = names.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  return new Map(files.filter(existsSync).map((file) => [file, readFileSync(file, 'latin1')]))
}
