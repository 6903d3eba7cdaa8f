"""What figures are made of: the base class, columns of tables, curves with bands and bounds, sentences with numbers.

    class Regret(Figure):
        name, title = "cheng2023_regret", "Regret against the horizon"
        claim, caption = "...", "..."
        tiny, paper = changed(horizon=64), changed(horizon=2**20)

        horizon: int = setting("horizon T (rounds)", 2**14)

        def data(self) -> Frame: ...  # simulates; the table holds everything that is drawn
        def draw(self, frame: Frame, axes: Panels) -> None: ...  # reads the table only
        def findings(self, frame: Frame) -> list[str]: ...

Neither polars nor matplotlib is imported before a figure is made.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from sys import modules
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeAlias, TypeVar, cast, dataclass_transform

import numpy as np
from numpy.typing import NDArray

from paper_figures.style import GREY, Look
from paper_figures.words import Written as Written
from paper_figures.words import broken as broken
from paper_figures.words import plain as plain
from paper_figures.words import write_table as write_table
from sims import Run

if TYPE_CHECKING:
    import matplotlib.axes
    import polars

    Axes: TypeAlias = matplotlib.axes.Axes
    Frame: TypeAlias = polars.DataFrame
    Panels: TypeAlias = Sequence[matplotlib.axes.Axes]
else:
    Axes = Frame = Panels = Any

Array: TypeAlias = NDArray[np.float64]
Row: TypeAlias = dict[str, Any]
Key = TypeVar("Key")

QUALITIES = ("tiny", "quick", "paper")
INTERVAL = ("mean", "low95", "high95")  # of a mean, in the names of columns
SPREAD = ("median", "least", "greatest")  # over games
FITTED = ("", "_low95", "_high95")  # of a fitted exponent


# ---------------------------------------------------------------- figures


@dataclass(frozen=True)
class Paper:
    """Where a figure's claim comes from."""

    title: str
    authors: str
    venue: str
    url: str


def setting(label: str, default: Any) -> Any:
    """Return a field of a figure: a parameter with the label that the gallery shows and its value at quality quick."""
    return field(default=default, metadata={"label": label})


def changed(**parameters: Any) -> Mapping[str, Any]:
    """Return the parameters that differ from their defaults at a quality."""
    return parameters


@dataclass_transform(frozen_default=True)
class Figure:
    """A figure of a paper; its subclasses are frozen dataclasses whose fields are the parameters of the data.

    name: file name without ending, lower case; without one the class is a base of figures.  source: the paper, `PAPER`
    of the module or of its folder unless the class has another.
    claim: the theorem or section it illustrates.  caption: what was simulated and how to read it. Lines of texts may be
    broken anywhere.
    tiny, paper: the parameters that differ from the defaults at these qualities.
    panels, size: number of panels, two in a row, and inches of the whole, at most `style.WIDTH` wide.
    alone: it measures time, so that no other figure may be made meanwhile.
    simulations: name of the folder of its simulations, where figures that show the same ones share them; by default
    `name`.
    """

    name: ClassVar[str] = ""
    title: ClassVar[str]
    source: ClassVar[Paper]
    claim: ClassVar[str]
    caption: ClassVar[str]
    panels: ClassVar[int] = 1
    size: ClassVar[tuple[float, float]] = (7.2, 3.6)
    alone: ClassVar[bool] = False
    simulations: ClassVar[str] = ""
    tiny: ClassVar[Mapping[str, Any]] = {}
    paper: ClassVar[Mapping[str, Any]] = {}

    def __init_subclass__(cls) -> None:
        for place in (cls.__module__, cls.__module__.rpartition(".")[0]):
            if "source" not in vars(cls) and hasattr(modules.get(place), "PAPER"):
                cls.source = vars(modules[place])["PAPER"]
        for text in ("title", "claim", "caption"):
            if text in vars(cls):
                setattr(cls, text, " ".join(vars(cls)[text].split()))
        dataclass(frozen=True)(cls)

    @classmethod
    def at(cls, quality: str = "quick") -> Self:
        """Return the figure with the parameters of a quality; ValueError for an unknown one."""
        if quality not in QUALITIES:
            raise ValueError(f"quality must be one of {', '.join(QUALITIES)}, got {quality!r}")
        return cast(Any, cls)(**{"tiny": cls.tiny, "quick": {}, "paper": cls.paper}[quality])

    def data(self) -> Frame:
        """Simulate and return a tidy table of everything that is drawn, bounds and fits included."""
        raise NotImplementedError

    def draw(self, frame: Frame, axes: Panels) -> None:
        """Draw the table, which may come from a file, into `panels` axes; no parameter of the figure is read."""
        raise NotImplementedError

    def findings(self, frame: Frame) -> list[str]:
        """Return sentences with the numbers read off the table, for the gallery."""
        return []

    def written(self, frame: Frame) -> Written | None:
        """Return a table in words, which becomes NAME.tex and NAME.html too; text between ** is bold."""
        return None

    def parameters(self) -> dict[str, str]:
        """Return every parameter of the data as label -> text; those that are empty, 0 or None are left out."""
        named = {f.metadata["label"]: getattr(self, f.name) for f in fields(cast(Any, self))}
        return {label: _text(value) for label, value in named.items() if value not in ((), 0, None)}


