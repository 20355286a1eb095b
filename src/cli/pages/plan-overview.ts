import { type Html, html } from '../../base/html.ts'
import { parties } from '../../model/party.ts'
import type { Plan } from '../../model/plan.ts'
import { partyNames } from './party-names.ts'

const label = 118
const cell = 25
const lane = 34
const top = 30

/** The whole plan on one line per party, from left to right: a picture of what the table below it says in words. */
export function planOverview(plan: Plan): Html {
  const width = label + plan.rows.length * cell + 8
  const height = top + parties.length * lane + 8
  const from = plan.rows.findIndex((row) => row.id === plan.outage?.from)
  const to = plan.rows.findIndex((row) => row.id === plan.outage?.to)
  const gone = plan.rows.findIndex((row) => row.id === plan.pointOfNoReturn)
  const x = (at: number) => label + at * cell

  const path = plan.rows
    .map((row, at) => `${at === 0 ? 'M' : 'L'}${x(at) + cell / 2} ${laneOf(row.owner) + lane / 2}`)
    .join('')
  return html`<figure class="overview">
<svg viewBox="0 0 ${width} ${height}" aria-hidden="true" focusable="false">
<defs><pattern id="hatch" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
<line x1="0" y1="0" x2="0" y2="7" class="hatch"/></pattern></defs>
${
  from < 0
    ? null
    : html`<rect x="${x(from)}" y="${top - 4}" width="${(to - from + 1) * cell}" height="${height - top}" rx="6" class="band"/>
<rect x="${x(from)}" y="${top - 4}" width="${(to - from + 1) * cell}" height="${height - top}" rx="6" fill="url(#hatch)"/>
<text x="${x(from) + 4}" y="${top - 11}" class="bandname">service down</text>`
}
${parties.map(
  (party) => html`<text x="0" y="${laneOf(party) + lane / 2 + 4}" class="lanename">${partyNames[party]}</text>
<line x1="${label}" x2="${width - 8}" y1="${laneOf(party) + lane / 2}" y2="${laneOf(party) + lane / 2}" class="laneline"/>`,
)}
<path d="${path}" class="baton"/>
${plan.rows.map(
  (
    row,
    at,
  ) => html`<rect x="${x(at) + 2}" y="${laneOf(row.owner) + 7}" width="${cell - 4}" height="${lane - 14}" rx="4" class="block ${row.owner}"/>
<text x="${x(at) + cell / 2}" y="${laneOf(row.owner) + lane / 2 + 3.5}" class="blocknumber">${row.number}</text>`,
)}
${
  gone < 0
    ? null
    : html`<line x1="${x(gone)}" x2="${x(gone)}" y1="4" y2="${height - 2}" class="gone"/>
<text x="${x(gone) - 6}" y="${top - 11}" text-anchor="end" class="gonename">no return ▸</text>`
}
</svg>
<figcaption>Each block is a row, in the lane of the party that must act; the line is the baton as it passes from hand to
hand. The same in words follows below.</figcaption>
</figure>`
}

function laneOf(party: (typeof parties)[number]): number {
  return top + parties.indexOf(party) * lane
}
