import { Html, html } from '../../base/html.ts'
import { valueClasses } from '../../model/decision.ts'
import type { RehearsalReport } from '../../ports/rehearsal.ts'
import type { VerifiedTable } from '../../ports/system-database.ts'
import { differenceText, sourceText } from '../db-text.ts'
import { bytes, count, duration } from '../progress-line.ts'
import { page } from './page.ts'

const verdicts = {
  proven: { icon: '✓', word: 'Proven', says: 'Every row that was moved is equal on both sides.' },
  different: { icon: '✗', word: 'Different', says: 'Source and target differ; the differences are listed below.' },
  stopped: {
    icon: '!',
    word: 'Stopped',
    says: 'Values were found that nothing was decided about. Nothing was copied.',
  },
} as const

/** The report of a rehearsal as one self-contained page: verdict first, then what it rests on, then what it does not. */
export function rehearsalPage(report: RehearsalReport): string {
  const verdict = verdicts[report.verdict]
  return page({
    title: `Rehearsal: ${verdict.word}`,
    style: reportStyle,
    header: html`<p class="eyebrow">Threeshift · rehearsal report</p>
<h1 class="verdict ${report.verdict}"><span aria-hidden="true">${verdict.icon}</span> ${verdict.word}</h1>
<p class="lead">${verdict.says}</p>`,
    main: html`${facts(report)}
${differences(report)}
${stages(report)}
${findings(report)}
${tables(report)}
${tenants(report)}
${list('notes', 'What is different in the target’s schema', report.assess.notes)}
${list('not-checked', 'What this rehearsal did not check', report.notChecked)}`,
    footer: html`Made by <code>threeshift rehearse</code>; the same content as data is in <code>report.json</code>. The source was
generated (seed ${report.seed}); the page holds no value of any row.`,
  })
}

function facts(report: RehearsalReport): Html {
  const { copy, verify, world } = report
  const moved = copy?.tables.reduce((sum, table) => sum + table.bytes, 0) ?? 0
  const rows = copy?.tables.reduce((sum, table) => sum + table.rows, 0) ?? 0
  const rate = copy === undefined ? 0 : rows / (copy.tookMs / 1000)
  const entries: readonly (readonly [string, string])[] = [
    ['Source', sourceText(report.assess.source)],
    ['Target', report.machine.targetVersion],
    ['Moved', `${count(rows)} of ${count(world.rows)} rows, ${bytes(moved)}, in ${count(world.tables.length)} tables`],
    [
      'Copy',
      copy === undefined ? 'not begun' : `${duration(copy.tookMs / 1000)}, ${count(Math.round(rate))} rows a second`,
    ],
    [
      'Proof',
      verify === undefined
        ? 'not begun'
        : `${duration(verify.tookMs / 1000)}, ${verify.tables.filter((t) => t.equal).length} of ${verify.tables.length} tables equal`,
    ],
    [
      'Declared differences',
      verify === undefined
        ? '–'
        : `${count(verify.declared.cells)} values, ${count(verify.declared.rows)} rows set aside`,
    ],
    ['Consistency', report.assess.source.snapshot],
    ['Begun', new Date(report.startedAt).toISOString()],
    ['Machine', `${report.machine.cores} cores, ${bytes(report.machine.memoryBytes)}, Node ${report.machine.node}`],
  ]
  return html`<dl class="facts">${entries.map(([term, says]) => html`<div><dt>${term}</dt><dd>${says}</dd></div>`)}</dl>`
}

function differences(report: RehearsalReport): Html | null {
  const found = report.verify?.differences ?? []
  if (found.length === 0) return null
  return list(
    'differences',
    `Differences${report.verify?.truncated === true ? ' (the first of each table)' : ''}`,
    found.map(differenceText),
  )
}

function stages(report: RehearsalReport): Html {
  const longest = Math.max(...report.stages.map((stage) => stage.tookMs))
  return html`<section aria-labelledby="stages"><h2 id="stages">What was done</h2>
<table class="plain"><thead><tr><th scope="col">Stage</th><th scope="col">Outcome</th><th scope="col" class="num">Took</th><th scope="col" aria-hidden="true"></th></tr></thead>
<tbody>${report.stages.map(
    (
      stage,
    ) => html`<tr><th scope="row">${stage.stage}</th><td>${stage.says}</td><td class="num">${duration(stage.tookMs / 1000)}</td>
<td class="share" aria-hidden="true"><i style="width:${Math.max(1, Math.round((stage.tookMs / longest) * 100))}%"></i></td></tr>`,
  )}</tbody></table></section>`
}

