import { Html, html } from '../../base/html.ts'
import { never } from '../../base/never.ts'
import type { EvidenceReport } from '../../evidence/report.ts'
import { bytes, duration } from '../progress-line.ts'
import { evidenceTimeline } from './evidence-timeline.ts'
import { holderNames, time } from './evidence-words.ts'
import { partyLanes } from './party-lanes.ts'
import { page } from './page.ts'

const verdicts = {
  done: { icon: '✓', word: 'Done', says: 'Every row that was run is confirmed, and the migration has ended.' },
  'rolled-back': { icon: '↩', word: 'Rolled back', says: 'The migration was taken back.' },
  cancelled: { icon: '!', word: 'Cancelled', says: 'Somebody ended the run before it was through.' },
  failed: { icon: '✗', word: 'Failed', says: 'The last thing that happened is a failure; nobody has gone on since.' },
  'under-way': { icon: '…', word: 'Under way', says: 'The migration has not ended yet.' },
} as const

/** The evidence of a migration as one self-contained page: the verdict, then what it rests on, then what it does not. */
export function evidencePage(report: EvidenceReport): string {
  const verdict = verdicts[report.verdict]
  return page({
    title: `Evidence: ${report.migration}`,
    style: evidenceStyle,
    header: html`<p class="eyebrow">Threeshift · evidence of a migration</p>
<h1>${report.migration}</h1>
<p class="lead verdict ${report.verdict}"><span aria-hidden="true">${verdict.icon}</span> <b>${verdict.word}.</b> ${verdict.says}</p>`,
    main: html`${facts(report)}
${partyLanes(report)}
${evidenceTimeline(report)}
${deeds(report)}
${measured(report)}
${changes(report)}
${digests(report)}
${made(report)}
${attached(report)}
${keys(report)}
${list('not-checked', 'What this pack does not show', report.notChecked)}`,
    footer: html`Made by <code>threeshift report</code> (${report.madeBy}) from ${report.records} signed records. Anyone can check the pack
offline with <code>threeshift verify-report</code>; the page fetches nothing and holds no secret.`,
  })
}

function facts(report: EvidenceReport): Html {
  const entries: readonly (readonly [string, string])[] = [
    ['Begun', time(report.begunAt)],
    ['Last record', time(report.lastAt)],
    ['Downtime', downtimeText(report)],
    ['Forecast', report.forecastMs === null ? 'none was recorded' : duration(report.forecastMs / 1000)],
    ['Agreed at most', report.limitMs === null ? 'nothing was agreed' : duration(report.limitMs / 1000)],
    ['Rows confirmed', `${report.rowsConfirmed.length} of ${report.rowsPlanned ?? 'a plan that is not known here'}`],
  ]
  return html`<dl class="facts">${entries.map(([term, says]) => html`<div><dt>${term}</dt><dd>${says}</dd></div>`)}</dl>`
}

function downtimeText({ downtime, forecastMs, limitMs }: EvidenceReport): string {
  switch (downtime.kind) {
    case 'none':
      return 'the traffic was not stopped'
    case 'open':
      return `the traffic stands since ${time(downtime.from)}`
    case 'over': {
      const against = forecastMs ?? limitMs
      const took = duration(downtime.tookMs / 1000)
      if (against === null) return took
      const part = `${Math.round((downtime.tookMs / against) * 100)} % of the ${forecastMs === null ? 'limit' : 'forecast'}`
      return `${took}, ${part}`
    }
    default:
      return never(downtime)
  }
}

function deeds({ deeds }: EvidenceReport): Html {
  return html`<section aria-labelledby="deeds"><h2 id="deeds">Who decided what, and why</h2>
${
  deeds.length === 0
    ? html`<p>Nobody had to.</p>`
    : html`<table class="plain"><thead><tr><th scope="col">When</th><th scope="col">Who</th><th scope="col">What</th><th scope="col">Why</th></tr></thead>
<tbody>${deeds.map(
        ({ kind, row, party, name, at, reason, digest }) => html`<tr><td class="when">${time(at)}</td>
<td><b>${name}</b><small>${holderNames[party]}</small></td><td>${kind}${row === null ? '' : ` · ${row}`}
${digest === null ? null : html`<small>what was shown: <code>${digest.slice(0, 16)}</code></small>`}</td><td>${reason}</td></tr>`,
      )}</tbody></table>`
}</section>`
}

function measured({ measured }: EvidenceReport): Html | null {
  if (measured.length === 0) return null
  return html`<section aria-labelledby="measured"><h2 id="measured">What was measured</h2>
<table class="plain"><thead><tr><th scope="col">Row</th><th scope="col">What</th><th scope="col">Should be</th><th scope="col">Is</th><th scope="col"></th></tr></thead>
<tbody>${measured.map(
    (
      line,
    ) => html`<tr><th scope="row">${line.row}</th><td>${line.what}</td><td>${line.expected}</td><td>${line.found}</td>
<td class="${line.equal ? 'equal' : 'unequal'}">${line.equal ? '✓ equal' : '✗ different'}</td></tr>`,
  )}</tbody></table></section>`
}