def _text(value: Any) -> str:
    if isinstance(value, tuple):
        return ", ".join(_text(item) for item in value)
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, int) and value >= 1024 and value & (value - 1) == 0:
        return f"2^{value.bit_length() - 1}"
    return str(value)


# ---------------------------------------------------------------- tables


def table(data: Any) -> Frame:
    """Return a table of rows (dictionaries, in which columns may be missing) or of columns."""
    import polars

    return polars.DataFrame(data, infer_schema_length=None)


def stack(tables: Sequence[Frame]) -> Frame:
    """Return the rows of all tables; a column that a table lacks is null there."""
    import polars

    return polars.concat(tables, how="diagonal_relaxed")


def interval(name: str, samples: Array) -> Row:
    """Return NAME_mean, NAME_low95 and NAME_high95 of samples (R, ...) over the first axis.

    The interval is Student's t, pointwise; its ends are nan for R = 1.
    """
    from scipy.stats import t as student

    mean, count = samples.mean(axis=0), len(samples)
    half = np.full_like(mean, np.nan)
    if count > 1:
        half = float(student.ppf(0.975, count - 1)) * samples.std(axis=0, ddof=1) / np.sqrt(count)
    return {f"{name}_mean": mean, f"{name}_low95": mean - half, f"{name}_high95": mean + half}


def run_interval(run: Run, metric: str, name: str = "", unit: str = "") -> Row:
    """Return the columns (C,) of a metric's mean at each checkpoint with its 95% interval: NAME_mean + UNIT, ..."""
    low, high = run.interval(metric)
    values = (run.mean(metric), low, high)
    return {f"{name or metric}_{end}{unit}": value for end, value in zip(INTERVAL, values, strict=True)}


def final(columns: Row) -> Row:
    """Return the last entry of each column: the numbers at the last checkpoint."""
    return {name: float(column[-1]) for name, column in columns.items()}


def spread(name: str, values: Array) -> Row:
    """Return NAME_median, NAME_least and NAME_greatest of values (G, ...) over the first axis, the games."""
    ends = (np.median(values, axis=0), values.min(axis=0), values.max(axis=0))
    return {f"{name}_{end}": value for end, value in zip(SPREAD, ends, strict=True)}


def fitted(fit: Any, name: str = "exponent") -> Row:
    """Return NAME, NAME_low95 and NAME_high95 of a `theory.rates.Exponent`."""
    return {name: fit.exponent, f"{name}_low95": fit.low, f"{name}_high95": fit.high}


def bound_value(theorem: str | None, run: Run) -> float:
    """Return the value of a theorem's bound for a run; nan without a theorem."""
    import theory

    return theory.theorem(theorem).value_for(run.problem, run.learner) if theorem else float("nan")