function findings(report: RehearsalReport): Html {
  const { findings: found } = report.assess
  if (found.length === 0) {
    return html`<section aria-labelledby="findings"><h2 id="findings">Values that needed a decision</h2><p>None.</p></section>`
  }
  return html`<section aria-labelledby="findings"><h2 id="findings">Values that needed a decision</h2>
<table class="plain"><thead><tr><th scope="col">Class</th><th scope="col">Column</th><th scope="col" class="num">Count</th><th scope="col">Decided</th><th scope="col">Rows, by key</th></tr></thead>
<tbody>${found.map(
    (
      finding,
    ) => html`<tr><th scope="row"><code>${finding.class}</code><small>${valueClasses[finding.class].says}</small></th>
<td><code>${finding.table}.${finding.column}</code></td><td class="num">${count(finding.count)}</td><td>${finding.decided}</td>
<td><small>${finding.examples.join('; ')}</small></td></tr>`,
  )}</tbody></table></section>`
}

function tables(report: RehearsalReport): Html | null {
  if (report.verify === undefined) return null
  const copied = new Map(report.copy?.tables.map((table) => [table.name, table]))
  return html`<section aria-labelledby="tables"><h2 id="tables">Every table, counted and digested on both sides</h2>
<table class="plain"><thead><tr><th scope="col">Table</th><th scope="col">Verdict</th><th scope="col" class="num">Rows</th><th scope="col" class="num">Copied</th><th scope="col" class="num">Took</th><th scope="col">Digest</th></tr></thead>
<tbody>${report.verify.tables.map((table) => {
    const copy = copied.get(table.name)
    return html`<tr><th scope="row">${table.name}</th><td class="${table.equal ? 'equal' : 'unequal'}">${table.equal ? '✓ equal' : '✗ different'}</td>
<td class="num">${count(table.rows)}${table.targetRows === table.rows ? null : html` / ${count(table.targetRows)}`}</td>
<td class="num">${bytes(copy?.bytes ?? 0)}</td><td class="num">${Math.round(copy?.tookMs ?? 0)} ms</td><td>${digest(table)}</td></tr>`
  })}</tbody></table></section>`
}

function digest(table: VerifiedTable): Html {
  return table.targetDigest === table.digest
    ? html`<code>${table.digest}</code>`
    : html`<code>${table.digest}</code><br><code>${table.targetDigest || 'none'}</code>`
}

function tenants(report: RehearsalReport): Html | null {
  const rows = new Map<string, { rows: number; tables: number; equal: boolean }>()
  for (const table of report.verify?.tables ?? []) {
    for (const { tenant, rows: more, equal } of table.tenants) {
      const sum = rows.get(tenant) ?? { rows: 0, tables: 0, equal: true }
      rows.set(tenant, { rows: sum.rows + more, tables: sum.tables + 1, equal: sum.equal && equal })
    }
  }
  if (rows.size === 0) return null
  return html`<section aria-labelledby="tenants"><h2 id="tenants">Every tenant</h2>
<table class="plain"><thead><tr><th scope="col">tenant_id</th><th scope="col">Verdict</th><th scope="col" class="num">Rows</th><th scope="col" class="num">Tables</th></tr></thead>
<tbody>${[...rows].map(
    ([
      tenant,
      sum,
    ]) => html`<tr><th scope="row">${tenant}</th><td class="${sum.equal ? 'equal' : 'unequal'}">${sum.equal ? '✓ equal' : '✗ different'}</td>
<td class="num">${count(sum.rows)}</td><td class="num">${sum.tables}</td></tr>`,
  )}</tbody></table></section>`
}

function list(id: string, title: string, items: readonly string[]): Html | null {
  if (items.length === 0) return null
  return html`<section aria-labelledby="${id}"><h2 id="${id}">${title}</h2><ul>${items.map((item) => html`<li>${item}</li>`)}</ul></section>`
}

const reportStyle = new Html(`
.verdict.proven { color: var(--customer) } .verdict.different { color: var(--gone) } .verdict.stopped { color: var(--out) }
.num { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap }
.share { width: 22% } .share i { display: block; height: .8rem; border-radius: 3px; background: var(--customer) }
.equal { color: var(--customer); white-space: nowrap } .unequal { color: var(--gone); font-weight: 700; white-space: nowrap }
`)
