import { type Html, html } from '../../base/html.ts'
import type { EvidenceReport } from '../../evidence/report.ts'
import { parties } from '../../model/party.ts'
import { duration } from '../progress-line.ts'
import { partyNames } from './party-names.ts'

/** A lane for each party: when its rows were worked on, for how long in all, and when the service was down. */
export function partyLanes({ verbs, begunAt, lastAt, downtime }: EvidenceReport): Html | null {
  if (verbs.length === 0) return null
  const span = Math.max(1, lastAt - begunAt)
  const percent = (ms: number) => Math.min(100, Math.max(0, Math.round((ms / span) * 1000) / 10))
  const bar = (from: number, until: number) => `left:${percent(from - begunAt)}%;width:${percent(until - from)}%`
  const down =
    downtime.kind === 'none'
      ? null
      : html`<i class="down" style="${bar(downtime.from, downtime.kind === 'over' ? downtime.until : lastAt)}"></i>`
  return html`<section aria-labelledby="lanes"><h2 id="lanes">Who worked when</h2>
<div class="lanes">${parties.map((party) => {
    const own = verbs.filter((line) => line.party === party && line.endedAt !== null)
    const workMs = own.reduce((sum, { startedAt, endedAt }) => sum + Math.max(0, (endedAt ?? startedAt) - startedAt), 0)
    const rows = new Set(own.map(({ row }) => row)).size
    return html`<div class="lane ${party}">${partyNames[party]}<small>${rows} rows, ${duration(workMs / 1000)}</small></div>
<div class="track lane ${party}" aria-hidden="true">${down}${own.map(({ startedAt, endedAt }) => html`<i style="${bar(startedAt, endedAt ?? startedAt)}"></i>`)}</div>`
  })}<div></div><div class="axis"><small>0</small>${down === null ? null : html`<small>the tinted part: the service was down</small>`}<small>${duration(span / 1000)}</small></div></div></section>`
}
