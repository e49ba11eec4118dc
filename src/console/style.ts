/** The one style sheet. Colours meet WCAG AA in both themes: test/browser holds them. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --page: #f7f7f5; --card: #ffffff; --ink: #1d2125; --soft: #565e66; --line: #dcdfe2;
  --accent: #0b5d66; --on-accent: #ffffff; --accent-soft: #e3f0f1; --bar-none: #d5d9dc;
  --good: #17603a; --good-soft: #e4f3ea; --warn: #7a4b00; --warn-soft: #fbf0dc;
  --bad: #9b1c1c; --bad-soft: #fbe9e7; --calm: #3f4a54; --calm-soft: #eceef0;
  --radius: 10px; --mono: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #14171a; --card: #1c2024; --ink: #e8eaec; --soft: #a7b0b8; --line: #343b42;
    --accent: #6cc7d1; --on-accent: #08282c; --accent-soft: #17343a; --bar-none: #3a4249;
    --good: #86d7a7; --good-soft: #16321f; --warn: #f0c274; --warn-soft: #392a10;
    --bad: #ffa8a0; --bad-soft: #43201d; --calm: #c2cad1; --calm-soft: #2a3036;
  }
}
*, *::before, *::after { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body {
  margin: 0; background: var(--page); color: var(--ink);
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif;
}
h1, h2, h3 { line-height: 1.25; margin: 0; font-weight: 650; text-wrap: balance; }
h1 { font-size: 1.6rem; letter-spacing: -0.015em; overflow-wrap: anywhere; }
h2 { font-size: 1.1rem; }
h3 { font-size: 1rem; }
p, ul, ol, dl, form { margin: 0; }
a { color: var(--accent); text-underline-offset: 0.18em; text-decoration-thickness: 1px; }
a:hover { text-decoration-thickness: 2px; }
code { font-family: var(--mono); font-size: 0.9em; overflow-wrap: anywhere; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; border-radius: 4px; }
main:focus { outline: none; }
[hidden] { display: none !important; }
.skip { position: absolute; left: -100vw; top: 0; padding: 0.6rem 1rem; background: var(--card); z-index: 2; }
.skip:focus { left: 0; }
.quiet { color: var(--soft); }
.unseen { position: absolute; width: 1px; height: 1px; padding: 0; border: 0; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.stacked { list-style: none; padding: 0; display: grid; gap: 1.5rem; min-width: 0; }
.plain-list { list-style: none; padding: 0; display: grid; gap: 0.4rem; }
.top {
  display: flex; flex-wrap: wrap; gap: 0.5rem 1.5rem; align-items: center; justify-content: space-between;
  padding: 0.75rem clamp(1rem, 4vw, 2.5rem); background: var(--card); border-bottom: 1px solid var(--line);
}
.brand { display: flex; gap: 0.55rem; align-items: center; font-weight: 700; font-size: 1.1rem; color: var(--ink); text-decoration: none; }
.brand svg { width: 1.4rem; height: 1.4rem; fill: var(--accent); }
.areas { margin-right: auto; }
.areas ul { display: flex; flex-wrap: wrap; gap: 0.1rem 1.2rem; list-style: none; padding: 0; }
.areas a { display: inline-block; padding: 0.2rem 0; color: var(--soft); text-decoration: none; }
.areas a:hover { color: var(--ink); text-decoration: underline; }
.areas a[aria-current] { color: var(--ink); font-weight: 600; }
.account { display: flex; flex-wrap: wrap; gap: 0.25rem 1rem; align-items: center; font-size: 0.925rem; }
.tabs { display: flex; gap: 1.5rem; align-items: baseline; background: var(--card); border-bottom: 1px solid var(--line); padding: 0 clamp(1rem, 4vw, 2.5rem); }
.tabs ul { display: flex; flex-wrap: wrap; gap: 0 1.15rem; font-size: 0.95rem; min-width: 0; list-style: none; padding: 0; }
.tabs a { display: block; padding: 0.65rem 0; color: var(--soft); text-decoration: none; border-bottom: 3px solid transparent; }
.tabs strong { flex: none; max-width: min(100%, 16rem); overflow-wrap: anywhere; }
.tabs a:hover { color: var(--ink); }
.tabs a[aria-current] { color: var(--ink); font-weight: 600; border-color: var(--accent); }
main { max-width: 68rem; margin: 0 auto; padding: clamp(1.25rem, 4vw, 2.5rem) clamp(1rem, 4vw, 2.5rem) 4rem; display: grid; gap: 1.5rem; }
main > *, .card > * { min-width: 0; }
.narrow { max-width: 40rem; width: 100%; display: grid; gap: 1.5rem; }
.head { display: flex; flex-wrap: wrap; gap: 0.75rem 1.5rem; justify-content: space-between; align-items: center; }
.head > div { min-width: 0; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: var(--radius); padding: clamp(1rem, 3vw, 1.5rem); display: grid; gap: 1rem; }
.cards { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fill, minmax(min(100%, 15rem), 1fr)); list-style: none; padding: 0; }
.cards > li { display: grid; }
a.card { color: inherit; text-decoration: none; gap: 0.25rem; align-content: start; }
a.card:hover { border-color: var(--accent); }
a.card strong { color: var(--accent); overflow-wrap: anywhere; }
.figures { display: grid; gap: 1px; background: var(--line); border: 1px solid var(--line); border-radius: var(--radius); overflow: hidden; grid-template-columns: repeat(auto-fit, minmax(min(100%, 9.5rem), 1fr)); }
.figures > div { background: var(--card); padding: 0.9rem 1.1rem; display: grid; gap: 0.15rem; align-content: start; }
.figures dt { font-size: 0.85rem; color: var(--soft); }
.figures dd { margin: 0; font-size: 1.15rem; font-weight: 600; overflow-wrap: anywhere; }
.table { background: var(--card); border: 1px solid var(--line); border-radius: var(--radius); overflow: hidden; }
table { width: 100%; border-collapse: collapse; }
caption { text-align: left; padding: 0.9rem 1.1rem 0; font-weight: 650; }
th, td { text-align: left; padding: 0.75rem 1.1rem; vertical-align: middle; border-top: 1px solid var(--line); overflow-wrap: anywhere; }
thead th { border-top: 0; font-size: 0.85rem; font-weight: 600; color: var(--soft); white-space: nowrap; }
tbody th { font-weight: 600; }
tbody th .quiet { font-weight: 400; }
@media (min-width: 44.01rem) { td.name { white-space: nowrap; } .stack tbody th { min-width: 14rem; } }
.badge { display: inline-block; padding: 0.1rem 0.6rem; border-radius: 99px; font-size: 0.85rem; font-weight: 600; white-space: nowrap; }
.good { color: var(--good); background: var(--good-soft); }
.warn { color: var(--warn); background: var(--warn-soft); }
.bad { color: var(--bad); background: var(--bad-soft); }
.calm { color: var(--calm); background: var(--calm-soft); }
.notice { border-radius: var(--radius); padding: 1rem 1.2rem; display: grid; gap: 0.4rem; border-left: 5px solid currentcolor; }
.notice ul { padding-left: 1.2rem; }
.notice a { color: inherit; }
.field { display: grid; gap: 0.3rem; grid-template-columns: minmax(0, 1fr); }
.field label, legend, .label { font-weight: 600; }
fieldset { border: 0; margin: 0; padding: 0; display: grid; gap: 1.1rem; min-width: 0; }
legend { padding: 0; margin-bottom: 0.9rem; font-size: 1.1rem; font-weight: 650; }
.hint { color: var(--soft); font-size: 0.925rem; }
.error { color: var(--bad); font-weight: 600; background: none; }
input[type=text], input[type=url], input[type=password], input[type=number], input[type=date], input[type=datetime-local], select, textarea {
  font: inherit; width: 100%; padding: 0.55rem 0.75rem; color: var(--ink); background: var(--card);
  border: 1px solid var(--soft); border-radius: 7px; min-height: 2.75rem;
}
textarea { font-family: var(--mono); font-size: 0.9rem; min-height: 7rem; }
[aria-invalid=true] { border: 2px solid var(--bad); }
.check { display: flex; gap: 0.65rem; align-items: flex-start; }
.check input { width: 1.2rem; height: 1.2rem; margin: 0.2rem 0 0; accent-color: var(--accent); flex: none; }
.actions { display: flex; flex-wrap: wrap; gap: 0.6rem; align-items: center; }
button, .button {
  font: inherit; font-weight: 600; min-height: 2.75rem; padding: 0.5rem 1.15rem; border-radius: 7px; cursor: pointer;
  border: 1px solid var(--accent); background: var(--accent); color: var(--on-accent); text-decoration: none; display: inline-flex; align-items: center;
}
button:hover, .button:hover { filter: brightness(1.08); }
.second { background: transparent; color: var(--accent); }
.quiet-button { background: transparent; color: var(--ink); border-color: var(--line); }
.danger { background: transparent; color: var(--bad); border-color: var(--bad); }
.plain { background: none; border: 0; color: var(--accent); padding: 0 0.25rem; text-decoration: underline; text-underline-offset: 0.18em; }
.copyable { display: grid; gap: 0.3rem; }
.copyable > div { display: flex; gap: 0.6rem; align-items: stretch; flex-wrap: wrap; }
.copyable code { flex: 1 1 14rem; min-width: 0; padding: 0.6rem 0.8rem; background: var(--calm-soft); border-radius: 7px; }
.steps { list-style: none; padding: 0; counter-reset: step; display: grid; gap: 1rem; }
.steps > li { counter-increment: step; position: relative; padding-left: 3.6rem; }
.steps > li::before {
  content: counter(step); position: absolute; left: 1.2rem; top: 1.35rem; width: 1.7rem; height: 1.7rem; border-radius: 50%;
  display: grid; place-items: center; background: var(--accent-soft); color: var(--accent); font-weight: 700; font-size: 0.9rem;
}
.pulse { display: inline-block; width: 0.7rem; height: 0.7rem; border-radius: 50%; background: currentcolor; margin-right: 0.5rem; }
@media (prefers-reduced-motion: no-preference) { .pulse { animation: pulse 1.6s ease-in-out infinite; } }
@keyframes pulse { 50% { opacity: 0.25; } }
progress { width: 100%; height: 0.8rem; accent-color: var(--accent); }
.bars { display: block; width: 100%; }
.bars.small { height: 28px; min-width: 7rem; max-width: 12rem; }
.bars.large { height: 96px; }
.bars .some, .shares .some { fill: var(--accent); }
.bars .wrong { fill: var(--bad); }
.bars .none { fill: var(--bar-none); }
.whole { display: block; width: 100%; height: 1.6rem; border-radius: 5px; }
.tone-good { fill: var(--good); }
.tone-accent { fill: var(--accent); }
.tone-calm { fill: var(--soft); }
.tone-warn { fill: var(--warn); }
.tone-bad { fill: var(--bad); }
.legend { display: flex; flex-wrap: wrap; gap: 0.4rem 1.6rem; }
.legend > div { display: flex; gap: 0.5rem; align-items: center; }
.legend dd { margin: 0; font-weight: 650; font-variant-numeric: tabular-nums; }
.swatch { width: 0.8rem; height: 0.8rem; margin-right: 0.45rem; vertical-align: -0.05rem; }
details.card { gap: 0; }
details.card > :not(summary) { margin-top: 1rem; }
input[type=file] { font: inherit; width: 100%; min-width: 0; }
input[type=file]::file-selector-button { font: inherit; padding: 0.5rem 1rem; margin-right: 0.8rem; border-radius: 7px; border: 1px solid var(--soft); background: var(--calm-soft); color: var(--ink); cursor: pointer; }
summary h2 { display: inline; }
[data-note]:empty { display: none; }
.card > .table { border-radius: 7px; }
.axis { display: flex; justify-content: space-between; font-size: 0.85rem; color: var(--soft); }
.shares { display: grid; gap: 0.55rem; }
.shares > div { display: grid; grid-template-columns: minmax(7rem, 1fr) 3fr; gap: 0.75rem; align-items: center; }
.shares dd { margin: 0; display: flex; gap: 0.75rem; align-items: center; }
.shares svg { flex: 1; height: 8px; min-width: 0; }
.shares span { min-width: 3.5rem; text-align: right; font-variant-numeric: tabular-nums; }
.facts { display: grid; gap: 0.3rem 1.5rem; grid-template-columns: max-content 1fr; font-size: 0.95rem; }
.facts dt { color: var(--soft); }
.facts dd { margin: 0; overflow-wrap: anywhere; }
.choice { display: flex; flex-wrap: wrap; gap: 0.4rem 1.2rem; }
.search { display: flex; flex-wrap: wrap; align-items: end; }
.search > .field { flex: 1 1 9rem; }
.search > .wide { flex: 3 1 20rem; }
.timeline { list-style: none; padding: 0; display: grid; gap: 0.9rem; }
.attention { list-style: none; padding: 0; display: grid; gap: 1rem; }
.attention > li { display: grid; gap: 0.3rem; border-top: 1px solid var(--line); padding-top: 1rem; min-width: 0; overflow-wrap: anywhere; }
.attention .choice { align-items: baseline; gap: 0.2rem 0.9rem; }
.attention summary { width: max-content; font-size: 0.925rem; }
.attention details p { margin-top: 0.3rem; max-width: 46rem; }
.choice a[aria-current] { color: var(--ink); font-weight: 600; text-decoration: none; }
.empty { text-align: center; padding: 3rem 1rem; justify-items: center; }
.wall { min-height: 60vh; display: grid; align-content: center; justify-items: center; }
.wall .card { width: min(100%, 26rem); }
fieldset.grid { grid-template-columns: repeat(auto-fit, minmax(min(100%, 16rem), 1fr)); }
fieldset.grid .field { grid-template-rows: auto 1fr; }
fieldset.grid .field > :last-child { align-self: end; }
fieldset.grid .field:has(textarea) { grid-column: 1 / -1; order: 1; }
fieldset.grid textarea { min-height: 4rem; }
fieldset.grid legend { margin-top: 0.5rem; }
textarea.short { min-height: 3.5rem; }
textarea.code { white-space: pre; overflow: auto; resize: vertical; }
input.code { font-family: var(--mono); font-size: 0.9rem; }
.maprows { list-style: none; padding: 0; display: grid; gap: 0.6rem; }
.maprow { position: relative; padding-bottom: 0.3rem; border-bottom: 1px solid var(--line); }
.maprow:last-child { border-bottom: 0; }
.maprow fieldset { gap: 0.25rem; }
.maprow details > * + * { margin-top: 0.75rem; }
.mapcells { display: grid; gap: 0.75rem; grid-template-columns: minmax(0, 4fr) minmax(0, 3fr) minmax(0, 2fr); align-items: end; }
.maprow label { font-size: 0.85rem; font-weight: 600; color: var(--soft); }
.maprow:has(option[value=pair]:checked) .made, .maprow:not(:has(option[value=pair]:checked)) .paired { display: none; }
summary { cursor: pointer; color: var(--accent); padding: 0.35rem 0; width: fit-content; }
pre { margin: 0.5rem 0 0; padding: 0.8rem; overflow: auto; background: var(--calm-soft); border-radius: 7px; font-family: var(--mono); font-size: 0.85rem; max-width: 100%; }
.changes { list-style: none; padding: 0; display: grid; gap: 0.5rem; overflow-wrap: anywhere; }
.changes del, .changes ins { font-family: var(--mono); font-size: 0.9em; }
.changes ins { text-decoration: none; font-weight: 600; }
.changes del { color: var(--soft); }
.faults .line { display: block; margin-top: 0.15rem; opacity: 0.9; }
@media (max-width: 44rem) {
  .tabs { display: block; padding-top: 0.5rem; }
  .areas { flex: 1 1 100%; min-width: 0; order: 1; }
  .tabs ul, .areas ul { flex-wrap: nowrap; overflow-x: auto; white-space: nowrap; padding-right: 2.5rem; mask-image: linear-gradient(to right, #000 calc(100% - 2.5rem), transparent); }
  .tabs a { padding: 0.4rem 0; }
  .mapcells { grid-template-columns: minmax(0, 1fr); }
  .stack, .stack tbody, .stack tr, .stack th, .stack td { display: block; width: 100%; }
  .stack thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  .stack tr { padding: 0.85rem 1.1rem; border-top: 1px solid var(--line); }
  .stack tbody:first-of-type tr:first-child { border-top: 0; }
  .stack th, .stack td { border: 0; padding: 0.2rem 0; }
  .stack td[data-label]::before { content: attr(data-label) ": "; color: var(--soft); }
  .search > .field, .search > .wide { flex-basis: 100%; }
  .facts, .shares > div { grid-template-columns: 1fr; gap: 0.1rem; }
  .facts dd + dt { margin-top: 0.5rem; }
  .steps > li { padding-left: clamp(1rem, 3vw, 1.5rem); padding-top: 3.4rem; }
  .steps > li::before { left: 1rem; top: 1.1rem; }
}
@media (forced-colors: active) { .badge, .notice { border: 1px solid; } .bars .some, .shares .some { fill: CanvasText; } }
`

export const ICON = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24"><path fill="#0b8793" d="M4 22V11a8 8 0 0 1 16 0v11h-5V12a3 3 0 0 0-6 0v10z"/></svg>`
