import { Secret } from '../../../base/secret.ts'
import type { ClusterView } from '../engine/cluster-view.ts'
import { secretValues, writeSecret } from '../workloads/secrets.ts'
import { namespaces, parametersSecret } from './names.ts'

const smtpFields = ['address', 'port', 'username', 'password', 'from_address'] as const

/** What the addon was installed with; null where its secret is not there. */
export interface AddonParameters {
  readonly quota: string | undefined
  readonly notificationEmail: string | undefined
  readonly customDomain: string | undefined
  readonly smtp: Smtp
}

/** All five fields or none; `partial` names those that are missing. */
export type Smtp =
  | { readonly kind: 'none' }
  | { readonly kind: 'partial'; readonly missing: readonly string[] }
  | { readonly kind: 'complete'; readonly values: ReadonlyMap<(typeof smtpFields)[number], Secret> }

/** Quota parameters, and the name that the status has for each. */
const quotas: Readonly<Record<string, string>> = {
  0: '100K - Evaluation',
  1: '100K',
  10: '1 Million',
  50: '5 Million',
  100: '10 Million',
  200: '20 Million',
  500: '50 Million',
  1000: '100 Million',
}

export function readAddonParameters(view: ClusterView): AddonParameters | null {
  const values = secretValues(view, namespaces.operator, parametersSecret)
  if (values === undefined) return null
  const text = (key: string) => values.get(key)?.reveal('read a parameter of the addon').trim() || undefined
  const smtp = new Map(
    smtpFields.flatMap((field) => {
      const value = text(`custom-smtp-${field}`)
      return value === undefined ? [] : [[field, new Secret(value)] as const]
    }),
  )
  const missing = smtpFields.filter((field) => !smtp.has(field))
  return {
    quota: quotas[text('addon-managed-api-service') ?? text('trial-quota') ?? ''],
    notificationEmail: text('notification-email'),
    customDomain: text('custom-domain_domain'),
    smtp:
      smtp.size === 0
        ? { kind: 'none' }
        : missing.length > 0
          ? { kind: 'partial', missing }
          : { kind: 'complete', values: smtp },
  }
}

/** Writes the Secret `custom-smtp`, or takes it away, and says what the status says. */
export function applyCustomSmtp(
  view: ClusterView,
  smtp: Smtp,
): { readonly enabled: boolean; readonly error?: string } | null {
  const ref = { resource: 'secrets', namespace: namespaces.operator, name: 'custom-smtp' }
  if (smtp.kind !== 'complete') {
    view.remove(ref)
    if (smtp.kind === 'none') return null
    return { enabled: false, error: `Custom SMTP partially configured, missing fields: ${smtp.missing.join(', ')}` }
  }
  const values = new Map([...smtp.values].map(([field, value]) => [field === 'address' ? 'host' : field, value]))
  writeSecret(view, { namespace: ref.namespace, name: ref.name, values })
  return { enabled: true }
}

/** True for a bare host name. */
export function isHost(text: string): boolean {
  return /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)+$/.test(text)
}
