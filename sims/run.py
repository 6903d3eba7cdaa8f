"""`Run`, the result of a simulation: every metric of every repetition at every checkpoint."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bandits.core.checks import real
from bandits.protocol import Learner, Problem

if TYPE_CHECKING:
    import polars
    from matplotlib.axes import Axes


@dataclass(frozen=True, eq=False)
class Run:
    """R repetitions measured at C checkpoints.

    rounds: (C,) int64, rounds played at each checkpoint.  values: (R, C, M) float64, one column per metric of
    `problem.metrics`; `run["regret"]` is an (R, C) slice.
    records: what `simulate(..., record=...)` kept of the repetitions `recorded`, by name, each array (Q, T, ...).
    trace: with record="everything" a list per repetition of `sims.engines.recording.Happened`, one per round.
    """

    problem: Problem
    learner: Learner
    seed: int
    first_repetition: int
    rounds: NDArray[np.int64]
    values: NDArray[np.float64]
    records: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    recorded: Sequence[int] = ()
    trace: Sequence[Sequence[Any]] = ()

    @property
    def metrics(self) -> tuple[str, ...]:
        """Names of the metrics."""
        return self.problem.metrics

    @property
    def repetitions(self) -> int:
        """Number of repetitions R."""
        return len(self.values)

    def __getitem__(self, metric: str) -> NDArray[np.float64]:
        """Return a metric as an (R, C) array; a KeyError lists the available metrics."""
        if metric not in self.metrics:
            raise KeyError(f"no metric {metric!r}; this run has {', '.join(self.metrics)}")
        return self.values[:, :, self.metrics.index(metric)]

    def final(self, metric: str) -> NDArray[np.float64]:
        """Return a metric at the last checkpoint, (R,)."""
        return self[metric][:, -1]

    def mean(self, metric: str) -> NDArray[np.float64]:
        """Return the mean over repetitions at each checkpoint, (C,)."""
        return np.asarray(self[metric].mean(axis=0))

    def interval(self, metric: str, level: float = 0.95) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the ends (C,), (C,) of Student's t interval for the mean at each checkpoint.

        It is asymptotic and pointwise, fit for the band of a figure. For a verdict with a stated error
        probability use `theory.verify`. With one repetition the interval is the whole real line, or the value
        itself where it is known that nothing is drawn; it is the whole line, too, where a sample is infinite.
        """
        level = real("level", level, 0.0, 1.0, open_low=True, open_high=True)
        samples, mean = self[metric], self.mean(metric)
        if self.repetitions == 1 and self.problem.plays(self.learner) == 1:
            return mean, mean
        if self.repetitions == 1:
            return np.full_like(mean, -np.inf), np.full_like(mean, np.inf)
        from scipy.stats import t as student

        finite = ~np.isinf(samples).any(axis=0)
        error = np.where(finite, samples, 0.0).std(axis=0, ddof=1) / np.sqrt(self.repetitions)
        half = float(student.ppf(0.5 + level / 2, self.repetitions - 1)) * error
        return np.where(finite, mean - half, -np.inf), np.where(finite, mean + half, np.inf)

    @property
    def actions(self) -> NDArray[Any]:
        """The recorded actions (Q, T): integers, or a structured array where an action is a record.

        Raises ValueError unless they were recorded.
        """
        if "actions" not in self.records:
            raise ValueError('this run has no actions: play it with simulate(..., record=["actions"])')
        return self.records["actions"]

    def action_counts(self, field: str | None = None) -> NDArray[np.int64]:
        """Return how often each action was played in each recorded repetition, (Q, n_actions).

        field: of actions that are records, the one to count, as in action_counts("first").
        """
        played = self.actions
        if field not in (played.dtype.names or (None,)):
            known = f"among {', '.join(played.dtype.names)}" if played.dtype.names else "None: actions are no records"
            raise ValueError(f"field must be {known}, got {field!r}")
        played = played if field is None else played[field]
        if played.ndim != 2 or played.dtype.kind != "i":
            raise ValueError(f"only actions that are integers can be counted, not {played.dtype}")
        counts = [np.bincount(row, minlength=getattr(self.problem, "n_actions", 0)) for row in played]
        return np.array(counts, dtype=np.int64)

    def to_frame(self) -> "polars.DataFrame":
        """Return a tidy table: one row per (repetition, round), one column per metric."""
        import polars

        n, c, _ = self.values.shape
        columns: dict[str, Any] = {
            "repetition": np.repeat(np.arange(self.first_repetition, self.first_repetition + n), c),
            "round": np.tile(self.rounds, n),
        }
        return polars.DataFrame(columns | {m: self[m].reshape(-1) for m in self.metrics})

    def plot(self, metric: str = "regret", **options: Any) -> "Axes":
        """Draw a metric's mean against the round in its band; options: `bounds`, `level` and `ax` of `sims.plot`."""
        from sims import plot

        return plot(self, metric, **options)

    def __repr__(self) -> str:
        shape = f"repetitions={self.repetitions}, rounds={int(self.rounds[-1])}, seed={self.seed}"
        return f"Run({self.problem!r}, {self.learner!r}, {shape})"

    def _repr_html_(self) -> str:
        """Return the metrics at the last round as a table, for notebooks."""
        from sims.markup import html_table

        rows = []
        for metric in self.metrics:
            low, high = self.interval(metric)
            rows.append([metric, f"{self.mean(metric)[-1]:.5g}", f"[{low[-1]:.5g}, {high[-1]:.5g}]"])
        size = f"{self.repetitions} repetitions, round {self.rounds[-1]}, seed {self.seed}"
        return html_table(["metric", "mean", "95% interval"], rows, f"{self.learner!r} in {self.problem!r}: {size}")
