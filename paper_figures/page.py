"""The gallery's page: plain HTML with its own style, no scripts, nothing fetched; works from the file system."""

import html
from collections.abc import Mapping, Sequence
from typing import Any

_CSS = """
:root { color-scheme: light; }
body { margin: 0 auto; max-width: 62rem; padding: 1.5rem; background: #fff; color: #1a1a1a;
       font: 16px/1.55 system-ui, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
h1 { font-size: 1.6rem; margin: 0 0 .3rem; }
h2 { font-size: 1.2rem; margin: 0 0 .2rem; }
nav { columns: 24rem 2; }
nav section { break-inside: avoid; }
nav h2 { font-size: 1rem; }
nav p { color: #444; font-size: .86rem; margin: 0; }
nav ul { margin: .2rem 0 1rem; padding-left: 1.2rem; }
figure { margin: 0; }
article { border-top: 1px solid #ddd; margin-top: 2rem; padding-top: 1.5rem; }
img { width: 100%; height: auto; }
.claim { color: #444; margin: 0 0 .8rem; }
.files a { margin-right: 1rem; }
.files code, li { overflow-wrap: anywhere; }
.failed { background: #fdecea; padding: .6rem 1rem; border-radius: 4px; }
a { color: #0b5cad; }
table { border-collapse: collapse; font-size: .86rem; margin: .6rem 0; }
th, td { text-align: left; vertical-align: top; padding: .2rem .9rem .2rem 0; border-bottom: 1px solid #eee; }
th { font-weight: 600; }
td { overflow-wrap: break-word; }
summary { cursor: pointer; color: #333; }
code { background: #f4f4f4; padding: 0 .25em; }
"""


def html_page(title: str, body: str) -> str:
    """Return a page of one's own around escaped HTML."""
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{html.escape(title)}</title>
<style>{_CSS}</style>
</head>
<body>
{body}
</body>
</html>
"""


def page(cards: Sequence[Mapping[str, Any]], failed: Mapping[str, str]) -> str:
    """Return index.html for the figures' descriptions; `failed` maps names to escaped reasons."""
    sources: dict[str, list[Mapping[str, Any]]] = {}
    for card in cards:
        sources.setdefault(card["paper"]["title"], []).append(card)
    contents = "\n".join(_contents(group) for group in sources.values())
    notes = "\n".join(f'<p class="failed"><b>{name}</b> was not drawn: {reason}</p>' for name, reason in failed.items())
    articles = "\n".join(_article(card) for card in cards)
    return html_page(
        "regretlab: figures",
        f"""<h1>regretlab: figures</h1>
<p>Every picture comes with the table it was drawn from (CSV) and a vector copy (PDF).
Unless a caption says otherwise, bands and error bars are 95% confidence intervals (Student's t over independent
repetitions, pointwise), and broken lines are theorems with their true constants.</p>
{notes}
<nav>
{contents}
</nav>
{articles}""",
    )


def _contents(cards: Sequence[Mapping[str, Any]]) -> str:
    """Return the links to the figures of one paper."""
    paper = cards[0]["paper"]
    links = "\n".join(f'<li><a href="#{card["name"]}">{html.escape(card["title"])}</a></li>' for card in cards)
    title, authors = html.escape(paper["title"]), html.escape(paper["authors"])
    return f"<section><h2>{title}</h2>\n<p>{authors}</p>\n<ul>\n{links}\n</ul></section>"


def _article(card: Mapping[str, Any]) -> str:
    name, paper = card["name"], card["paper"]
    title, caption, claim = (html.escape(card[key]) for key in ("title", "caption", "claim"))
    rows = "\n".join(
        f"<tr><th>{html.escape(label)}</th><td>{html.escape(value)}</td></tr>"
        for label, value in card["parameters"].items()
    )
    findings = "\n".join(f"<li>{html.escape(finding)}</li>" for finding in card["findings"])
    read_off = f"<p>Read off the data:</p>\n<ul>\n{findings}\n</ul>" if findings else ""
    written = f'<a href="{name}.tex">LaTeX</a><a href="{name}.html">HTML</a>' if card.get("written") else ""
    source = ". ".join(html.escape(paper[key]) for key in ("authors", "title", "venue"))
    return f"""<article id="{name}">
<h2>{title}</h2>
<p class="claim">{claim}</p>
<figure>
<a href="{name}.pdf"><img src="{name}.png" alt="{title}"></a>
<figcaption>{caption}</figcaption>
</figure>
{read_off}
<p class="files"><a href="{name}.pdf">PDF</a><a href="{name}.png">PNG</a>
<a href="{name}.csv">data (CSV, {card["rows"]} rows)</a>{written}
<code>{html.escape(card["command"])}</code></p>
<details open><summary>Parameters ({card["quality"]} quality)</summary>
<table>
{rows}
</table></details>
<p class="claim">Source: {source}. <a href="{paper["url"]}">{html.escape(paper["url"])}</a></p>
</article>"""
