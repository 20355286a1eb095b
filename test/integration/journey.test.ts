import { testJourney } from '../support/journey.ts'

testJourney(
  'every row of the limited path runs, and what it did is measured',
  { accessLevel: 'limited', release: '2.13', database: 'mariadb' },
  { dropped: ['custom-domain', 'upgrade-mysql'] },
)
