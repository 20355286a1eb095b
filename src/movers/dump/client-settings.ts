import { Secret } from '../../base/secret.ts'
import type { DatabaseAddress } from '../../model/database-address.ts'

/** Settings of libpq's programs: `args` and `env` hold no password, `secretFile` is what PGPASSFILE must lead to. */
export function postgresSettings(address: DatabaseAddress) {
  const { host, port, socket, user, database, tls, password } = address
  const ssl =
    tls.kind === 'off'
      ? { PGSSLMODE: 'disable' }
      : // `system`: the authorities that this machine trusts.
        { PGSSLMODE: tls.checkHost ? 'verify-full' : 'verify-ca', PGSSLROOTCERT: tls.caFile ?? 'system' }
  const escaped = password.reveal('libpq reads it from a file').replaceAll(/[\\:]/g, '\\$&')
  return {
    args: [
      `--host=${socket ?? host}`,
      `--port=${port}`,
      `--username=${user}`,
      `--dbname=${database}`,
      // Never ask: nobody would answer.
      '--no-password',
    ],
    env: { PGAPPNAME: 'threeshift', PGCONNECT_TIMEOUT: '15', PGCLIENTENCODING: 'UTF8', ...ssl },
    secretFile: new Secret(`*:*:*:*:${escaped}\n`),
  }
}

/**
 * What `--defaults-extra-file` must lead to for the programs of MySQL and MariaDB. Their names for TLS differ; with `loose-` each
 * leaves out what it does not know.
 */
export function mysqlSettings({ host, port, socket, user, password, tls }: DatabaseAddress): Secret {
  const where = socket === undefined ? { host, port: String(port), protocol: 'tcp' } : { socket }
  const ssl =
    tls.kind === 'off'
      ? { 'loose-ssl-mode': 'DISABLED', 'loose-skip-ssl': null }
      : {
          'loose-ssl-mode': tls.checkHost ? 'VERIFY_IDENTITY' : 'VERIFY_CA',
          ...(tls.checkHost ? { 'loose-ssl-verify-server-cert': null } : {}),
          ...(tls.caFile === undefined ? {} : { 'ssl-ca': tls.caFile }),
        }
  const values = { ...where, user, password: password.reveal('the client reads it from a file'), ...ssl }
  const lines = Object.entries(values).map(([name, value]) => (value === null ? name : `${name}=${quoted(value)}`))
  return new Secret(`[client]\n${lines.join('\n')}\n`)
}

/** In quotes a hash begins no comment; a backslash must be doubled. */
function quoted(value: string): string {
  return `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`
}
