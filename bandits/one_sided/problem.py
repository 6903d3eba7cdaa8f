"""The one-sided game: accept or reject k individuals per round; a label is observed only on acceptance.

Bechavod & Roth, "Individually Fair Learning with One-Sided Feedback" (2022), Section 2. In round t

1. the learner fixes a policy pi_t, a law over hypotheses (`Play`);
2. k individuals arrive, and a panel;
3. ONE hypothesis h_t drawn from pi_t decides for all k; the label y_i is revealed only where h_t(x_i) = 1;
4. the panel sees pi_t, not h_t, and reports a pair with an (alpha, gamma)-violation, or none.

| notation     | here                   | meaning                                                       |
|--------------|------------------------|---------------------------------------------------------------|
| k            | individuals            | arrivals per round                                            |
| N            | n_hypotheses           | size of the class                                             |
| alpha        | tolerance              | pi(x) - pi(x') may exceed the distance by this much           |
| epsilon      | slack                  | the benchmark must be fair at alpha - epsilon                 |
| gamma m      | Panel.votes            | auditors who must object                                      |
| C            | Play.price             | Lagrange multiplier of a reported gap                         |

Loss is misclassifications, summed over the k. Regret is against the policy that is fair for every panel on every
pair of the population and has the least expected error over the horizon (`benchmark`), held fixed for the run, as in
the theorems. For a recorded sequence it is the best in hindsight at the horizon.
"""

from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any, ClassVar, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

from bandits.core.arguments import Checked, read_only
from bandits.core.checks import fits, instance, integer, optional_real, real
from bandits.core.jit import rare_kernel, shared_kernel
from bandits.core.limits import exceeds
from bandits.core.rng import Stream
from bandits.one_sided.audit import AuditSetting, objection, reported_pair, sitting_panel
from bandits.one_sided.auditors import Audit, Panels, Rule, Schedule
from bandits.one_sided.benchmark import FairPolicy, fair_policy
from bandits.one_sided.hypotheses import Hypotheses, HypothesesSteps
from bandits.one_sided.people import People, PeopleSteps
from bandits.one_sided.play import Play as Play
from bandits.one_sided.play import check_play, make_acceptance
from bandits.one_sided.reduction import HIDDEN
from bandits.protocol import ProblemSteps, RoundProblem

_LAST_OF_BLOCK = 4095  # see bandits.core.summation
_MANY_INDIVIDUALS = 2**20  # largest k: a round compares all pairs


@dataclass(frozen=True)
class OneSided(Checked):
    """A label is revealed where the individual is accepted."""

    kind: ClassVar[str] = "one-sided"


@dataclass(frozen=True)
class FullLabels(Checked):
    """All labels are revealed."""

    kind: ClassVar[str] = "full labels"


class Report(NamedTuple):
    """The feedback of a round."""

    cells: Any  # (k,) int64, cell of every individual in the learner's class
    labels: Any  # (k,) int64: 0, 1 or HIDDEN
    accepted: Any  # (k,) int64: 0 or 1
    acceptance: Any  # (k,) float64, pi_t(x_i): acceptance of the arrivals by the policy played
    first: int  # position of rho1 in 0..k-1, or NOBODY
    second: int


class OneSidedSetting(NamedTuple):
    """What the compiled functions receive."""

    people: Any
    hypotheses: Any
    table: Any  # (n_cells, N) uint8, empty for a class too large to list
    cell: Any  # (n,) int64
    group: Any  # (n,) int64
    n_groups: int
    n_hypotheses: int
    individuals: int
    audits: AuditSetting
    fair: Any  # (3, n_cells) float64: acceptance of the benchmark at slack epsilon, epsilon / 2 and 0


class OneSidedWorld(NamedTuple):
    """State of the game, all in arrays; those of shape (k,) hold the current round."""

    people: Any
    cells: Any
    labels: Any
    shown: Any
    accepted: Any
    acceptance: Any
    audited: Any  # (k,) float64, what the panel observes
    groups: Any  # (4, G) int64: arrivals, acceptances, errors, errors among the accepted
    counts: Any  # (4,) int64: loss, violations, reports, observations
    sums: Any  # (5, 2) float64: error, the three regrets, Lagrangian regret; closed and open blocks of 4096 rounds


