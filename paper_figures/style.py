"""One look for all figures: Okabe and Ito's palette (safe for colour-blind readers) and the layout of the canvas.

Nothing here imports matplotlib until a figure is made, and no global state of matplotlib is touched.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

BLACK, ORANGE, SKY, GREEN = "#000000", "#E69F00", "#56B4E9", "#009E73"
YELLOW, BLUE, RED, PURPLE, GREY = "#F0E442", "#0072B2", "#D55E00", "#CC79A7", "#6E6E6E"

DOTS_PER_INCH = 200

RC: Any = {
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "axes.titlesize": 9.5,
    "axes.titlelocation": "left",
    "axes.labelsize": 9,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "legend.fontsize": 8,
    "legend.frameon": False,
    "legend.handlelength": 2.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.grid.which": "major",
    "axes.axisbelow": True,
    "grid.color": "#E4E4E4",
    "grid.linewidth": 0.6,
    "lines.linewidth": 1.5,
    "lines.markersize": 5.5,
    "pdf.fonttype": 42,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
}


@dataclass(frozen=True)
class Look:
    """How one series appears in every figure."""

    label: str
    colour: str
    marker: str


COLOURS = (SKY, BLUE, GREEN, ORANGE, RED, PURPLE, BLACK)
MARKERS = ("o", "s", "D", "^", "v", "P", "X")


def canvas(panels: int, size: tuple[float, float]) -> "tuple[Canvas, list[Axes]]":
    """Return a figure of `size` inches and its `panels` axes, side by side; call it within `rc_context(RC)`."""
    from matplotlib.figure import Figure as Canvas

    figure = Canvas(figsize=size, layout="constrained")
    return figure, list(figure.subplots(1, panels, squeeze=False)[0])


def lay_out(canvas: "Canvas") -> None:
    """Place all parts of the finished figure, once for all its files: each `savefig` would do it anew."""
    canvas.set_dpi(DOTS_PER_INCH)
    engine = canvas.get_layout_engine()
    if engine is not None:
        engine.execute(canvas)
    canvas.set_layout_engine(None)
