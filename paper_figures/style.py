"""One look for all figures: how a series appears, and the canvas; colours and settings are those of `sims.style`.

Nothing here imports matplotlib until a figure is made, and no global state of matplotlib is touched.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sims.style import BLACK as BLACK
from sims.style import BLUE as BLUE
from sims.style import GREEN as GREEN
from sims.style import GREY as GREY
from sims.style import ORANGE as ORANGE
from sims.style import PURPLE as PURPLE
from sims.style import RC as RC
from sims.style import RED as RED
from sims.style import SKY as SKY
from sims.style import YELLOW as YELLOW

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

DOTS_PER_INCH = 200
WIDTH = 7.2  # inches, of every figure that is not narrower


@dataclass(frozen=True)
class Look:
    """How one series appears in every figure."""

    label: str
    colour: str
    marker: str


COLOURS = (SKY, BLUE, GREEN, ORANGE, RED, PURPLE, BLACK)
MARKERS = ("o", "s", "D", "^", "v", "P", "X")


def canvas(panels: int, size: tuple[float, float]) -> "tuple[Canvas, list[Axes]]":
    """Return a figure of `size` inches and its `panels` axes, two in a row; call it within `rc_context(RC)`.

    After an odd number of panels one cell is left, which `kit.shared_legend` uses.
    """
    from matplotlib.figure import Figure as Canvas
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    room = ConstrainedLayoutEngine(w_pad=0.07, h_pad=0.06)  # inches; ticks may still change when the layout is done
    figure = Canvas(figsize=size, layout=room)
    grid = figure.add_gridspec((panels + 1) // 2, min(panels, 2))
    return figure, [figure.add_subplot(grid[place // 2, place % 2]) for place in range(panels)]


def lay_out(canvas: "Canvas") -> None:
    """Place all parts of the finished figure, once for all its files: each `savefig` would do it anew."""
    canvas.set_dpi(DOTS_PER_INCH)
    engine = canvas.get_layout_engine()
    if engine is not None:
        engine.execute(canvas)
    canvas.set_layout_engine(None)