class Metrics(NamedTuple):
    """Metrics after a number of rounds."""

    loss: int
    error: float
    violations: int
    reports: int
    observations: int
    error_regret: float
    error_regret_half_slack: float
    error_regret_no_slack: float
    lagrangian_regret: float


class GroupMetrics(NamedTuple):
    """`Metrics`, and counts (G,) by group."""

    whole: Metrics
    arrivals: Any
    acceptances: Any
    errors: Any
    seen_errors: Any


@dataclass(frozen=True, eq=False)
class OneSidedGame(RoundProblem):
    """`horizon` >= 1 rounds of `individuals` >= 1 arrivals from `people`, audited by `panels`.

    tolerance: alpha in [0, 1].  slack: epsilon in [0, alpha]; None means alpha.  feedback: OneSided() or FullLabels().

    Metrics: loss (misclassifications by the drawn hypotheses), error (expected, sum of Error(pi_t)), violations
    (rounds in which pi_t has an (alpha, gamma)-violation), reports (equal to violations when the panel audits the
    policy), observations (labels revealed), error_regret (against Q_{alpha - epsilon, gamma}),
    error_regret_half_slack and error_regret_no_slack (against epsilon / 2 and 0), lagrangian_regret (error regret plus
    C times the reported gaps beyond the benchmark's), and with G > 1 groups arrivals_g, acceptances_g,
    errors_g and seen_errors_g (errors that were revealed).
    """

    people: People
    hypotheses: Hypotheses
    panels: Panels
    horizon: int
    individuals: int = 2
    tolerance: float = 0.2
    slack: float | None = None
    feedback: OneSided | FullLabels = field(default_factory=OneSided)

    def __post_init__(self) -> None:
        instance("people", self.people, People, "a population such as Lending()")
        instance("hypotheses", self.hypotheses, Hypotheses, "a class such as GroupThresholds()")
        instance("panels", self.panels, Panels, "panels such as Panels(Panel(auditors, votes=2))")
        instance("feedback", self.feedback, (OneSided, FullLabels), "OneSided() or FullLabels()")
        integer("horizon", self.horizon, low=1)
        integer("individuals", self.individuals, low=1, high=_MANY_INDIVIDUALS)
        tolerance = real("tolerance", self.tolerance, 0.0, 1.0)
        slack = optional_real("slack", self.slack, low=0.0, high=1.0)
        if slack is not None and slack > tolerance:
            raise ValueError(f"slack must be at most tolerance = {tolerance:g}, got {slack:g}")
        object.__setattr__(self, "slack", tolerance if slack is None else slack)
        n_kinds, n_features = self.people.features.shape
        fits("people", len(self.panels.panels) * n_features * n_kinds**2)  # distances of all pairs, by every panel
        self.people.setting(self.horizon, self.individuals)
        self.hypotheses.cells(self.people)

    @property
    def n_hypotheses(self) -> int:
        """Number N of hypotheses."""
        return self.hypotheses.size(self.people)

    @cached_property
    @read_only
    def table(self) -> NDArray[np.uint8]:
        """All predictions (n_cells, N), or an empty array for a class too large to list."""
        return self.hypotheses.table(self.people)

    @cached_property
    @read_only
    def swings(self) -> NDArray[np.float64]:
        """Swing auditors' distances of the panels, (P, n, n)."""
        return self.panels.swings(self.people.features)

    def benchmark(self, slack: float) -> FairPolicy:
        """Return the best policy of Q_{alpha - slack, gamma} for the expected labels of the whole horizon."""
        level = self.tolerance - real("slack", slack, 0.0, self.tolerance)
        return fair_policy(self.people, self.hypotheses, self.swings, level, self.people.expected(self.horizon))

    @cached_property
    def benchmarks(self) -> tuple[FairPolicy, ...]:
        """The benchmarks at slack epsilon, epsilon / 2 and 0."""
        return tuple(self.benchmark(part * self.slack) for part in (1.0, 0.5, 0.0))  # type: ignore[operator]

    @property
    def metrics(self) -> tuple[str, ...]:
        """Names of the measured numbers."""
        groups = range(self.people.n_groups if self.people.n_groups > 1 else 0)
        return (*Metrics._fields, *(f"{name}_{g}" for name in GroupMetrics._fields[1:] for g in groups))

    def metric_range(self, metric: str, learner: Any) -> tuple[float, float]:
        """Return bounds on a metric at the horizon that hold for every draw; ValueError where none is known.

        The regret of a round against a benchmark f is at most k max(f, 1 - f) in absolute value; a multiplier C adds
        C (1 + gap of f).
        """
        if metric in ("violations", "reports"):
            return 0.0, float(self.horizon)
        most = float(self.individuals * self.horizon)
        if not metric.endswith(("regret", "_half_slack", "_no_slack")):
            return 0.0, most
        fair = self.benchmarks[2 if metric.endswith("no_slack") else int(metric.endswith("half_slack"))].acceptance
        widest = most * float(np.maximum(fair, 1.0 - fair).max())
        if metric == "lagrangian_regret":
            price = getattr(learner.parameters(self), "price", None)
            if price is None:
                raise ValueError(f"no proven range of {metric!r} for {learner.name}, whose price is not known")
            widest += price * (1.0 + float(np.ptp(fair))) * self.horizon
        return -widest * (1.0 + 1e-9), widest * (1.0 + 1e-9)

    @property
    def steps(self) -> ProblemSteps:
        """The compiled functions for this population, class and feedback."""
        full, grouped = isinstance(self.feedback, FullLabels), self.people.n_groups > 1
        return _steps(self.people.steps, self.hypotheses.steps, full, grouped)

    @cached_property
    def _setting(self) -> OneSidedSetting:
        panels = self.panels
        choices = ((Schedule, panels.schedule), (Rule, panels.rule), (Audit, panels.audit))
        codes = [get_args(known).index(choice) for known, choice in choices]
        return OneSidedSetting(
            self.people.setting(self.horizon, self.individuals),
            self.hypotheses.setting(self.people),
            self.table,
            self.hypotheses.cells(self.people),
            self.people.groups,
            self.people.n_groups,
            self.n_hypotheses,
            int(self.individuals),
            AuditSetting(self.swings, float(self.tolerance), *codes),
            np.stack([policy.acceptance for policy in self.benchmarks]),
        )

    def setting(self) -> OneSidedSetting:
        """Return what the compiled functions receive; the benchmarks are solved at the first call."""
        return self._setting


