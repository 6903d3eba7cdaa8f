"""Final results of the learners: reward against violation, and a table of results with the paper's claims."""

from collections.abc import Callable
from operator import neg
from typing import Any, cast

from bandits.threshold import late_average
from paper_figures import kit, style
from paper_figures.du2025.loops import BROKEN, LOOKS, SEARCH, TITLES, LoopFigure, best_reward
from paper_figures.kit import Axes, Frame, Panels, Row

CLAIMED_GAP = 0.003
_RIVALS = ("RewardUCB", "PrimalDualBandit")
_READING = """Means over repetitions with 95% intervals (Student's t). Reward in good acceptances per individual, a bad
one costing the price q of the population; cumulative violation: sum over rounds of how far the difference of the true
acceptance rates of the groups is beyond the tolerance. """


class _Outcomes(LoopFigure):
    """Means over repetitions at the horizon with 95% intervals, and where the ordering of the paper holds."""

    def data(self) -> Frame:
        """Return one row per environment and learner."""
        found = self.runs()
        of_search = {name: run.final("regret") for name, learner, run in found if learner == SEARCH}
        rows: list[Row] = []
        for name, learner, run in found:
            horizon, best = float(run.rounds[-1]), best_reward(run)
            samples = {
                "reward_per_round": best - run.final("regret") / horizon,
                "violation": run.final("violation"),
                "infeasible_share": run.final("infeasible_rounds") / horizon,
                "late_gap": late_average(run.rounds, run["regret"], self.late_share),
                "late_violation_per_round": late_average(run.rounds, run["violation"], self.late_share),
                "search_lead": (run.final("regret") - of_search[name]) / horizon,
            }
            row: Row = {"environment": name, "learner": learner, "repetitions": run.repetitions}
            for quantity, values in samples.items():
                row |= kit.interval(quantity, values)
            rows.append(row | {"best_feasible_reward_per_round": best})
        return kit.table(rows)

    def findings(self, frame: Frame) -> list[str]:
        """Return for each environment where the ordering of the paper holds, with numbers."""
        sentences = []
        for name, title in TITLES.items():
            rows = {row["learner"]: row for row in frame.filter(environment=name).iter_rows(named=True)}
            own = rows[SEARCH]
            for rival in _RIVALS:
                other = rows[rival]
                low, high = other["search_lead_low95"], other["search_lead_high95"]
                word = "holds" if low > 0.0 else "does not hold" if high < 0.0 else "is undecided"
                sentences.append(
                    f"{title}, more reward than {LOOKS[rival].label}: {word} (search "
                    f"{own['reward_per_round_mean']:.4f} per round, the other {other['reward_per_round_mean']:.4f}; "
                    f"difference {kit.with_interval(other, 'search_lead_{}', '+.4f')}); cumulative violation "
                    f"{own['violation_mean']:.0f} against {other['violation_mean']:.0f}."
                )
            sentences.append(_steady(title, own))
        return sentences


def _steady(title: str, own: Row) -> str:
    """Return whether the steady-state gap is below the claimed one, in which direction, and at what violation."""
    low, high = own["late_gap_low95"], own["late_gap_high95"]
    within = "holds" if high < CLAIMED_GAP else "does not hold" if low > CLAIMED_GAP else "is undecided"
    if high < -CLAIMED_GAP:
        within = "holds by breaking the constraint, and in size it does not"
    return (
        f"{title}, steady-state gap to the best feasible threshold below {CLAIMED_GAP}: {within}; gap "
        f"{kit.with_interval(own, 'late_gap_{}', '+.4f')}, violation "
        f"{own['late_violation_per_round_mean']:.4f} per round there."
    )


class Plane(_Outcomes):
    """Reward per round against cumulative violation, one panel per environment."""

    name = "du2025_plane"
    title = "Reward against violation: what is gained by breaking the constraint"
    claim = "The paper: optimistic feasible search has the higher reward at a far smaller cumulative violation."
    caption = (
        _READING
        + """Upper left is better; an interval may reach beyond the panel; dotted: reward of the best
    feasible threshold at its fixed point. The violation is linear from 0 to 1 and logarithmic above. Learners that
    ignore the constraint reach the upper right where violating it raises the reward (German Credit and COMPAS); in the
    synthetic loop it hardly does in the long run. The search is the ring; other open marks belong to the second learner
    of a colour."""
    )
    size = (7.2, 6.2)

    def draw(self, frame: Frame, axes: Panels) -> None:
        """Draw reward per round against cumulative violation, one panel per environment."""
        for panel, name in zip(axes, TITLES, strict=True):
            part = frame.filter(environment=name)
            level: Row = {"color": style.BLACK, "linestyle": ":", "linewidth": 1.0, "label": "best feasible threshold"}
            panel.axhline(part["best_feasible_reward_per_round"][0], **level)
            for row in part.iter_rows(named=True):
                _draw_point(panel, row)
            panel.set_xscale("symlog", linthresh=1.0)
            low, high = cast(Any, part["reward_per_round_mean"].min()), cast(Any, part["reward_per_round_mean"].max())
            room = 0.08 * (high - low) + 1e-3
            panel.set(xlabel="cumulative violation (rate $\\times$ rounds)", xlim=(-0.15, None))
            panel.set(ylabel="reward per round", ylim=(low - room, high + room))
        kit.finish(axes, list(TITLES.values()), legends=())
        kit.shared_legend(axes)


