"""Every link of the built site to the site itself must lead somewhere: pages, pictures, styles, scripts and anchors."""

from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit


def setup(app: Any) -> dict[str, Any]:
    """Look at the links when everything is built; each that leads nowhere is a warning."""
    app.connect("build-finished", _warn, priority=900)
    return {"parallel_read_safe": True}


def _warn(app: Any, error: Exception | None) -> None:
    from sphinx.util.logging import getLogger

    if error is None and app.builder.format == "html":
        for message in broken_links(Path(app.outdir)):
            getLogger(__name__).warning(message)


class Page(HTMLParser):
    """The anchors of a page, and all that it links to."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.anchors, self.links = {"", "top"}, set[str]()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        """Collect the anchors and links of a tag."""
        for name, value in attributes:
            if name in ("id", "name"):
                self.anchors.add(value or "")
            elif name in ("href", "src") and value and not (tag == "link" and "opensearch" in value):
                self.links.add(value)


def broken_links(folder: Path) -> list[str]:
    """Return a line for each link of the pages in a folder to a file or an anchor in it that is not there."""
    files = [path.resolve() for path in folder.rglob("*.html") if "_static" not in path.parts]
    pages = {path: Page(path) for path in files}
    broken = []
    for path, page in pages.items():
        for link in sorted(page.links):
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            anchors = pages[target].anchors if target in pages else {unquote(parts.fragment)}
            if not target.exists() or unquote(parts.fragment) not in anchors:
                broken.append(f"{path.relative_to(folder.resolve())}: {link} leads nowhere")
    return broken
