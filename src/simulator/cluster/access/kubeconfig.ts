import { renameSync, writeFileSync } from 'node:fs'
import type { Secret } from '../../../base/secret.ts'

/**
 * Writes the file that a stock `kubectl --kubeconfig` takes, readable by its owner only. It is JSON, which every reader
 * of YAML reads.
 */
export function writeKubeconfig(
  file: string,
  cluster: { readonly name: string; readonly server: string; readonly certificate: string },
  user: { readonly name: string; readonly token: Secret },
): void {
  const { name, server, certificate } = cluster
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      { name, cluster: { server, 'certificate-authority-data': Buffer.from(certificate).toString('base64') } },
    ],
    users: [{ name: user.name, user: { token: user.token.reveal('its place is the kubeconfig') } }],
    contexts: [{ name, context: { cluster: name, user: user.name, namespace: 'default' } }],
    'current-context': name,
  }
  writeFileSync(`${file}.new`, `${JSON.stringify(config, null, 2)}\n`, { mode: 0o600 })
  renameSync(`${file}.new`, file)
}