def _draw_point(panel: Axes, row: Row) -> None:
    look, name = LOOKS[row["learner"]], row["learner"]
    x, y = row["violation_mean"], row["reward_per_round_mean"]
    panel.errorbar(
        x,
        y,
        xerr=[[x - max(0.0, row["violation_low95"])], [row["violation_high95"] - x]],
        yerr=[[y - row["reward_per_round_low95"]], [row["reward_per_round_high95"] - y]],
        color=look.colour,
        marker=look.marker or "*",
        markersize={SEARCH: 12, "FixedThreshold": 10}.get(name, 6),
        markerfacecolor="none" if name == SEARCH else "white" if name in BROKEN else look.colour,
        markeredgewidth=2.4 if name == SEARCH else 1.2,
        linestyle="none",
        elinewidth=0.9,
        label=look.label,
    )


# quantity, heading, decimals, factor, the number of which the least is best
_COLUMNS: tuple[tuple[str, str, int, float, Callable[[float], float]], ...] = (
    ("reward_per_round", "reward per round", 4, 1.0, neg),
    ("violation", "cumulative violation", 1, 1.0, abs),
    ("infeasible_share", "infeasible rounds (%)", 1, 100.0, abs),
    ("late_gap", "steady-state gap", 4, 1.0, abs),
    ("late_violation_per_round", "late violation per round", 4, 1.0, abs),
)


class Table(_Outcomes):
    """The numbers as a table."""

    name = "du2025_table"
    title = "Results of every learner in the three closed loops"
    claim = """The paper: more reward than unconstrained and primal-dual bandits, far less cumulative violation, and a
    steady-state gap to the best feasible fixed threshold below 0.003. Our populations follow its description but are
    not copies of its own: we check its ordering, not its decimals."""
    caption = (
        _READING
        + """Mean ± half-width of the interval; bold: the best mean of a column, the oracle aside, for the gap
    the one nearest to 0. The steady-state gap is the reward of the best feasible
    threshold minus that of the learner in the last rounds; it is negative where a learner gains by breaking the
    constraint, and must be read with the violation beside it. Differences in the findings are taken repetition by
    repetition."""
    )
    panels, size = 1, (7.2, 6.4)

    def draw(self, frame: Frame, axes: Panels) -> None:
        """Write the table: one block per environment, one line per learner, mean and half-width of the interval."""
        kit.write_table(axes[0], *self.written(frame))

    def written(self, frame: Frame) -> kit.Written:
        """Return the table in words, the best of each column in bold."""
        rows: list[list[str]] = []
        for name, title in TITLES.items():
            part = frame.filter(environment=name)
            rows.append(
                [f"{title} (best feasible threshold: {part['best_feasible_reward_per_round'][0]:.4f} per round)"]
            )
            least = _least(part)
            rows += [[LOOKS[row["learner"]].label, *_entries(row, least)] for row in part.iter_rows(named=True)]
        return ["learner", *(heading for _, heading, *_ in _COLUMNS)], rows


def _least(part: Frame) -> list[float]:
    """Return the best of each column as rounded in the table, the oracle aside."""
    rows = [row for row in part.iter_rows(named=True) if row["learner"] != "FixedThreshold"]
    return [
        min(rank(round(factor * row[f"{name}_mean"], digits)) for row in rows)
        for name, _, digits, factor, rank in _COLUMNS
    ]


def _entries(row: Row, least: list[float]) -> list[str]:
    """Return mean ± half-width in each column, in bold where it is the best."""
    texts = []
    for (name, _, digits, factor, rank), best in zip(_COLUMNS, least, strict=True):
        mean, high = factor * row[f"{name}_mean"], factor * row[f"{name}_high95"]
        text = f"{mean:.{digits}f} ± {high - mean:.{digits}f}".replace("-", "\N{MINUS SIGN}")
        bold = rank(round(mean, digits)) == best and row["learner"] != "FixedThreshold"
        texts.append(f"**{text}**" if bold else text)
    return texts
