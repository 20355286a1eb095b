import { type Html, html } from '../../base/html.ts'
import { classOfKey, valueClasses } from '../../model/decision.ts'
import { parties } from '../../model/party.ts'
import type { Plan, PlanRow } from '../../model/plan.ts'
import { rowsPerParty, serviceMark, undoText } from '../plan-json.ts'
import { formatWindow } from './format-window.ts'
import { page } from './page.ts'
import { partyNames } from './party-names.ts'
import { planOverview } from './plan-overview.ts'
import { planPageStyle } from './plan-page-style.ts'

const databaseNames = { mysql: 'MySQL', mariadb: 'MariaDB', postgresql: 'PostgreSQL', oracle: 'Oracle' }
const undoWords = { undo: 'Undo', nothing: 'Nothing to undo', impossible: 'Cannot be undone' }
const undoIcons = { undo: '↩', nothing: '○', impossible: '✖' }

/**
 * One self-contained HTML page (no script, nothing fetched) for a change board: lanes per party, the service window and
 * the point of no return marked, what was left out and why, decisions, a box to sign. The same plan gives the same page.
 */
export function planPage(plan: Plan): string {
  return page({
    title: `Migration plan: ${plan.migration}`,
    style: planPageStyle,
    header: html`<p class="eyebrow">Threeshift · migration plan</p>
<h1>${plan.migration}</h1>
<p class="lead">3scale ${plan.source.release} on ${databaseNames[plan.source.databaseKind]} ${plan.source.databaseVersion}
<span class="arrow" aria-label="to">→</span> RHOAM ${plan.destination.rhoamVersion} with 3scale ${plan.destination.release}</p>
<p class="domains"><code>${plan.source.wildcardDomain}</code> <span aria-label="to">→</span>
<code>${plan.destination.domain}</code></p>`,
    main: html`${facts(plan)}
<section aria-labelledby="overview"><h2 id="overview">At a glance</h2>${planOverview(plan)}</section>
${journey(plan)}
${notes(plan)}
${dropped(plan)}
${decisions(plan)}
${signOff(plan)}
${details(plan)}`,
    footer: html`Made by <code>threeshift plan</code> from the migration file alone. The page holds no secrets and fetches nothing.`,
  })
}

function facts(plan: Plan): Html {
  const perParty = rowsPerParty(plan)
  const gone = plan.rows.find((row) => row.id === plan.pointOfNoReturn)
  const opens = plan.rows.find((row) => row.id === plan.outage?.from)
  const closes = plan.rows.find((row) => row.id === plan.outage?.to)
  const entries: readonly (readonly [string, Html])[] = [
    ['Service window', html`${plan.window === undefined ? 'Not agreed yet' : formatWindow(plan.window)}`],
    [
      'Downtime',
      opens && closes
        ? html`${plan.outage?.rows ?? 0} rows, from <b>${opens.number}</b> ${opens.id} to <b>${closes.number}</b> ${closes.id}`
        : html`None`,
    ],
    [
      'Point of no return',
      gone ? html`<b>${gone.number}</b> ${gone.id}. Every row before it can be undone.` : html`None`,
    ],
    ['Access level', html`${plan.accessLevel}`],
    ['Upgrade', html`${plan.hops.length === 0 ? 'None' : [plan.source.release, ...plan.hops].join(' → ')}`],
    [
      'Who acts',
      html`${parties.map((party) => html`<span class="count">${partyNames[party]} <b>${perParty[party] ?? 0}</b></span> `)}`,
    ],
  ]
  return html`<dl class="facts">${entries.map(([term, says]) => html`<div><dt>${term}</dt><dd>${says}</dd></div>`)}</dl>`
}

function journey(plan: Plan): Html {
  const from = plan.rows.findIndex((row) => row.inOutage)
  const to = plan.rows.findLastIndex((row) => row.inOutage)
  const before = from < 0 ? plan.rows : plan.rows.slice(0, from)
  const within = from < 0 ? [] : plan.rows.slice(from, to + 1)
  const after = from < 0 ? [] : plan.rows.slice(to + 1)
  return html`<section aria-labelledby="journey">
<h2 id="journey">The journey</h2>
<p>From top to bottom, each row in the lane of the party that owns it.</p>
<table class="lanes">
<thead><tr><th scope="col" class="n">Row</th>${parties.map(
    (party) =>
      html`<th scope="col" class="${party}">${partyNames[party]}${
        plan.contacts[party] ? html`<small>${plan.contacts[party]}</small>` : null
      }</th>`,
  )}<th scope="col" class="s">Service</th></tr></thead>
${group('before', before, plan, banner('calm', 'Before the window', 'A day or more ahead. The service is not touched.'))}
${group(
  'window',
  within,
  plan,
  banner(
    'opens',
    '▼ Service window opens: the traffic stops',
    plan.window === undefined ? 'The window is not agreed yet.' : `${formatWindow(plan.window)}.`,
  ),
)}
${within.length === 0 ? null : html`<tbody>${banner('closes', '▲ Service window closes: traffic is back', '')}</tbody>`}
${group('after', after, plan, banner('calm', 'After the window', ''))}
</table>
</section>`
}

