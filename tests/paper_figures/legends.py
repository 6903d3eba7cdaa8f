"""What a finished figure leaves unexplained or cuts off."""

import numpy as np
from matplotlib.colors import to_rgba
from matplotlib.container import ErrorbarContainer
from matplotlib.image import imread
from matplotlib.legend import Legend
from matplotlib.lines import Line2D

from paper_figures import style

NEUTRAL = {to_rgba(colour) for colour in (style.BLACK, style.GREY)}


def look(line):
    """Return what tells a line apart: dashes, marker, hollow or filled; and its colour."""
    dash, marker = line.get_linestyle(), line.get_marker()
    drawn, bare = dash not in ("None", ""), marker in ("None", "", None)
    hollow = not bare and to_rgba(line.get_markerfacecolor())[3] * (line.get_markerfacecolor() != "white") == 0
    return (dash if drawn else "", "" if bare else marker, hollow), to_rgba(line.get_color())


def unexplained(canvas):
    """Return a text for each line without an entry in a legend.

    An entry explains a line of its dashes, marker and colour, and markers without a line; one in black or grey explains
    such lines in every colour that another entry names. Lines that a text beside them names have the gid "annotated".
    """
    entries = {look(line) for legend in canvas.findobj(Legend) for line in legend.findobj(Line2D)}
    entries |= {(("", *kind[1:]), colour) for kind, colour in entries if kind[1]}
    colours = {colour for _, colour in entries}
    missing = []
    for axes in canvas.axes:
        bars = [bar for one in axes.containers if isinstance(one, ErrorbarContainer) for bar in one[1]]
        for line in axes.lines:
            data = np.asarray(line.get_ydata(), dtype=float)
            if line in bars or line.get_gid() == "annotated" or not np.isfinite(data).any():
                continue
            kind, colour = look(line)
            neutral = any((kind, grey) in entries for grey in NEUTRAL) and colour in colours
            if (kind, colour) not in entries and not neutral:
                missing.append(f"{axes.get_title(loc='left')}: {kind}, {line.get_color()}")
    return missing


def cut_off(picture):
    """Return whether anything in a PNG reaches its border, as text does that is cut off."""
    pixels = imread(picture)[..., :3]
    return bool(min(edge.min() for edge in (pixels[:2], pixels[-2:], pixels[:, :2], pixels[:, -2:])) < 1.0)
