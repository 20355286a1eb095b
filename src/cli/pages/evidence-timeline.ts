import { type Html, html } from '../../base/html.ts'
import type { EvidenceReport } from '../../evidence/report.ts'
import { duration } from '../progress-line.ts'
import { holderNames, time } from './evidence-words.ts'

/** Every verb that was run, in order, with a bar for when and how long; the party's colour and name say whose it was. */
export function evidenceTimeline({ verbs, begunAt, lastAt }: EvidenceReport): Html {
  const span = Math.max(1, lastAt - begunAt)
  const percent = (ms: number) => Math.round((ms / span) * 1000) / 10
  return html`<section aria-labelledby="timeline"><h2 id="timeline">What was done, by whom</h2>
<table class="plain"><thead><tr><th scope="col">Began</th><th scope="col">Party</th><th scope="col">Row and verb</th><th scope="col">Outcome</th><th scope="col" class="num">Took</th><th scope="col" aria-hidden="true"></th></tr></thead>
<tbody>${verbs.map((line) => {
    const tookMs = line.endedAt === null ? null : Math.max(0, line.endedAt - line.startedAt)
    const left = Math.min(98, Math.max(0, percent(line.startedAt - begunAt)))
    const width = Math.min(100 - left, percent(tookMs ?? 0))
    return html`<tr><td class="when">${time(line.startedAt)}</td><td class="lane ${line.party}">${holderNames[line.party]}
<small>${line.actor}${line.signedByParty ? ', signed by the party' : ''}</small></td>
<th scope="row">${line.row} · ${line.verb}</th><td class="${line.outcome === 'faulted' ? 'unequal' : ''}">${outcomeText(line)}</td>
<td class="num">${tookMs === null ? '' : duration(tookMs / 1000)}</td>
<td class="bar lane ${line.party}" aria-hidden="true"><i style="left:${left}%;width:${width}%"></i></td></tr>`
  })}</tbody></table></section>`
}

function outcomeText({ outcome, says }: EvidenceReport['verbs'][number]): string {
  if (outcome === 'open') return 'not ended: still running, or cut off and run again'
  return outcome === 'faulted' ? `✗ ${says}` : says
}
