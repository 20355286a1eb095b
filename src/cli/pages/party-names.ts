import type { Party } from '../../model/party.ts'

/** Parties as a page for readers outside the project calls them. */
export const partyNames: Readonly<Record<Party, string>> = {
  customer: 'Customer',
  'rhoam-eng': 'RHOAM Eng',
  'bu-srep': 'BU / SRE-P',
}