# ---------------------------------------------------------------- the round


@cache
def _steps(people: PeopleSteps, hypotheses: HypothesesSteps, full: bool, grouped: bool) -> ProblemSteps:
    measure = _measure_groups if grouped else _measure
    return ProblemSteps(_init, _make_respond(people, hypotheses, full), measure)


@shared_kernel
def _init(setting: OneSidedSetting, env: Stream) -> OneSidedWorld:
    k = setting.individuals
    return OneSidedWorld(
        np.zeros(k, np.int64),
        np.zeros(k, np.int64),
        np.zeros(k, np.int64),
        np.zeros(k, np.int64),
        np.zeros(k, np.int64),
        np.zeros(k),
        np.zeros(k),
        np.zeros((4, setting.n_groups), np.int64),
        np.zeros(4, np.int64),
        np.zeros((5, 2)),
    )


def _make_respond(people: PeopleSteps, hypotheses: HypothesesSteps, full: bool) -> Any:
    arrive, predict, acceptance = people.arrive, hypotheses.predict, make_acceptance(hypotheses)

    @shared_kernel
    def respond(setting: OneSidedSetting, world: OneSidedWorld, t: int, play: Play, env: Stream) -> Any:
        drawn = check_play(setting, play, t)
        arrive(setting.people, t, env, world.people, world.labels)
        for i in range(setting.individuals):
            cell = setting.cell[world.people[i]]
            accepted = 1
            if drawn >= 0:
                accepted = predict(setting.hypotheses, drawn, cell)
            world.cells[i] = cell
            world.accepted[i] = accepted
            world.acceptance[i] = acceptance(setting, play, cell)
            world.shown[i] = world.labels[i] if accepted == 1 or full else HIDDEN
        first, second = _audit(setting, world, t, env)
        _count(setting, world)
        _add_up(setting, world, t, play.price, first, second)
        return Report(world.cells, world.shown, world.accepted, world.acceptance, first, second), world

    return respond


