"""Hypothesis strategies for small one-sided games: any class, any sequence, any panels."""

import numpy as np
from hypothesis import strategies as st

from bandits.one_sided import FullLabels, Listed, OneSided, OneSidedGame, Panel, Panels, RecordedPeople, TableDistance

units = st.one_of(st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.7, 1.0]), st.floats(0.0, 1.0))

gaps = st.one_of(st.sampled_from([0.0, 0.05, 0.1, 0.3, 1.0]), st.floats(0.0, 1.0))  # small ones make panels object


def bits(draw, *shape):
    size = int(np.prod(shape))
    return np.array(draw(st.lists(st.integers(0, 1), min_size=size, max_size=size))).reshape(shape)


def vector(draw, elements, size):
    return np.array(draw(st.lists(elements, min_size=size, max_size=size)))


@st.composite
def distances(draw, n):
    """Draw (n, n) symmetric distances in [0, 1] with a zero diagonal; most are no metric."""
    upper = np.triu(vector(draw, gaps, n * n).reshape(n, n), 1)
    return upper + upper.T


@st.composite
def panels(draw, n, max_panels=2):
    chosen = []
    for _ in range(draw(st.integers(1, max_panels))):
        m = draw(st.integers(1, 4))
        chosen.append(Panel([TableDistance(draw(distances(n))) for _ in range(m)], draw(st.integers(1, m))))
    schedule = draw(st.sampled_from(["cycle", "random", "adversarial"]))
    return Panels(chosen, schedule, draw(st.sampled_from(["largest", "first", "random"])))


@st.composite
def listed(draw, n, max_size=5):
    """Draw a class of 2 or more hypotheses on n kinds, a constant one among them."""
    rows = bits(draw, draw(st.integers(1, max_size - 1)), n)
    return Listed(np.vstack([np.full((1, n), draw(st.integers(0, 1))), rows]))


@st.composite
def games(draw, max_rounds=6, full=False, individuals=None):
    """Draw a game over a fixed sequence with any class of at most 5 hypotheses and any panels."""
    n, k = draw(st.sampled_from([3, 2, 4, 1])), individuals or draw(st.sampled_from([2, 3, 1]))
    rounds = draw(st.integers(1, max_rounds))
    tolerance = draw(st.one_of(st.sampled_from([0.1, 0.05, 0.2, 0.0]), st.floats(0.0, 1.0)))
    slack = tolerance * draw(st.sampled_from([1.0, 0.5, 0.0]))
    arrivals = vector(draw, st.integers(0, n - 1), rounds * k).reshape(rounds, k)
    people = RecordedPeople(np.arange(float(n))[:, None], arrivals, bits(draw, rounds, k))
    feedback = FullLabels() if full else OneSided()
    return OneSidedGame(people, draw(listed(n)), draw(panels(n)), rounds, k, tolerance, slack, feedback)


def scattered_game(rng, max_rounds=12, full=False, individuals=None):
    """Return a game made by a generator: arbitrary draws are so plain that panels seldom have anything to report."""
    n, k, rounds = int(rng.integers(2, 5)), individuals or int(rng.integers(2, 4)), int(rng.integers(2, max_rounds + 1))
    rows = rng.integers(0, 2, (rng.integers(2, 5), n))
    chosen = []
    for _ in range(rng.integers(1, 3)):
        m = int(rng.integers(1, 4))
        upper = np.triu(rng.uniform(0.0, rng.choice([0.1, 0.5]), (m, n, n)), 1)
        chosen.append(Panel([TableDistance(u + u.T) for u in upper], int(rng.integers(1, m + 1))))
    schedule, rule = (
        str(rng.choice(["cycle", "random", "adversarial"])),
        str(rng.choice(["largest", "first", "random"])),
    )
    people = RecordedPeople(
        np.arange(float(n))[:, None], rng.integers(0, n, (rounds, k)), rng.integers(0, 2, (rounds, k))
    )
    tolerance = float(rng.choice([0.05, 0.1, 0.2]))
    return OneSidedGame(
        people,
        Listed(np.vstack([np.full((1, n), rng.integers(0, 2)), rows])),
        Panels(chosen, schedule, rule),
        rounds,
        k,
        tolerance,
        tolerance * float(rng.choice([0.5, 1.0])),
        FullLabels() if full else OneSided(),
    )


def made_fair(game, slack, law):
    """Return a law (N,) over the class, pulled towards a constant hypothesis until it is in Q_(alpha - slack)."""
    table = game.table.astype(float)
    policy = table @ law
    limits = game.swings.min(axis=0) + game.tolerance - slack
    gaps_ = policy[:, None] - policy[None]
    over = gaps_ > limits
    keep = float((limits[over] / gaps_[over]).min()) if over.any() else 1.0
    constant = np.flatnonzero((table == table[:1]).all(axis=0))[0]
    return keep * law + (1.0 - keep) * np.eye(len(law))[constant]


@st.composite
def laws(draw, size):
    """Draw a law (N,) over a class."""
    law = vector(draw, st.integers(0, 5), size) + 0.0
    law[draw(st.integers(0, size - 1))] += 1.0
    return law / law.sum()
