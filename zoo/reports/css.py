"""The style sheet of every page: light and dark, phone and paper, no external file."""

from dataclasses import asdict

from zoo.plots import DARK, LIGHT


def style_sheet() -> str:
    """The whole CSS. Its variables are the palette of zoo.plots, so figures follow the page.

    >>> "prefers-color-scheme: dark" in style_sheet()
    True
    """
    light, dark = (_variables(colours) for colours in (LIGHT, DARK))
    return (
        f":root {{ color-scheme: light dark; {light} }}\n"
        f"@media (prefers-color-scheme: dark) {{ :root {{ {dark} }} }}\n"
        f"{_RULES}"
        f"@media print {{ :root {{ color-scheme: light; {light} }} {_PAPER} }}\n"
    )


def _variables(colours) -> str:
    return " ".join(f"--{name}: {value};" for name, value in asdict(colours).items())


_RULES = """
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body { margin: 0 auto; max-width: 58rem; padding: 1.5rem 1rem 4rem; background: var(--paper);
  color: var(--ink); font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans",
  sans-serif; overflow-wrap: break-word; }
h1 { font-size: 1.75rem; line-height: 1.2; margin: 0.5rem 0; }
h2 { font-size: 1.3rem; line-height: 1.25; margin: 3rem 0 0.75rem; padding-top: 1rem;
  border-top: 1px solid var(--line); }
h3 { font-size: 1rem; margin: 1.5rem 0 0.25rem; }
p { margin: 0.6rem 0; max-width: 42rem; }
.lead { font-size: 1.1rem; color: var(--muted); margin-bottom: 1.5rem; }
a { color: var(--blue); text-underline-offset: 0.15em; }
nav ul { display: flex; flex-wrap: wrap; gap: 0.25rem 1.25rem; list-style: none; margin: 0;
  padding: 0; }
nav li { min-width: 0; overflow-wrap: anywhere; }
nav a { display: inline-block; padding: 0.35rem 0; max-width: 100%; }
h1, h2, figcaption, caption { overflow-wrap: anywhere; }
.scroll { overflow-x: auto; margin: 1rem 0; max-width: 100%; }
.scroll:focus-visible, a:focus-visible { outline: 2px solid var(--blue); outline-offset: 2px; }
table { border-collapse: collapse; font-size: 0.9rem; }
caption { text-align: left; max-width: calc(100vw - 2rem);
  color: var(--muted); padding-bottom: 0.4rem; }
th, td { text-align: left; vertical-align: top; padding: 0.45rem 1.1rem 0.45rem 0;
  border-bottom: 1px solid var(--line); }
thead th { color: var(--muted); font-weight: 600; white-space: nowrap; }
tbody th { font-weight: 600; white-space: nowrap; }
th:last-child, td:last-child { padding-right: 0; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.short { white-space: nowrap; }
td:not([class]) { min-width: 14rem; overflow-wrap: anywhere; }
tbody th:not([class]) { white-space: normal; overflow-wrap: anywhere; min-width: 10rem; }
figure { margin: 1.25rem 0; break-inside: avoid; }
figure svg, figure img { display: block; max-width: 100%; height: auto; }
figcaption { color: var(--muted); font-size: 0.9rem; margin-top: 0.4rem; max-width: 42rem; }
code, pre, kbd { font-family: ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono",
  monospace; font-size: 0.875em; }
pre { overflow-x: auto; padding: 0.75rem 0.9rem; border: 1px solid var(--line);
  border-radius: 6px; line-height: 1.45; }
.sortable tbody th, .sortable thead th:first-child { position: sticky; left: 0;
  background: var(--paper); background-clip: padding-box; }
th button { all: unset; cursor: pointer; color: inherit; font: inherit; padding: 0.2rem 0;
  white-space: nowrap; }
th button::after { content: "↕"; color: var(--grey); padding-left: 0.3em; font-weight: 400; }
th[aria-sort=ascending] button::after { content: "↑"; color: var(--blue); }
th[aria-sort=descending] button::after { content: "↓"; color: var(--blue); }
th button:focus-visible { outline: 2px solid var(--blue); outline-offset: 2px; }
.answers { display: grid; gap: 0.75rem; margin: 1rem 0 1.5rem;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 15rem), 1fr)); }
.answers div { padding: 0.8rem 0.9rem; border: 1px solid var(--line); border-radius: 6px;
  min-width: 0; break-inside: avoid; }
.answers dt { color: var(--muted); font-size: 0.9rem; }
.answers dd { margin: 0; font-size: 1.3rem; font-weight: 700; line-height: 1.3;
  overflow-wrap: anywhere; }
.answers .reason { font-size: 0.9rem; font-weight: 400; line-height: 1.5; margin-top: 0.4rem; }
.examples { list-style: none; margin: 1rem 0; padding: 0; display: grid; gap: 0.75rem;
  grid-template-columns: repeat(auto-fill, minmax(min(100%, 20rem), 1fr)); }
.examples.long { grid-template-columns: 1fr; }
.examples li { display: flex; gap: 0.75rem; align-items: flex-start; min-width: 0;
  padding: 0.7rem 0.8rem; border: 1px solid var(--line); border-radius: 6px;
  break-inside: avoid; }
.examples img { flex: none; width: 4rem; height: 4rem; object-fit: contain;
  image-rendering: pixelated; border-radius: 4px; }
.examples dl { margin: 0; min-width: 0; flex: 1; font-size: 0.9rem; display: grid;
  grid-template-columns: auto 1fr; gap: 0.1rem 0.7rem; }
.examples dt { color: var(--muted); }
.examples dd { margin: 0; min-width: 0; overflow-wrap: anywhere; white-space: pre-line; }
.mark { flex: none; font-weight: 700; line-height: 1.35; }
.right { color: var(--blue); }
.wrong { color: var(--orange); }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%);
  white-space: nowrap; }
@media (min-width: 48rem) { body { padding-top: 3rem; } h1 { font-size: 2.1rem; } }
"""

_PAPER = """
html { font-size: 12px; }
body { max-width: none; padding: 0; }
.answers { grid-template-columns: repeat(3, 1fr); }
nav { display: none; }
h2, h3, h2 + p, caption { break-after: avoid; }
p, tr, thead, .answers, .sortable { break-inside: avoid; }
tbody tr:first-child { break-before: avoid; }
figure svg { max-width: 9.5cm; }
.scroll { overflow: visible; }
.sortable { font-size: 7pt; }
.sortable thead th { white-space: normal; vertical-align: bottom; }
.sortable th, .sortable td { position: static !important; padding: 0.2rem 0.55rem 0.2rem 0; }
.sortable td.short, .sortable th.short { white-space: normal; }
td:not([class]), tbody th:not([class]) { min-width: 5rem; }
th button { white-space: normal; }
th button::after { content: none; }
pre { white-space: pre-wrap; }
"""