@shared_kernel
def _audit(setting: OneSidedSetting, world: OneSidedWorld, t: int, env: Stream) -> tuple[int, int]:
    """Audit the round and count violations and reports; return the positions of the reported pair."""
    audits = setting.audits
    for i in range(setting.individuals):
        world.audited[i] = world.acceptance[i] if audits.audit == 0 else world.accepted[i]
    panel = sitting_panel(audits, world.people, world.audited, t, env)
    swing = audits.swings[panel]
    first, second = reported_pair(swing, world.people, world.audited, audits.tolerance, audits.rule, t, env)
    reports = 1 if first >= 0 else 0
    violations = reports
    if audits.audit == 1:
        violations = 1 if exceeds(objection(swing, world.people, world.acceptance), audits.tolerance) else 0
    world.counts[1] += violations
    world.counts[2] += reports
    return first, second


@shared_kernel
def _count(setting: OneSidedSetting, world: OneSidedWorld) -> None:
    for i in range(setting.individuals):
        accepted = world.accepted[i]
        wrong = 1 if accepted != world.labels[i] else 0
        group = setting.group[world.people[i]]
        world.counts[0] += wrong
        world.counts[3] += 1 if world.shown[i] != HIDDEN else 0
        world.groups[0, group] += 1
        world.groups[1, group] += accepted
        world.groups[2, group] += wrong
        world.groups[3, group] += wrong * accepted


@shared_kernel
def _add_up(setting: OneSidedSetting, world: OneSidedWorld, t: int, price: float, first: int, second: int) -> None:
    error = 0.0
    for i in range(setting.individuals):
        error += world.labels[i] + world.acceptance[i] * (1.0 - 2.0 * world.labels[i])
    world.sums[0, 1] += error
    lagrangian = 0.0
    for row in range(3):
        benchmark = 0.0
        for i in range(setting.individuals):
            benchmark += world.labels[i] + setting.fair[row, world.cells[i]] * (1.0 - 2.0 * world.labels[i])
        world.sums[1 + row, 1] += error - benchmark
        if row == 0:
            lagrangian = error - benchmark
    if first >= 0:
        fair_gap = setting.fair[0, world.cells[first]] - setting.fair[0, world.cells[second]]
        lagrangian += price * (world.acceptance[first] - world.acceptance[second] - fair_gap)
    world.sums[4, 1] += lagrangian
    if t & _LAST_OF_BLOCK == _LAST_OF_BLOCK:
        for row in range(5):
            world.sums[row, 0] += world.sums[row, 1]
            world.sums[row, 1] = 0.0


@rare_kernel
def _measure(setting: OneSidedSetting, world: OneSidedWorld, n_rounds: int) -> Metrics:
    counts, sums = world.counts, world.sums
    return Metrics(
        loss=counts[0],
        error=sums[0, 0] + sums[0, 1],
        violations=counts[1],
        reports=counts[2],
        observations=counts[3],
        error_regret=sums[1, 0] + sums[1, 1],
        error_regret_half_slack=sums[2, 0] + sums[2, 1],
        error_regret_no_slack=sums[3, 0] + sums[3, 1],
        lagrangian_regret=sums[4, 0] + sums[4, 1],
    )


@rare_kernel
def _measure_groups(setting: OneSidedSetting, world: OneSidedWorld, n_rounds: int) -> GroupMetrics:
    whole, groups = _measure(setting, world, n_rounds), world.groups
    return GroupMetrics(whole, groups[0], groups[1], groups[2], groups[3])
