import { rhoamFacts } from '../../../threescale/rhoam.ts'
import { type Bundle, type CatalogPackage, type Catalogs, threescaleBundle } from '../olm/catalog.ts'
import { cloudResourceOperator, rhmiOperator } from './names.ts'

/** What a version of RHOAM brings: 3scale's version and its operator's, and the operator of cloud resources. */
export interface RhoamVersion {
  readonly rhoam: string
  readonly threescale: string
  readonly threescaleOperator: string
  readonly channel: string
  readonly cloudResources: string
}

const versions: readonly RhoamVersion[] = [
  row('1.38.0', '2.13.0', '0.11.6-mas', 'threescale-mas', '1.1.2'),
  row('1.40.0', '2.13.0', '0.11.8-mas', 'threescale-mas', '1.1.3'),
  row('1.41.0', '2.15.0', '0.12.1-mas', 'threescale-mas', '1.1.4'),
  row('1.42.0', '2.15.0', '0.12.2', 'threescale-2.15', '1.1.5'),
  row('1.43.0', '2.15.5', '0.12.5', 'threescale-2.15', '1.1.6'),
  row('1.44.0', '2.16.1', '0.13.1', 'threescale-2.16', '1.1.7'),
  row('1.45.0', '2.16.3', '0.13.3', 'threescale-2.16', '1.1.8'),
]

function row(
  rhoam: string,
  threescale: string,
  threescaleOperator: string,
  channel: string,
  cloudResources: string,
): RhoamVersion {
  return { rhoam, threescale, threescaleOperator, channel, cloudResources }
}

/** The minor versions that are simulated, oldest first. */
export const simulatedRhoamVersions: readonly string[] = versions.map(({ rhoam }) => rhoam.replace(/\.\d+$/, ''))

/** The newest version that is known of a minor one such as 1.45; undefined for one that is not simulated. */
export function rhoamVersionOf(minor: string): RhoamVersion | undefined {
  return versions.find(({ rhoam }) => rhoam.startsWith(`${minor}.`) || rhoam === minor)
}

export const addonCatalog = 'addon-managed-api-service-catalog'
export const registryCatalog = 'rhmi-registry-cs'

/** The catalogs that RHOAM is installed from, and that it installs its own operators from. */
export function rhoamCatalogs(version: RhoamVersion): Catalogs {
  const build = rhoamFacts(version.rhoam)?.build
  if (build === undefined) throw new Error(`bug: RHOAM ${version.rhoam} runs no known 3scale`)
  const one = (name: string, channel: string, csv: string, entryVersion: string, bundle: object): CatalogPackage => ({
    name,
    channels: [
      {
        name: channel,
        entries: [
          {
            csv,
            version: entryVersion,
            bundle: { ...threescaleBundle(build, entryVersion), ...bundle, allNamespaces: true },
          },
        ],
      },
    ],
  })
  return {
    [addonCatalog]: [
      one(
        'managed-api-service',
        'stable',
        `managed-api-service.v${version.rhoam}`,
        version.rhoam,
        operator(rhmiOperator, `managed-api-service:${version.rhoam}`),
      ),
    ],
    [registryCatalog]: [
      one(
        '3scale-operator',
        version.channel,
        `3scale-operator.v${version.threescaleOperator}`,
        version.threescaleOperator,
        {},
      ),
      one(
        'rhmi-cloud-resources',
        'rhmi',
        `cloud-resource-operator.v${version.cloudResources}`,
        version.cloudResources,
        operator(cloudResourceOperator, `cloud-resource-operator:${version.cloudResources}`),
      ),
    ],
  }
}

function operator(deployment: string, image: string): Omit<Bundle, 'allNamespaces'> {
  return { deployment, image: `quay.io/integreatly/${image}`, podLabels: { name: deployment }, annotations: {} }
}
