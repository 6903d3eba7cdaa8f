"""The figures: a page for each paper, written into docs/figures, and the gallery itself next to them.

What `make figures` wrote is shown; without it, figures of the quality "tiny" are drawn into docs/_build/figures.
"""

import html
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from api_pages import keep, toctree

from paper_figures import catalogue

Card = dict[str, Any]


def setup(app: Any) -> dict[str, Any]:
    """Write the pages before Sphinx looks for them, and copy the gallery after all pages are built."""
    app.connect("builder-inited", _write)
    app.connect("build-finished", _copy, priority=100)
    return {"parallel_read_safe": True}


def _folder(app: Any) -> Path:
    """Return the folder of the figures that the site shows."""
    root = Path(app.srcdir).parent
    drawn = root / "out" / "figures"
    return drawn if (drawn / "index.html").exists() else root / "docs" / "_build" / "figures"


def _write(app: Any) -> None:
    folder = _folder(app)
    if not (folder / "index.html").exists():
        command = [sys.executable, "-m", "sims", "figures", "--quality", "tiny", "--out", str(folder), "--quiet"]
        subprocess.run(command, check=True)
    papers: dict[str, list[Card]] = {}
    for name in catalogue():
        if (card := folder / f"{name}.json").exists():
            described = json.loads(card.read_text(encoding="utf-8"))
            papers.setdefault(described["paper"]["title"], []).append(described)
    index, pages = [_HEAD], {}
    for title, cards in papers.items():
        page = cards[0]["name"].partition("_")[0]
        if f"{page}.md" in pages:
            raise ValueError(f"two papers have figures named {page}_...: the first part of a name tells the paper")
        pages[f"{page}.md"] = _page(title, cards)
        links = [f"- [{card['title']}](#figure-{card['name']})" for card in cards]
        index += [f"## [{title}]({page}.md)", "", cards[0]["paper"]["authors"], "", *links, ""]
    pages["index.md"] = "\n".join([*index, *toctree(page.removesuffix(".md") for page in pages)])
    keep(Path(app.srcdir) / "figures", pages)


_HEAD = """# Figures

What `make figures` draws, by paper; click on a picture for its parameters, its data and its PDF. Unless a caption says
otherwise, bands and error bars are 95% confidence intervals, and broken lines are theorems with their true constants.
"""


def _page(title: str, cards: list[Card]) -> str:
    """Return the page of one paper as MyST."""
    paper = cards[0]["paper"]
    source = ". ".join(paper[key] for key in ("authors", "venue"))
    return "\n\n".join([f"# {title}", f"{source}. <{paper['url']}>", *map(_figure, cards)]) + "\n"


def _figure(card: Card) -> str:
    name, title = card["name"], html.escape(card["title"])
    picture = f'<img src="../gallery/{name}.png" alt="{title}" loading="lazy">'
    return f"""(figure-{name})=
## {title}

{html.escape(card["claim"])}

```{{raw}} html
<figure><a href="../gallery/index.html#{name}">{picture}</a>
<figcaption>{html.escape(card["caption"])}</figcaption></figure>
```

    {card["command"]}"""


def _copy(app: Any, error: Exception | None) -> None:
    """Copy pictures, tables and the gallery's page into the site."""
    if error is None and app.builder.format == "html":
        leave = shutil.ignore_patterns("simulations", "*.json")
        shutil.copytree(_folder(app), Path(app.outdir) / "gallery", ignore=leave, dirs_exist_ok=True)
