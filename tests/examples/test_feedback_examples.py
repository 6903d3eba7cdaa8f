"""Drift with reminders and self-training: the scripts run, and what they call exact is."""

import runpy
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

EXAMPLES = Path(__file__).parents[2] / "examples"
DRIFT = runpy.run_path(str(EXAMPLES / "drift_and_reminders.py"))
TRAINING = runpy.run_path(str(EXAMPLES / "self_training.py"))


@pytest.mark.parametrize("name", ["drift_and_reminders", "self_training"])
def test_the_scripts_run(name, capsys):
    runpy.run_path(str(EXAMPLES / f"{name}.py"), run_name="__main__")
    assert len(capsys.readouterr().out.splitlines()) >= 8


def test_drift_in_closed_form():
    means = [DRIFT["mean_drift"](0.2, 1.0, 0.5, period) for period in (1, 3, 5, 10)]
    assert means == pytest.approx([0.166667, 0.453405, 0.597972, 0.764183], abs=1e-6)
    assert [DRIFT["best_period"](0.2, 1.0, 0.5, cost) for cost in (0.05, 0.2, 0.5)] == [1, 1, 2]
    for period, mean in zip((1, 3, 5, 10), means, strict=True):
        turns = DRIFT["conversation"](np.zeros(100 * period), 0.5, 0.2, 1.0, 0.5, period)
        assert turns[-period:].mean() == pytest.approx(mean, rel=1e-9)


@settings(max_examples=30)
@given(seed=st.integers(0, 2**32 - 1), period=st.integers(1, 6), most=st.floats(0.5, 3.0))
def test_conversations_approach(seed, period, most):
    rng = np.random.default_rng(seed)
    noise, starts = rng.normal(0.0, 0.5, 20), rng.uniform(0.0, most, 2)
    one, two = (DRIFT["conversation"](noise, start, 0.2, 1.0, 0.5, period, most) for start in starts)
    turns = np.arange(20)
    limit = 0.8**turns * 0.5 ** (turns // period) * abs(starts[0] - starts[1])
    assert (np.abs(one - two) <= limit + 1e-12).all()


def test_self_training_in_closed_form():
    found = TRAINING["mean_rewards"](np.array([0.5, 0.3, 0.2]), np.array([0.1, 0.5, 0.9]), 3)
    assert found == pytest.approx([0.38, 0.636842, 0.759504, 0.816213], abs=1e-6)
    assert TRAINING["unsolved"]([0.5, 0.1, 0.01, 0.001], 16) == pytest.approx(2.020894, abs=1e-6)


@given(seed=st.integers(0, 2**32 - 1))
def test_reward_rises_by_its_variance_over_its_mean(seed):
    rng = np.random.default_rng(seed)
    policy, rewards = rng.dirichlet(np.ones(4)), rng.uniform(0.05, 1.0, 4)
    mean = policy @ rewards
    rise = TRAINING["trained"](policy, rewards) @ rewards - mean
    assert rise == pytest.approx(policy @ (rewards - mean) ** 2 / mean, rel=1e-9, abs=1e-15)