def bound_along(theorem: str, run: Run, learner: Any = None) -> list[float]:
    """Return what a theorem says at each checkpoint, taken as the horizon; `learner` may stand for the run's."""
    import theory

    bound, problem = theory.theorem(theorem), cast(Any, run.problem)
    return [bound.value_for(replace(problem, horizon=int(n)), learner or run.learner) for n in run.rounds]


def values(frame: Frame, column: str) -> list[Any]:
    """Return the values of a column, each once, in the order in which they come."""
    return frame[column].unique(maintain_order=True).to_list()


def curves(
    frame: Frame, looks: Mapping[Key, Look], by: str, along: str, **equal: Any
) -> Iterator[tuple[Key, Look, Frame]]:
    """Yield (key, look, rows) for each look whose key the column `by` holds, the rows sorted along the abscissa.

    equal: values that columns must have.
    """
    part = frame.filter(**equal) if equal else frame
    for key, look in looks.items():
        rows = part.filter(part[by] == key).sort(along)
        if rows.height:
            yield key, look, rows


def first(frame: Frame) -> Row:
    """Return the first row."""
    return frame.row(0, named=True)


def last(frame: Frame) -> Row:
    """Return the last row."""
    return frame.row(-1, named=True)


# ---------------------------------------------------------------- curves and panels


def measured(rows: Frame, pattern: str, ends: tuple[str, str, str] = INTERVAL) -> tuple[Any, Any, Any]:
    """Return the columns of a mean and the ends of its interval: "regret_{}_loss" gives regret_mean_loss, ..."""
    middle, low, high = (rows[pattern.format(end)] for end in ends)
    return middle, low, high


def band(axes: Axes, x: Any, y: tuple[Any, Any, Any], look: Look, label: str = "", **line: Any) -> None:
    """Draw a mean as a marked line in its band; x (n,), y the mean, low and high (n,); `line` overrides the look."""
    middle, low, high = y
    axes.fill_between(x, low, high, color=look.colour, alpha=0.22, linewidth=0)
    style = {"color": look.colour, "marker": look.marker, "label": label or look.label, **line}
    axes.plot(x, middle, markeredgecolor="white", markeredgewidth=0.5, **style)


def curve(
    axes: Axes,
    rows: Frame,
    x: str,
    y: str,
    look: Look,
    label: str = "",
    bound: str = "",
    ends: tuple[str, str, str] = INTERVAL,
    **line: Any,
) -> None:
    """Draw the columns of pattern y in their band against the column x, and the column `bound` as a broken line.

    ends: the names that go into the pattern.  line: overrides the look of the mean.
    """
    band(axes, rows[x], measured(rows, y, ends), look, label, **line)
    if bound:
        theory_line(axes, rows[x], rows[bound], look.colour)


def marked(axes: Axes, x: Any, y: Any, look: Look, label: str = "", **line: Any) -> None:
    """Draw a marked line without a band; `line` overrides the look."""
    axes.plot(x, y, **{"color": look.colour, "marker": look.marker, "label": label or look.label, **line})


def theory_line(axes: Axes, x: Any, y: Any, colour: str, label: str = "", dash: str = "--") -> None:
    """Draw what a theorem says as a thin broken line without markers; nan is not drawn."""
    axes.plot(x, y, color=colour, linestyle=dash, linewidth=1.0, label=label or None)


def legend_entry(axes: Axes, label: str = "guaranteed", dash: Any = "--", **line: Any) -> None:
    """Name a kind of line in the legend without drawing it."""
    axes.plot([], [], **{"color": GREY, "linestyle": dash, "linewidth": 1.0, "label": label, **line})


def log_axes(axes: Axes, x_label: str, y_label: str, base: int = 2) -> None:
    """Make both axes logarithmic, the horizontal one in powers of `base`."""
    axes.set_xscale("log", base=base)
    axes.set_yscale("log")
    axes.set(xlabel=x_label, ylabel=y_label)


def log_x(axes: Axes, x_label: str, y_label: str, base: int = 2, **more: Any) -> None:
    """Make the horizontal axis logarithmic in powers of `base`; `more` is set on the axes."""
    axes.set_xscale("log", base=base)
    axes.set(xlabel=x_label, ylabel=y_label, **more)


