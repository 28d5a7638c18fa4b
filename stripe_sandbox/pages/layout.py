"""One frame for all pages: server-rendered, no script, the same in light and dark."""

from __future__ import annotations

from dataclasses import dataclass, field
from html import escape
from urllib.parse import quote, urlsplit


@dataclass
class Page:
    status: int
    body: str
    content_type: str = "text/html; charset=utf-8"
    headers: dict[str, str] = field(default_factory=dict)


def frame(status: int, title: str, content: str, *, leads_to: tuple[str | None, ...] = ()) -> Page:
    """``leads_to``: addresses that a form's answer may redirect to, which browsers check."""
    origins = sorted({origin for url in leads_to if url and (origin := _origin(url))})
    targets = " ".join(["'self'", *origins])
    policy = (
        "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none';"
        f" frame-ancestors 'none'; form-action {targets}"
    )
    body = f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{escape(title)} · Sandbox</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/assets/sandbox.css">
</head>
<body>
<header><p class="ribbon"><strong>Sandbox: no real money.</strong> Nothing here is charged or
paid.</p></header>
<main>
{content}
</main>
</body>
</html>
"""
    headers = {
        "Content-Security-Policy": policy,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
        "Cache-Control": "no-store",
    }
    return Page(status, body, headers=headers)


def notice(status: int, title: str, text: str, *, link: tuple[str, str] | None = None) -> Page:
    """A page that says one thing, and where to go next."""
    onward = ""
    if link is not None:
        onward = f'<p><a class="button" href="{escape(link[0])}">{escape(link[1])}</a></p>'
    content = f'<div class="card"><h1>{escape(title)}</h1><p>{escape(text)}</p>{onward}</div>'
    return frame(status, title, content)


def redirect(url: str) -> Page:
    location = quote(url, safe=":/?#[]@!$&'()*+,;=%~-._{}")
    return Page(303, "", headers={"Location": location, "Cache-Control": "no-store"})


def alert(text: str) -> str:
    return f'<p class="alert" role="alert" id="problem">{escape(text)}</p>' if text else ""


def _origin(url: str) -> str | None:
    parts = urlsplit(url)
    safe = parts.scheme in ("http", "https") and not set(parts.netloc) & set(" ;,'\"")
    return f"{parts.scheme}://{parts.netloc}" if safe else None


STYLE = """
:root {
  color-scheme: light dark;
  --page: #f4f5f7; --card: #ffffff; --line: #d6d9e0; --text: #1b1f2a; --soft: #555c6d;
  --accent: #3447b0; --on-accent: #ffffff; --ribbon: #fdefc3; --on-ribbon: #5b3d00;
  --bad: #a3172b; --bad-page: #fdecee; --focus: #3447b0;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #14161c; --card: #1d2029; --line: #3a3f4d; --text: #eceef3; --soft: #aeb4c2;
    --accent: #9daaff; --on-accent: #10142b; --ribbon: #4a3a10; --on-ribbon: #ffe9ad;
    --bad: #ffb1bb; --bad-page: #45161d; --focus: #c3cbff;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--page); color: var(--text);
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
}
.ribbon {
  margin: 0; padding: .5rem 1rem; text-align: center;
  background: var(--ribbon); color: var(--on-ribbon); font-size: .9375rem;
}
main { max-width: 60rem; margin: 0 auto; padding: 1.5rem 1rem 3rem; }
.columns { display: grid; gap: 1.5rem; }
@media (min-width: 48rem) { .columns { grid-template-columns: 1fr 1fr; align-items: start; } }
.card {
  background: var(--card); border: 1px solid var(--line); border-radius: .75rem;
  padding: 1.25rem; min-width: 0;
}
main > .card { max-width: 32rem; margin: 0 auto; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 .5rem; overflow-wrap: anywhere; }
h2 { font-size: 1.0625rem; margin: 1.75rem 0 .5rem; }
.card > h2:first-child { margin-top: 0; }
p { margin: 0 0 1rem; overflow-wrap: anywhere; }
.soft { color: var(--soft); }
.small { font-size: .875rem; }
.lines { list-style: none; margin: 1rem 0 0; padding: 0; }
.lines li {
  display: flex; justify-content: space-between; gap: 1rem; padding: .625rem 0;
  border-top: 1px solid var(--line); overflow-wrap: anywhere;
}
.lines .sum { white-space: nowrap; font-variant-numeric: tabular-nums; }
.lines .total { font-weight: 650; }
label { display: block; font-weight: 600; margin: 0 0 .25rem; }
.field { margin: 0 0 1rem; min-width: 0; }
.pair { display: grid; grid-template-columns: 1fr 1fr; gap: 1rem; align-items: end; }
input, select {
  width: 100%; min-height: 2.75rem; padding: .5rem .75rem; font: inherit; color: inherit;
  background: var(--page); border: 1px solid var(--soft); border-radius: .5rem;
  font-variant-numeric: tabular-nums;
}
button, .button {
  display: inline-flex; align-items: center; justify-content: center; min-height: 2.75rem;
  padding: .5rem 1rem; font: inherit; font-weight: 600; text-decoration: none; cursor: pointer;
  color: var(--on-accent); background: var(--accent); border: 1px solid var(--accent);
  border-radius: .5rem;
}
.wide { width: 100%; }
button.quiet { color: var(--text); background: transparent; border-color: var(--line); }
.choices { list-style: none; margin: 0; padding: 0; display: grid; gap: .5rem; }
.choices button {
  width: 100%; justify-content: space-between; gap: .75rem; font-weight: 500; text-align: left;
}
.number { color: var(--soft); font-variant-numeric: tabular-nums; white-space: nowrap; }
.alert {
  padding: .75rem 1rem; border-radius: .5rem; border: 1px solid var(--bad);
  background: var(--bad-page); color: var(--bad); font-weight: 600;
}
.row { display: flex; flex-wrap: wrap; gap: .75rem; }
a { color: var(--accent); }
a.button { color: var(--on-accent); }
:focus-visible { outline: 3px solid var(--focus); outline-offset: 2px; }
"""