function changes({ changes }: EvidenceReport): Html | null {
  if (changes.length === 0) return null
  return html`<section aria-labelledby="changes"><h2 id="changes">What was changed, as it was shown before</h2>
${changes.map(
  ({ row, summary, diff }) => html`<details open><summary><b>${row}</b> ${summary}</summary>
<table class="plain"><tbody>${diff.map(
    ({ what, before, after }) => html`<tr><th scope="row">${what}</th>
<td>${before === null ? '–' : html`<del>${before}</del>`}</td><td>${after === null ? '–' : html`<ins>${after}</ins>`}</td></tr>`,
  )}</tbody></table></details>`,
)}</section>`
}

function digests({ digests }: EvidenceReport): Html | null {
  if (digests.length === 0) return null
  return html`<section aria-labelledby="digests"><h2 id="digests">Digests</h2>
<table class="plain"><tbody>${digests.map(
    ({ row, name, digest }) =>
      html`<tr><th scope="row">${row}</th><td>${name}</td><td><code>${digest}</code></td></tr>`,
  )}</tbody></table></section>`
}

const upkeeps = {
  remove: 'removed by cleanup',
  safety: 'kept for a rollback until it expires',
  keep: "the destination's from now on",
} as const
const states = { intended: 'begun, perhaps not there', made: 'there', gone: 'gone' } as const

function made({ made }: EvidenceReport): Html | null {
  if (made.length === 0) return null
  return html`<section aria-labelledby="made"><h2 id="made">What was made, and what becomes of it</h2>
<table class="plain"><thead><tr><th scope="col">What</th><th scope="col">Where</th><th scope="col">Whose</th><th scope="col">For</th><th scope="col">State</th><th scope="col">Afterwards</th></tr></thead>
<tbody>${made.map(
    (
      line,
    ) => html`<tr><th scope="row">${line.name}<small>${line.kind}</small></th><td>${line.place}</td><td>${holderNames[line.party]}</td>
<td>${line.purpose}<small>${line.row}</small></td><td>${states[line.state]}<small>${time(line.at)}</small></td>
<td>${line.state === 'gone' ? '' : upkeeps[line.upkeep]}${line.state === 'gone' || line.upkeep === 'keep' ? null : html`<small>expires ${time(line.expiresAt)}</small>`}</td></tr>`,
  )}</tbody></table></section>`
}

function attached({ attached }: EvidenceReport): Html {
  return html`<section aria-labelledby="attached"><h2 id="attached">Attached: proofs, ledger</h2>
${
  attached.length === 0
    ? html`<p>Nothing.</p>`
    : html`<table class="plain"><tbody>${attached.map(
        ({ name, bytes: size, sha256 }) =>
          html`<tr><th scope="row">${name}</th><td class="num">${bytes(size)}</td><td><code>${sha256}</code></td></tr>`,
      )}</tbody></table>`
}</section>`
}

function keys({ keys }: EvidenceReport): Html {
  return html`<section aria-labelledby="keys"><h2 id="keys">Keys that signed</h2>
<table class="plain"><thead><tr><th scope="col">Whose</th><th scope="col">From record</th><th scope="col">Fingerprint</th></tr></thead>
<tbody>${keys.map(
    ({ holder, id, since }) =>
      html`<tr><th scope="row">${holderNames[holder]}</th><td>${since}</td><td><code>${id}</code></td></tr>`,
  )}</tbody></table></section>`
}

function list(id: string, title: string, entries: readonly string[]): Html {
  return html`<section aria-labelledby="${id}"><h2 id="${id}">${title}</h2><ul>${entries.map((entry) => html`<li>${entry}</li>`)}</ul></section>`
}

const evidenceStyle = new Html(`
.verdict.done { color: var(--customer) } .verdict.failed { color: var(--gone) }
.verdict.cancelled, .verdict.rolled-back, .verdict.under-way { color: var(--out) }
.num { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap } .when { white-space: nowrap }
td, th { overflow-wrap: anywhere }
.equal { color: var(--customer); white-space: nowrap } .unequal { color: var(--gone); font-weight: 700; white-space: nowrap }
ins { color: var(--customer); text-decoration: none } del { color: var(--gone) }
details { margin-top: .75rem } summary { cursor: pointer }
.lane { font-weight: 600 } .lane.customer { color: var(--customer) } .lane.rhoam-eng { color: var(--rhoam-eng) }
.lane.bu-srep { color: var(--bu-srep) }
.lanes { display: grid; grid-template-columns: max-content 1fr; gap: .3rem 1rem; align-items: center }
.lanes .track { position: relative; height: 1.6rem; border: 1px solid var(--line); border-radius: 4px; overflow: hidden }
.lanes .track i { position: absolute; top: .3rem; height: 1rem; border-radius: 2px; background: currentColor; min-width: 2px }
.lanes .track .down { top: 0; height: 100%; background: var(--out); opacity: .25 } .lanes .axis { display: flex; justify-content: space-between }
.bar { position: relative; width: 34%; min-width: 8rem } .bar i { position: absolute; top: .85rem; height: .7rem; border-radius: 3px;
  background: currentColor; min-width: 3px }
`)
