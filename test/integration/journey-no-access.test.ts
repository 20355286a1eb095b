import { testJourney } from '../support/journey.ts'

/*
 * The customer does every row of the data with its own credentials; the vendor has a user on the destination cluster and
 * nothing else. From the oldest release on MySQL 5.7, for which MariaDB stands in, with its engine's upgrade, to a RHOAM with an
 * operator of its own build. RHOAM's own tenant has to be made, for the source calls its first one otherwise; files are on a volume, and copied by hand.
 */
testJourney(
  'every row runs without access for the vendor, from 2.11 on MySQL 5.7',
  {
    accessLevel: 'no-access',
    release: '2.11',
    database: 'mysql',
    rhoamVersion: '1.40',
    firstTenant: 'acme',
    fileStorage: 'pvc',
    tenants: 2,
  },
  { dropped: ['workspace', 'exchange-granted', 'exchange-confirmed', 'custom-domain'] },
)
