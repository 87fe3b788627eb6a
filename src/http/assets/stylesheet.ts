import { readableOn, textOn } from './colour.ts'

/** The one stylesheet of our pages, in the owner's accent colour (`#rgb` or `#rrggbb`), made readable in light and dark. */
export function stylesheet(accent: string): string {
  return compact(`
:root {
  color-scheme: light dark;
  --ground: #f6f7f9; --card: #fff; --text: #14171c; --muted: #59616e; --line: #e0e4e9; --edge: #c6ccd4;
  --good: #15703f; --warn: #8a5200; --bad: #b42318;
  --fill: ${accent}; --on-fill: ${textOn(accent)}; --accent: ${readableOn('#f6f7f9', accent)};
  --shadow: 0 1px 2px #1018280a, 0 12px 32px -12px #1018281f;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #0f1216; --card: #181c22; --text: #eceff3; --muted: #a0a9b6; --line: #2a3038; --edge: #3d4652;
    --good: #5fd197; --warn: #f0b655; --bad: #ff938a;
    --accent: ${readableOn('#181c22', accent)}; --shadow: none;
  }
}
*, ::before, ::after { box-sizing: border-box; }
body {
  margin: 0; min-height: 100vh; display: flex; flex-direction: column;
  background: var(--ground); color: var(--text);
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
  overflow-wrap: anywhere; -webkit-text-size-adjust: 100%;
}
body > * { width: 100%; max-width: calc(var(--column) + 3rem); margin: 0 auto; padding: 0 1.5rem; }
.narrow { --column: 28rem; padding-block: min(12vh, 8rem) 1.5rem; }
.wide { --column: 60rem; }

h1, h2, h3, p, ul, ol, dl, dd { margin: 0; padding: 0; }
h1 { font-size: 1.5rem; line-height: 1.25; letter-spacing: -.015em; text-wrap: balance; }
h1:focus { outline: 0; }
h2, h3 { font-size: 1rem; }
section > h2 { margin: 2rem 0 1rem; font-size: 1.25rem; }
ul, ol { list-style: none; }
code, .code { font: .9375em/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
.small { font-size: .875rem; }
.muted { color: var(--muted); }
a { color: var(--accent); text-underline-offset: .2em; }
a:hover { text-decoration-thickness: 2px; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }

header, nav { display: flex; flex-wrap: wrap; align-items: center; gap: 0 1.5rem; min-width: 0; }
header { row-gap: .5rem; justify-content: space-between; min-height: 4.5rem; }
.brand, .button, .go { display: inline-flex; align-items: center; gap: .75rem; }
.brand { min-height: 2.75rem; color: inherit; text-decoration: none; }
.brand img { height: 1.75rem; max-width: 8rem; }
nav .ghost { padding-inline: 0; }

main { flex: 0 1 auto; }
main > * + *, .doc > * + * { margin-top: 1rem; }
.doc :is(ul, ol) { padding-left: 1.5rem; list-style: revert; }
pre { margin: 0; white-space: pre-wrap; }
table { border-collapse: collapse; }
th, td { padding: .5rem 1rem .5rem 0; border-top: 1px solid var(--line); text-align: start; vertical-align: top; }
main > * + .actions, main > * + form, main > * + details { margin-top: 1.5rem; }
li p + *, details > * + * { margin-top: .75rem; }
.card, .narrow main { background: var(--card); border: 1px solid var(--line); border-radius: 1rem; box-shadow: var(--shadow); }
.narrow main { padding: 2rem; max-width: var(--column); }
.wide main { padding-block: 1.5rem 3rem; }
.wide h1 { font-size: 2rem; }

.button, select, textarea {
  min-height: 2.75rem; border: 1px solid var(--edge); border-radius: .625rem; background: var(--card); color: var(--text); font: inherit;
}
.button {
  justify-content: center; padding: .5rem 1.125rem; line-height: 1.25; text-align: center; text-decoration: none; cursor: pointer;
  transition: background-color .12s, border-color .12s;
}
.button:hover { border-color: var(--muted); background: color-mix(in srgb, var(--card), var(--text) 4%); }
.primary { border-color: var(--accent); background: var(--fill); color: var(--on-fill); }
.ghost, .ghost:hover { border-color: transparent; background: none; }
.ghost:hover { text-decoration: underline; }
.primary:hover { border-color: var(--text); background: var(--fill); }
.actions { display: flex; flex-wrap: wrap; gap: .75rem; }
.actions > * { flex: 1 1 9rem; }
.actions form, .actions form .button { width: 100%; }
.stack { flex-direction: column; }
.stack > * { flex: none; }
.choice { justify-content: flex-start; min-height: 3.5rem; padding-inline: .75rem 1rem; text-align: start; }
.choice .badge { margin-inline-start: auto; }

.mark, .badge { background: color-mix(in srgb, var(--tone, var(--accent)) 12%, transparent); color: var(--tone, var(--accent)); }
.mark {
  display: grid; place-items: center; flex: none; width: 2.5rem; height: 2.5rem; border-radius: .625rem;
}
svg { width: 1.375rem; height: 1.375rem; fill: none; stroke: currentColor; stroke-width: 1.75; stroke-linecap: round; stroke-linejoin: round; }
.badge {
  display: inline-block; padding: .0625rem .5rem; border-radius: 1rem; white-space: nowrap;
  font-size: .8125rem;
}
.good { --tone: var(--good); }
.warn { --tone: var(--warn); }
.bad { --tone: var(--bad); }
.quiet { --tone: var(--muted); }

.rows > * { display: flex; gap: .25rem 1rem; padding: .75rem 0; border-top: 1px solid var(--line); }
.rows > :last-child { border-bottom: 1px solid var(--line); }
.rows dt { flex: 0 0 8rem; color: var(--muted); }
.rows dd { min-width: 0; }
.rows a { display: inline-block; margin: -.625rem 0; padding: .625rem 0; }
.rows svg { flex: none; color: var(--tone); }
.go svg { width: 1.125rem; height: 1.125rem; }

.tiles { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(17rem, 100%), 1fr)); gap: 1rem; }
.card, .report { display: flex; flex-direction: column; }
.card { gap: .75rem; padding: 1.25rem; }
.tile { position: relative; min-height: 11rem; transition: border-color .12s; }
.tile:has(a:hover) { border-color: var(--accent); }
.tile a { color: inherit; text-decoration: none; }
.tile a::after { content: ""; position: absolute; inset: 0; border-radius: 1rem; }
.tile a:focus-visible { outline: 0; }
.tile a:focus-visible::after { outline: 2px solid var(--accent); outline-offset: 2px; }
.tile > :last-child { margin-top: auto; }
.go { gap: .25rem; color: var(--accent); }
.denied { background: none; box-shadow: none; }

.cards, .fields { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(20rem, 100%), 1fr)); gap: 1rem; align-items: start; }
.lead { display: flex; gap: .75rem; }
.lead > div { flex: 1; min-width: 0; }
.lead > .badge { align-self: start; }
.fields { grid-template-columns: repeat(auto-fit, minmax(min(14rem, 100%), 1fr)); align-items: end; }
h1, h2, h3, label, summary, .mark, .brand, .button, .badge, .go { font-weight: 600; }
select, textarea { width: 100%; padding: .5rem .75rem; font-weight: 400; }
.verdict { order: -1; }
.pending:has(+ *), [hidden] { display: none; }

summary { min-height: 2.75rem; padding: .625rem 0; cursor: pointer; }
details .rows > * { display: block; }

footer { padding-block: 1.25rem 2.5rem; color: var(--muted); font-size: .875rem; }
footer .code { color: var(--text); }
footer .code, dd code { user-select: all; }

@media (max-width: 30rem) {
  body > * { padding-inline: 1rem; }
  .narrow { padding-top: 0; }
  .narrow main { width: auto; margin-inline: 1rem; padding: 1.5rem 1.25rem; }
  nav > span { width: 100%; }
  .rows > div { display: block; }
  .tile { display: grid; grid-template-columns: auto 1fr; min-height: 0; column-gap: 1rem; }
  .tile > :last-child { grid-column: 2; }
}
@media (prefers-reduced-motion: reduce) { * { transition: none !important; } }
@media print {
  body { background: none; padding: 0; }
  .narrow main, .card { border-color: var(--edge); box-shadow: none; break-inside: avoid; }
  ::details-content { content-visibility: visible; }
}
`)
}

/** Without the line breaks and spaces that only help the reader of this file. */
function compact(css: string): string {
  return css
    .replace(/\s+/g, ' ')
    .replace(/ ?([{};,>]) ?/g, '$1')
    .replace(/: /g, ':')
    .replace(/;}/g, '}')
    .trim()
}
