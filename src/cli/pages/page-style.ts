import { Html } from '../../base/html.ts'

/** What all pages look like: colours for light and dark, type, facts, plain tables, and A4 landscape on paper. */
export const pageStyle = new Html(`
:root {
  --paper: #fbfaf8; --card: #fff; --ink: #1d2129; --soft: #5a6270; --line: #dcdfe4;
  --customer: #0b6e6e; --rhoam-eng: #a8320f; --bu-srep: #5b3fa8;
  --out: #b45309; --out-paper: #fdf3e1; --gone: #b3122d; --gone-paper: #fdebee;
}
@media screen and (prefers-color-scheme: dark) {
  :root {
    --paper: #14171c; --card: #1d2229; --ink: #e8eaee; --soft: #a3abb8; --line: #363d48;
    --customer: #4fc3c0; --rhoam-eng: #ff9467; --bu-srep: #b39dff;
    --out: #f5b54a; --out-paper: #2b2416; --gone: #ff8095; --gone-paper: #36191f;
  }
}
* { box-sizing: border-box }
body {
  margin: 0 auto; padding: 2.5rem 1.5rem 4rem; max-width: 78rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.5 'Red Hat Text', 'Segoe UI', system-ui, -apple-system, 'Helvetica Neue', 'DejaVu Sans', sans-serif;
}
h1, h2, h3, p, dl, dd, ul, figure { margin: 0; padding: 0 }
h1 { font-size: 2.6rem; line-height: 1.15; letter-spacing: -.02em; overflow-wrap: anywhere }
h2 { font-size: 1.35rem; margin: 3rem 0 .75rem; letter-spacing: -.01em }
a { color: inherit; text-decoration-color: var(--line); text-underline-offset: .2em }
a:hover, a:focus-visible { text-decoration-color: currentColor }
:focus-visible { outline: 3px solid var(--bu-srep); outline-offset: 2px; border-radius: 3px }
code { font: .85em/1 ui-monospace, 'Red Hat Mono', 'SF Mono', Menlo, 'DejaVu Sans Mono', monospace }
small { display: block; font-weight: 400; color: var(--soft); font-size: .8rem; overflow-wrap: anywhere }
.eyebrow { color: var(--soft); text-transform: uppercase; letter-spacing: .12em; font-size: .78rem; font-weight: 600 }
.lead { font-size: 1.25rem; margin-top: .5rem }
.arrow { color: var(--rhoam-eng); font-weight: 700; padding: 0 .15em }
.domains { color: var(--soft); margin-top: .35rem; overflow-wrap: anywhere }
.facts { display: grid; grid-template-columns: repeat(3, 1fr); gap: 1px; margin-top: 2rem;
  background: var(--line); border: 1px solid var(--line); border-radius: 10px; overflow: hidden }
.facts div { background: var(--card); padding: .9rem 1.1rem }
.facts dt { color: var(--soft); font-size: .78rem; font-weight: 600; text-transform: uppercase; letter-spacing: .08em }
.facts dd { margin-top: .2rem }
.count { white-space: nowrap; margin-right: .6rem }
table { width: 100%; border-collapse: collapse; text-align: left; margin-top: .9rem }
th, td { vertical-align: top }
.plain th, .plain td { padding: .55rem .75rem; border-bottom: 1px solid var(--line) }
.plain thead th { color: var(--soft); font-size: .8rem; font-weight: 600 }
section > ul { padding-left: 1.2rem }
footer { margin-top: 3rem; padding-top: 1rem; border-top: 1px solid var(--line); color: var(--soft); font-size: .85rem }
@media screen and (max-width: 52rem) { .facts { grid-template-columns: 1fr } }
@media print {
  @page { size: A4 landscape; margin: 11mm }
  :root { --paper: #fff }
  html { font-size: 9.5px }
  body { max-width: none; padding: 0; print-color-adjust: exact; -webkit-print-color-adjust: exact }
  h2 { margin-top: 1.6rem; break-after: avoid } h1 { font-size: 2rem }
  tr, .facts { break-inside: avoid }
  a { text-decoration: none }
}
`)