def plain_ticks(axis: Any, subs: tuple[float, ...] = (1.0, 2.0, 5.0)) -> None:
    """Label a logarithmic axis (`axes.yaxis`) at `subs` times the powers of ten, in plain numbers."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    axis.set_major_locator(LogLocator(subs=subs))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())


def share_limits(panels: Panels, axis: str = "y") -> None:
    """Give all panels the same vertical range, or horizontal with axis="x"."""
    ends = [getattr(axes, f"get_{axis}lim")() for axes in panels]
    for axes in panels:
        axes.set(**{f"{axis}lim": (min(low for low, _ in ends), max(high for _, high in ends))})


def positive(y: tuple[Any, Any, Any]) -> tuple[Any, Any, Any]:
    """Return a mean and its interval for a logarithmic axis: the low end cut below half the mean, nan for mean <= 0."""
    mean, low, high = (np.asarray(part, dtype=float) for part in y)
    mean = np.where(mean > 0.0, mean, np.nan)
    return mean, np.maximum(low, 0.5 * mean), high


def legend_below(axes: Axes, columns: int = 1) -> None:
    """Put the legend under the axes and the label of the abscissa, where it covers no data."""
    from matplotlib.transforms import ScaledTranslation

    below = axes.transAxes + ScaledTranslation(0.0, -0.44, cast(Any, axes.get_figure()).dpi_scale_trans)
    place: Row = {"loc": "upper left", "bbox_to_anchor": (0.0, 0.0), "bbox_transform": below}
    handles, labels = axes.get_legend_handles_labels()
    texts = [broken(label, _letters(axes, columns)) for label in labels]
    axes.legend(handles, texts, ncols=columns, borderaxespad=0.0, **place)


def shared_legend(panels: Panels, columns: int = 0) -> None:
    """Put one legend with the entries of all panels, each once, into the free cell after them, else under the figure.

    columns: 1 in a free cell and 2 under the figure by default.
    """
    canvas = cast(Any, panels[0].get_figure())
    entries: dict[str, Any] = {}
    for axes in panels:
        entries |= {label: handle for handle, label in zip(*axes.get_legend_handles_labels()) if label not in entries}
    if len(panels) % 2 and len(panels) > 1:
        cell = canvas.add_subplot(cast(Any, panels[0].get_gridspec())[-1, -1])
        cell.set_axis_off()
        texts = [broken(label, _letters(cell, columns or 1)) for label in entries]
        cell.legend([*entries.values()], texts, loc="center left", ncols=columns or 1, borderaxespad=0.0)
    else:
        texts = [broken(label, 90 // (columns or 2)) for label in entries]
        canvas.legend([*entries.values()], texts, loc="outside lower center", ncols=columns or 2)


def _letters(axes: Axes, columns: int) -> int:
    """Return how many letters a line of a legend of so many columns may have under the axes."""
    grid, canvas = cast(Any, axes.get_gridspec()), cast(Any, axes.get_figure())
    points = 72.0 * (canvas.get_size_inches()[0] / grid.ncols - 0.6)
    return int((points / columns - 30.0) / 4.3)


def finish(panels: Panels, titles: Sequence[str], legends: Sequence[int] | None = None, columns: int = 1) -> None:
    """Title the panels (a), (b), ..., and put a legend below those of the numbers `legends`, all by default."""
    for letter, axes, title in zip("abcdef", panels, titles, strict=False):
        axes.set_title(f"({letter}) {title}")
    for place in range(len(panels)) if legends is None else legends:
        legend_below(panels[place], columns)


# ---------------------------------------------------------------- sentences


def with_interval(row: Row, pattern: str, form: str, ends: tuple[str, str, str] = INTERVAL) -> str:
    """Return "0.512 [0.498, 0.526]" from the columns of a pattern, numbers in the format `form`."""
    middle, low, high = (row[pattern.format(end)] for end in ends)
    return f"{middle:{form}} [{low:{form}}, {high:{form}}]"