function group(name: string, rows: readonly PlanRow[], plan: Plan, heading: Html): Html | null {
  if (rows.length === 0) return null
  return html`<tbody class="${name}">${heading}${rows.map(
    (row) =>
      html`${
        row.id === plan.pointOfNoReturn
          ? banner('gone', '✖ Point of no return', 'Two parties approve this row. After it the only way is forward.')
          : null
      }${laneRow(plan, row)}`,
  )}</tbody>
`
}

function banner(look: string, title: string, says: string): Html {
  return html`<tr class="banner ${look}"><th colspan="${parties.length + 2}" scope="rowgroup"><b>${title}</b> <span>${says}</span></th></tr>`
}

function laneRow(plan: Plan, row: PlanRow): Html {
  const mark = serviceMark(plan, row)
  const words = { stops: 'stops', down: 'down', back: 'back', '': 'up' }
  return html`<tr id="row-${row.id}"><th scope="row" class="n">${row.number}</th>${parties.map((party) =>
    party === row.owner ? html`<td class="${party}">${card(plan, row)}</td>` : html`<td class="empty"></td>`,
  )}<td class="s ${mark === '' ? 'up' : 'out'}">${words[mark]}</td></tr>
`
}

function card(plan: Plan, row: PlanRow): Html {
  const waitsFor = row.dependsOn.flatMap((id) => plan.rows.filter((other) => other.id === id))
  return html`<article class="card ${row.owner}">
<h3><a href="#detail-${row.id}">${row.title}</a></h3>
<p class="tags"><span class="place">${row.place}</span> <code>${row.id}</code>${
    waitsFor.length === 0
      ? null
      : html` <span class="after">after ${waitsFor.map(
          (other, at) => html`${at === 0 ? null : ', '}<a href="#row-${other.id}">${other.number}</a>`,
        )}</span>`
  }</p>
<p class="undo ${row.undo.kind}"><span aria-hidden="true">${undoIcons[row.undo.kind]}</span> <b>${undoWords[row.undo.kind]}.</b> ${undoText(row.undo)}</p>
</article>`
}

function notes(plan: Plan): Html | null {
  const said = plan.rows.flatMap((row) => row.notes.map((note) => ({ row, note })))
  if (said.length === 0) return null
  return html`<section aria-labelledby="notes"><h2 id="notes">Mind</h2>
<ul>${said.map(({ row, note }) => html`<li><b>${row.number} ${row.id}:</b> ${note}</li>`)}</ul></section>`
}

function dropped(plan: Plan): Html | null {
  if (plan.dropped.length === 0) return null
  return html`<section aria-labelledby="dropped"><h2 id="dropped">Left out, and why</h2>
<table class="plain"><thead><tr><th scope="col">Row</th><th scope="col">What</th><th scope="col">Why it is not needed</th></tr></thead>
<tbody>${plan.dropped.map(
    (row) =>
      html`<tr><th scope="row">${row.number}</th><td>${row.title} <code>${row.id}</code></td><td>${row.reasons.join('; ')}</td></tr>`,
  )}</tbody></table></section>`
}

function decisions(plan: Plan): Html {
  const entries = Object.entries(plan.decisions)
  return html`<section aria-labelledby="decisions"><h2 id="decisions">Decisions about values</h2>
${
  entries.length === 0
    ? html`<p>None. A value that PostgreSQL cannot store stops the copy, until somebody decides.</p>`
    : html`<table class="plain"><thead><tr><th scope="col">Values</th><th scope="col">Meaning</th><th scope="col">What becomes of them</th></tr></thead>
<tbody>${entries.map(([key, action]) => {
        const valueClass = classOfKey(key)
        return html`<tr><th scope="row"><code>${key}</code></th><td>${valueClass ? valueClasses[valueClass].says : ''}</td><td>${action}</td></tr>`
      })}</tbody></table>
<p>What is not named here stops the copy.</p>`
}</section>`
}

function signOff(plan: Plan): Html {
  const signers = [
    ...parties.map((party) => ({ name: partyNames[party], contact: plan.contacts[party] })),
    { name: 'Change board', contact: undefined },
  ]
  return html`<section class="signoff" aria-labelledby="signoff"><h2 id="signoff">Sign-off</h2>
<table class="plain"><thead><tr><th scope="col">For</th><th scope="col">Decision</th><th scope="col">Name</th><th scope="col">Date</th><th scope="col">Signature</th></tr></thead>
<tbody>${signers.map(
    (
      signer,
    ) => html`<tr><th scope="row">${signer.name}${signer.contact ? html`<small>${signer.contact}</small>` : null}</th>
<td class="choice">☐ go<br>☐ no go</td><td></td><td></td><td></td></tr>`,
  )}</tbody></table></section>`
}

function details(plan: Plan): Html {
  return html`<section class="details" aria-labelledby="details"><h2 id="details">Every row in detail</h2>
<div class="columns">${plan.rows.map(
    (row) => html`<article id="detail-${row.id}" class="detail ${row.owner}">
<h3><span class="number">${row.number}</span> ${row.title}</h3>
<p class="tags">${partyNames[row.owner]} · ${row.place} · <code>${row.id}</code></p>
<p class="goal">${row.goal}</p>
<dl><dt>Why</dt><dd>${row.why}</dd><dt>What</dt><dd>${row.what}</dd><dt>Done when</dt><dd>${row.doneWhen}</dd>
<dt>Risks</dt><dd><ul>${row.risks.map((risk) => html`<li>${risk}</li>`)}</ul></dd></dl>
</article>`,
  )}</div></section>`
}
