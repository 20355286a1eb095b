import { Secret } from '../../src/base/secret.ts'
import type { SeedValues } from '../../src/simulator/controllers/ports.ts'

/** What a simulated 3scale is seeded with where a test does not care. */
export const seedValues: SeedValues = {
  wildcardDomain: 'apps.example.com',
  tenantName: '3scale',
  masterUser: 'master',
  masterAccessToken: new Secret('master-token'),
  apicastAccessToken: new Secret('apicast-token'),
  adminUser: 'admin',
  adminEmail: 'admin@3scale.apps.example.com',
  adminAccessToken: new Secret('admin-token'),
  providerPlan: 'enterprise',
}
