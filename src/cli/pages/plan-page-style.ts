import { Html } from '../../base/html.ts'

/** What the plan's page adds to `pageStyle`: the overview, the lanes, the box to sign and the details. */
export const planPageStyle = new Html(`
.overview { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 1rem 1.1rem .8rem }
.overview svg { display: block; width: 100%; height: auto }
.overview figcaption { color: var(--soft); font-size: .85rem; margin-top: .6rem }
.overview text { font: 11px 'Red Hat Text', system-ui, 'DejaVu Sans', sans-serif; fill: var(--soft) }
.overview .lanename { font-size: 13px; font-weight: 600; fill: var(--ink) }
.overview .bandname { fill: var(--out); font-weight: 700 }
.overview .gonename { fill: var(--gone); font-weight: 700 }
.overview .blocknumber { fill: var(--card); font-size: 8.5px; font-weight: 700; text-anchor: middle }
.band { fill: var(--out-paper) }
.hatch { stroke: var(--out); stroke-opacity: .22; stroke-width: 2 }
.laneline { stroke: var(--line) }
.baton { fill: none; stroke: var(--soft); stroke-width: 1.5; stroke-opacity: .6; stroke-linejoin: round }
.gone { stroke: var(--gone); stroke-width: 2; stroke-dasharray: 4 3 }
.block.customer { fill: var(--customer) } .block.rhoam-eng { fill: var(--rhoam-eng) } .block.bu-srep { fill: var(--bu-srep) }
.lanes { table-layout: fixed; border-collapse: separate; border-spacing: 0 }
.lanes thead th { padding: .6rem .75rem; border-bottom: 3px solid var(--line); background: var(--paper);
  position: sticky; top: 0; z-index: 1 }
.lanes thead .customer { border-color: var(--customer) } .lanes thead .rhoam-eng { border-color: var(--rhoam-eng) }
.lanes thead .bu-srep { border-color: var(--bu-srep) }
.lanes .n { width: 3.6rem } .lanes .s { width: 5rem; text-align: center } .lanes thead .customer { width: 31% } .lanes thead .bu-srep { width: 19% }
.lanes thead th.n, .lanes thead th.s { color: var(--soft); font-size: .8rem; font-weight: 600 }
.lanes tbody th.n { padding: .85rem .3rem 0; text-align: center; font-variant-numeric: tabular-nums; font-size: 1.05rem }
.lanes tbody td { padding: .3rem .4rem }
.lanes td.empty { border-left: 1px dashed var(--line) }
.lanes td.s { padding-top: 1rem; font-size: .85rem; color: var(--soft) }
.window > tr:not(.banner) > * { background: var(--out-paper) }
.window > tr:not(.banner) > th { border-left: 2px solid var(--out) }
.lanes td.s.out { color: var(--out); font-weight: 700;
  border-right: 8px solid var(--out) }
.banner th { padding: .7rem 1rem; font-weight: 400; border-radius: 8px }
.banner span { color: var(--soft) }
.banner.calm th { padding-top: 1.2rem }
.banner.opens th { background: var(--out-paper); border: 2px solid var(--out); border-bottom: 0; border-radius: 8px 8px 0 0 }
.banner.closes th { background: var(--out-paper); border: 2px solid var(--out); border-top: 0; border-radius: 0 0 8px 8px }
.banner.opens b, .banner.closes b { color: var(--out) }
.banner.gone th { background: var(--gone-paper); border: 2px dashed var(--gone); border-radius: 0 }
.banner.gone b { color: var(--gone) }
.card { background: var(--card); border: 1px solid var(--line); border-left-width: 5px; border-radius: 8px; padding: .55rem .8rem .6rem }
.customer.card, .customer.detail { border-left-color: var(--customer) }
.rhoam-eng.card, .rhoam-eng.detail { border-left-color: var(--rhoam-eng) }
.bu-srep.card, .bu-srep.detail { border-left-color: var(--bu-srep) }
.card h3 { font-size: 1rem; line-height: 1.3 }
.card h3 a { text-decoration: none }
.card h3 a:hover, .card h3 a:focus-visible { text-decoration: underline }
.tags { color: var(--soft); font-size: .82rem; margin-top: .25rem }
.tags code, .plain code { overflow-wrap: anywhere }
.place { border: 1px solid var(--line); border-radius: 99px; padding: .05rem .55rem; color: var(--ink); margin-right: .2rem }
.after { white-space: normal; margin-left: .2rem }
.undo { font-size: .86rem; margin-top: .3rem }
.undo.nothing { color: var(--soft) } .undo.impossible { color: var(--gone) }
tr:target .card, .detail:target { outline: 3px solid var(--bu-srep); outline-offset: 2px }
.signoff td, .signoff tbody th { height: 4rem } .signoff td { border-left: 1px solid var(--line) }
.signoff .plain { border: 1px solid var(--line); background: var(--card); table-layout: fixed }
.signoff .choice { white-space: nowrap }
.columns { columns: 2; column-gap: 1.2rem }
.detail { break-inside: avoid; background: var(--card); border: 1px solid var(--line); border-left-width: 5px; border-radius: 8px;
  padding: .8rem 1rem; margin-bottom: 1rem; font-size: .9rem }
.detail h3 { font-size: 1.02rem }
.detail .number { color: var(--soft); margin-right: .25rem }
.detail .goal { margin: .4rem 0; font-weight: 600 }
.detail dl { display: grid; grid-template-columns: 5.4rem 1fr; gap: .25rem .5rem }
.detail dt { color: var(--soft) } .detail dd ul { padding-left: 1rem }
@media screen and (max-width: 52rem) {
  .columns { columns: 1 } .overview { overflow-x: auto } .overview svg { min-width: 60rem }
  .lanes, .lanes thead, .lanes tbody, .lanes tr, .lanes td, .lanes th { display: block; width: auto !important }
  .lanes thead, .lanes td.empty { display: none } .lanes tbody th.n, .lanes td.s { text-align: left; padding: .5rem .6rem 0 }
  .lanes td.s { padding-bottom: .5rem }
  .lanes td .card::after { display: block; font-size: .82rem; color: var(--soft); margin-top: .3rem }
  .card.customer::after { content: 'Customer' } .card.rhoam-eng::after { content: 'RHOAM Eng' } .card.bu-srep::after { content: 'BU / SRE-P' }
}
@media print {
  .lanes thead th { position: static } .lanes thead { display: table-header-group }
  .card, .overview, .signoff { break-inside: avoid } .banner { break-after: avoid }
  .details { break-before: page } .columns { columns: 3 }
}
`)
