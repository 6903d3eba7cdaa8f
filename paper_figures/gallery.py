"""Make figures: NAME.csv, NAME.png, NAME.pdf and one index.html that shows them with all that they depend on.

The table is written before anything is drawn, and one figure that fails does not stop the others. NAME.json
keeps what the gallery says about a figure, so that a later call for a few figures leaves the others in the index.
The same data give the same bytes: no time of writing goes into any file.
"""

import html
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from bandits.core.checks import integer
from paper_figures import catalogue, style
from paper_figures.kit import QUALITIES, Figure, Frame
from paper_figures.page import html_page, page
from paper_figures.simulations import kept_in
from sims.execute import worker_count
from sims.markup import html_table, latex_table
from sims.side_by_side import side_by_side

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas


_METADATA: dict[str, dict[str, Any]] = {  # without the versions and times that would change the bytes
    "png": {"Software": None},
    "pdf": {"Creator": None, "Producer": None, "CreationDate": None},
}


@dataclass(frozen=True)
class Drawn:
    """A figure that was tried: its files, the seconds it took, and what went wrong, if anything."""

    name: str
    files: tuple[Path, ...]
    seconds: float
    error: Exception | None = None


def draw(
    names: Sequence[str] = (),
    quality: str = "quick",
    out: str | Path = "out/figures",
    figures: Mapping[str, type[Figure]] | None = None,
    *,
    workers: int | None = None,
    cluster: str | None = None,
    processes: int = 1,
) -> Iterator[Drawn]:
    """Make the named figures (none means all) in the folder `out`; yield each when it is done.

    quality: "tiny", "quick" or "paper".  figures: name -> class to choose from, all of this package by default;
    `catalogue` finds those of another.
    workers, cluster: where the simulations run (`simulations.kept_in`); they are kept in out/simulations/NAME, so that
    a second call draws without simulating and a changed parameter computes its own cells only.
    processes: figures made at once, each in a process of its own, which compile and draw side by side. The calling
    script then needs a guard, `if __name__ == "__main__"`. The figures come in the order in which they are done.
    Raises ValueError at once for an unknown name or quality, listing the known ones, for workers below 1 and for a
    cluster that does not answer; OSError if `out` cannot be made.
    """
    known = catalogue() if figures is None else figures
    wanted = chosen(names, known)
    if quality not in QUALITIES:
        raise ValueError(f"quality must be one of {', '.join(QUALITIES)}, got {quality!r}")
    worker_count(workers)
    if cluster is not None:
        from sims.dask_workers import cluster_at

        with cluster_at(cluster):
            pass
    folder = Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    made = partial(_made, quality, folder, workers, cluster)
    count = integer("processes", processes, low=1)
    return _indexed(map(made, wanted) if count == 1 else _together(made, wanted, count), folder, known)


def chosen(names: Sequence[str], known: Mapping[str, type[Figure]]) -> list[type[Figure]]:
    """Return the figures of these names, all of them for no name; ValueError names the nearest and the known."""
    for name in names:
        if name not in known:
            near = [other for other in known if name in other] or get_close_matches(name, known, n=3)
            hint = f"did you mean {', '.join(near)}?" if near else "`regretlab figures --list` lists all"
            raise ValueError(f"no figure named {name!r}: {hint}")
    return [known[name] for name in dict.fromkeys(names)] if names else list(known.values())


def _made(quality: str, folder: Path, workers: int | None, cluster: str | None, figure: type[Figure]) -> Drawn:
    """Make one figure, whatever it raises."""
    start = time.perf_counter()
    try:
        with kept_in(folder / "simulations" / (figure.simulations or figure.name), workers=workers, cluster=cluster):
            files = write(figure.at(quality), quality, folder)
    except Exception as error:  # the other figures must not be lost with this one
        return Drawn(figure.name, (), time.perf_counter() - start, error)
    return Drawn(figure.name, files, time.perf_counter() - start)


