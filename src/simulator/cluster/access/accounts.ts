import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import type { Clock } from '../../../base/clock.ts'
import { Secret } from '../../../base/secret.ts'

/** Who asks. */
export interface User {
  readonly name: string
  readonly groups: readonly string[]
}

interface Account {
  readonly user: User
  readonly token: string
  /** Absent: it does not end. */
  readonly expiresAt?: number
}

/** Everybody who has a token belongs to it. */
const authenticated = 'system:authenticated'

/** The bearer tokens of one cluster and whose they are, in a file that only its owner can read. */
export class Accounts {
  readonly #file: string
  readonly #clock: Clock
  readonly #byToken = new Map<string, Account>()

  private constructor(file: string, clock: Clock) {
    this.#file = file
    this.#clock = clock
  }

  static open(file: string, clock: Clock): Accounts {
    const accounts = new Accounts(file, clock)
    // Nobody but this class writes the file.
    const saved = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as readonly Account[]) : []
    for (const account of saved) accounts.#byToken.set(account.token, account)
    return accounts
  }

  /** Whose token it is; undefined for one that is unknown or has expired. */
  find(token: string): User | undefined {
    const account = this.#byToken.get(token)
    if (account === undefined) return undefined
    return account.expiresAt !== undefined && account.expiresAt <= this.#clock.now() ? undefined : account.user
  }

  /** A lasting token of that name: the one it has already, or a new one. */
  tokenOf(name: string, groups: readonly string[]): Secret {
    const known = [...this.#byToken.values()].find(
      (account) => account.user.name === name && account.expiresAt === undefined,
    )
    return known === undefined ? this.issue(name, groups) : new Secret(known.token)
  }

  issue(name: string, groups: readonly string[], lastsMs?: number): Secret {
    const token = `sha256~${randomBytes(32).toString('base64url')}`
    const user = { name, groups: [...new Set([...groups, authenticated])] }
    const end = lastsMs === undefined ? {} : { expiresAt: this.#clock.now() + lastsMs }
    this.#byToken.set(token, { user, token, ...end })
    this.#save()
    return new Secret(token)
  }

  /** From now on no token of that name is taken. */
  revoke(name: string): void {
    for (const [token, { user }] of this.#byToken) if (user.name === name) this.#byToken.delete(token)
    this.#save()
  }

  #save(): void {
    const staging = `${this.#file}.new`
    writeFileSync(staging, JSON.stringify([...this.#byToken.values()]), { mode: 0o600 })
    renameSync(staging, this.#file)
  }
}

/** A service account's name and groups as a user. */
export function serviceAccountUser(namespace: string, name: string): User {
  return {
    name: `system:serviceaccount:${namespace}:${name}`,
    groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`],
  }
}
