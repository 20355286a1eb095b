import { lstatSync, readFileSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { fault } from './faults.ts'
import type { Account } from './server-process.ts'

/**
 * The account for a server that refuses to run as root: undefined unless this process is root.
 *
 * The owner of existing data first, then `postgres`, then `nobody`. It must have an entry in /etc/passwd, for initdb
 * looks itself up there. Faults: SERVER_NO_ACCOUNT.
 */
export function unprivilegedAccount(server: string, data: string): Account | undefined {
  if (process.getuid?.() !== 0) return undefined
  const accounts = readAccounts()
  const owner = lstatSync(data, { throwIfNoEntry: false })?.uid
  const account =
    accounts.find(({ uid }) => uid !== 0 && uid === owner) ??
    accounts.find((each) => each.name === 'postgres') ??
    accounts.find((each) => each.name === 'nobody')
  if (account === undefined) throw fault('SERVER_NO_ACCOUNT', { server })
  return account
}

/** The outermost folder on the way to `path`, itself included, that the account may not enter; or undefined. */
export function closedFolder(path: string, account: Account): string | undefined {
  const parent = dirname(path)
  const above = parent === path ? undefined : closedFolder(parent, account)
  if (above !== undefined) return above
  const { mode, uid, gid } = statSync(path)
  const enter = uid === account.uid ? 0o100 : gid === account.gid ? 0o010 : 0o001
  return (mode & enter) === 0 ? path : undefined
}

function readAccounts(): Account[] {
  return readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
    .map(([name = '', , uid, gid]) => ({ name, uid: Number(uid), gid: Number(gid) }))
}
