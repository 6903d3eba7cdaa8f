"""What a figure is: settings, a step that makes the data, a step that draws them.

`data` simulates and returns a tidy table with everything that will be drawn, bounds and fits included;
`draw` reads that table only. The two can run apart: the table may come from a file or from a store.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import polars
    from matplotlib.axes import Axes

QUALITIES = ("quick", "paper")


@dataclass(frozen=True)
class Paper:
    """Where a figure's claim comes from."""

    title: str
    authors: str
    venue: str
    url: str


@dataclass(frozen=True)
class Figure:
    """A figure of a paper.

    name: file name without ending, lower case.  claim: the theorem or section it illustrates.
    caption: what was simulated and how to read it.  settings: quality -> a frozen dataclass whose fields carry
    a "label" in their metadata: all the parameters of the data.
    compute: settings -> table.  paint: (table, axes in reading order) -> None.
    findings: table -> sentences with the numbers read off the data, for the gallery.
    """

    name: str
    title: str
    paper: Paper
    claim: str
    caption: str
    settings: Mapping[str, Any]
    compute: "Callable[[Any], polars.DataFrame]"
    paint: "Callable[[polars.DataFrame, Sequence[Axes]], None]"
    findings: "Callable[[polars.DataFrame], list[str]]"
    panels: int = 1
    size: tuple[float, float] = (7.2, 3.6)  # inches

    def data(self, quality: str = "quick") -> "polars.DataFrame":
        """Simulate and return the table to draw; ValueError for an unknown quality."""
        return self.compute(self._chosen(quality))

    def draw(self, frame: "polars.DataFrame", axes: "Sequence[Axes]") -> None:
        """Draw the table into `panels` axes."""
        self.paint(frame, axes)

    def parameters(self, quality: str = "quick") -> dict[str, str]:
        """Return every parameter behind the data as label -> text."""
        chosen = self._chosen(quality)
        named = {field.metadata["label"]: getattr(chosen, field.name) for field in fields(chosen)}
        return {label: _text(value) for label, value in named.items() if value not in ((), 0, None)}

    def _chosen(self, quality: str) -> Any:
        if quality not in self.settings:
            raise ValueError(f"quality must be one of {', '.join(self.settings)}, got {quality!r}")
        return self.settings[quality]


def _text(value: Any) -> str:
    if isinstance(value, tuple):
        return ", ".join(_text(item) for item in value)
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, int) and value >= 1024 and value & (value - 1) == 0:
        return f"2^{value.bit_length() - 1}"
    return str(value)
