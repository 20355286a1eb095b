/** RHOAM's namespaces and resources in production, where every prefix is `redhat-rhoam-`. */
export const namespaces = {
  operator: 'redhat-rhoam-operator',
  threescale: 'redhat-rhoam-3scale',
  threescaleOperator: 'redhat-rhoam-3scale-operator',
  cloudResources: 'redhat-rhoam-cloud-resources-operator',
  rhsso: 'redhat-rhoam-rhsso',
  userSso: 'redhat-rhoam-user-sso',
  marin3r: 'redhat-rhoam-marin3r',
  monitoring: 'redhat-rhoam-customer-monitoring',
} as const

export const rhmis = 'rhmis.integreatly.org'
export const postgresResource = 'postgres.integreatly.org'
export const redisResource = 'redis.integreatly.org'
export const blobStorageResource = 'blobstorages.integreatly.org'
export const keycloakClients = 'keycloakclients.keycloak.org'
export const keycloakUsers = 'keycloakusers.keycloak.org'

/** The one RHMI of a cluster. */
export const rhmiName = 'rhoam'
export const parametersSecret = 'addon-managed-api-service-parameters'
export const rhmiOperator = 'rhmi-operator'
export const cloudResourceOperator = 'cloud-resource-operator'

/** The CRs by which RHOAM asks for databases and a bucket. */
export const cloudResources = {
  systemDatabase: 'threescale-postgres-rhoam',
  backendRedis: 'threescale-backend-redis-rhoam',
  systemRedis: 'threescale-redis-rhoam',
  bucket: 'threescale-blobstorage-rhoam',
  rhsso: 'rhsso-postgres-rhoam',
  userSso: 'rhssouser-postgres-rhoam',
  rateLimit: 'ratelimit-service-redis-rhoam',
} as const