def _together(made: Callable[[type[Figure]], Drawn], wanted: list[type[Figure]], processes: int) -> Iterator[Drawn]:
    """Make figures at once, those that share simulations in one process; those that measure time follow, one by one."""
    sharing: dict[str, list[type[Figure]]] = {}
    for figure in wanted:
        if not figure.alone:
            sharing.setdefault(figure.simulations or figure.name, []).append(figure)
    longest_first = sorted(sharing.values(), key=len, reverse=True)
    for figures, drawn in side_by_side(partial(_in_order, made), longest_first, processes):
        if isinstance(drawn, list):
            yield from drawn
        else:  # an exception that cannot be sent, or the end of the figures' process
            yield from (Drawn(figure.name, (), 0.0, cast(Exception, drawn)) for figure in figures)
    yield from map(made, (figure for figure in wanted if figure.alone))


def _in_order(made: Callable[[type[Figure]], Drawn], figures: list[type[Figure]]) -> list[Drawn]:
    return [made(figure) for figure in figures]


def _indexed(made: Iterator[Drawn], folder: Path, known: Mapping[str, type[Figure]]) -> Iterator[Drawn]:
    """Pass figures on; the index shows each before the caller sees it."""
    failed: dict[str, Exception] = {}
    for drawn in made:
        if drawn.error is not None:
            failed[drawn.name] = drawn.error
        write_index(folder, known, failed)
        yield drawn


def write(figure: Figure, quality: str, folder: Path) -> tuple[Path, ...]:
    """Simulate and draw one figure; return its files (table, pictures, description)."""
    table, card = folder / f"{figure.name}.csv", folder / f"{figure.name}.json"
    card.unlink(missing_ok=True)  # the index must not show an old picture beside a new table
    frame = figure.data()
    frame.write_csv(table)
    canvas, texts = picture(figure, frame), _written(figure, frame, folder)
    pictures = save(canvas, folder / figure.name)
    card.write_text(json.dumps(describe(figure, quality, frame), indent=1) + "\n", encoding="utf-8")
    return (table, *pictures, *texts, card)


def _written(figure: Figure, frame: Frame, folder: Path) -> list[Path]:
    """Write the figure's table in words, where it has one, as LaTeX and as HTML."""
    written = figure.written(frame)
    if written is None:
        return []
    texts = {"tex": latex_table(*written), "html": html_page(figure.title, html_table(*written))}
    paths = [folder / f"{figure.name}.{ending}" for ending in texts]
    for path, text in zip(paths, texts.values(), strict=True):
        path.write_text(text, encoding="utf-8")
    return paths


def picture(figure: Figure, frame: Frame) -> "Canvas":
    """Return the figure as drawn from its table."""
    from matplotlib import rc_context

    with rc_context(style.RC):
        canvas, axes = style.canvas(figure.panels, figure.size)
        figure.draw(frame, axes)
        style.lay_out(canvas)
    return canvas


def save(canvas: "Canvas", stem: Path, kinds: Sequence[str] = ("png", "pdf")) -> tuple[Path, ...]:
    """Write STEM.png and STEM.pdf, the same bytes for the same canvas."""
    from matplotlib import rc_context

    files = tuple(stem.with_suffix(f".{kind}") for kind in kinds)
    with rc_context(style.RC):
        for kind, file in zip(kinds, files, strict=True):
            canvas.savefig(file, dpi=style.DOTS_PER_INCH, metadata=_METADATA[kind])
    return files


def describe(figure: Figure, quality: str, frame: Frame) -> dict[str, Any]:
    """Return what the gallery says about a figure."""
    package = type(figure).__module__.partition(".")[0]
    elsewhere = "" if package == "paper_figures" else f" --module {package}"
    return {
        "name": figure.name,
        "title": figure.title,
        "claim": figure.claim,
        "caption": figure.caption,
        "findings": figure.findings(frame),
        "quality": quality,
        "command": f"regretlab figures {figure.name} --quality {quality}{elsewhere}",
        "parameters": figure.parameters(),
        "paper": vars(figure.source),
        "rows": frame.height,
        "written": figure.written(frame) is not None,
    }


def write_index(folder: Path, known: Mapping[str, type[Figure]], failed: Mapping[str, Exception]) -> Path:
    """Write index.html for all figures described in the folder, in the catalogue's order; return its path."""
    cards = []
    for name in known:
        card = folder / f"{name}.json"
        if card.exists():
            cards.append(json.loads(card.read_text(encoding="utf-8")))
    notes = {name: html.escape(f"{type(error).__name__}: {error}") for name, error in failed.items()}
    index = folder / "index.html"
    index.write_text(page(cards, notes), encoding="utf-8")
    return index
