"""Verification as it is asked for: assumptions, parameters, whole runs, the command line."""

import json
import math
import subprocess
import sys
from dataclasses import replace

import pytest
from typer.testing import CliRunner

import theory
from bandits.delays import Bold, FixedDelay, delayed
from bandits.losses import LossTable
from bandits.switching import BatchedExp3, Exp3, SwitchingCostGame
from sims import cli, tables
from tests.theory.scripted import Coin, Scripted, claim
from theory import suite, verification, verify, verify_all
from theory.bound import Assumption, K
from theory.cases import Case, DefaultCase, default_cases
from theory.switching.witnesses import costly_losses

# ---------------------------------------------------------------- assumptions and parameters

BIG = Assumption("more than three actions", lambda problem, learner: problem.n_actions > 3)
WIDE = Assumption("radii of width 1", lambda problem, learner: learner.width == 1.0)


def test_assumptions_come_first_and_can_be_vouched_for():
    bound = claim(5, assumptions=(BIG, WIDE))
    verdict = verify(bound, Scripted(), Coin(0.2))
    assert not verdict.applicable
    assert verdict.reasons == ("more than three actions", "radii of width 1"), "a learner without width is no proof"
    assert verdict.repetitions == 0
    vouched = verify(bound, Scripted(n_actions=4), Coin(0.2), assume=["radii of width 1"])
    assert vouched.holds
    assert "Taken for granted: radii of width 1." in vouched.explain()
    with pytest.raises(ValueError, match="assume must list texts of assumptions of"):
        verify(bound, Scripted(), Coin(0.2), assume=["radii"])


def test_parameters_are_the_learners_the_tuned_or_the_given_ones():
    game = SwitchingCostGame(LossTable(costly_losses(60, 2, 0.5)), 60, 1.0)
    name, log_k = "arora2012.batched_exp3", math.log(2)

    def value(learner, parameters):
        return verification.bound_value(name, game, learner, parameters)

    learner = BatchedExp3(learning_rate=0.3, batch_length=7)
    own = 7 * (log_k / 0.3 + 0.3 * 9 * 2 / 2) + 8  # n = 9 batches of 7
    tau = math.ceil((2 * 60 / (2 * log_k)) ** (1 / 3))
    n = math.ceil(60 / tau)
    assert value(learner, "own") == pytest.approx(own, rel=1e-12)
    assert value(learner, "tuned") == pytest.approx(tau * math.sqrt(2 * n * 2 * log_k) + n - 1, rel=1e-12)
    assert value(learner, {"learning_rate": 0.5}) == pytest.approx(7 * (log_k / 0.5 + 0.5 * 9) + 8, rel=1e-12)
    late, copies = (
        delayed(replace(game, switching_cost=0.0), FixedDelay(5)),
        Bold(Exp3(30.0)),
    )  # the rate is the copies'
    for parameters, expected in (("tuned", math.sqrt(2 * 6 * 120 * log_k)), ({"learning_rate": 0.5}, 12 * log_k + 30)):
        found = verification.bound_value("joulani2013.bold_exp3", late, copies, parameters)
        assert found == pytest.approx(expected, rel=1e-12)
    with pytest.raises(TypeError, match=r"needs batch_length.*give parameters='tuned'"):
        value(Exp3(), "own")
    with pytest.raises(ValueError, match="parameters must be 'own', 'tuned' or a mapping"):
        value(learner, "best")
    with pytest.raises(ValueError, match="has no parameters to tune"):
        verify(claim(4), Scripted(), Coin(0.2), parameters="tuned")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"alpha": 0.0}, "alpha must be"),
        ({"max_repetitions": 0}, "max_repetitions must be at least 1"),
        ({"seed": -1}, "seed must be"),
        ({"horizons": [10, 20]}, r"horizons must be at least 3 increasing integers, got \[10, 20\]"),
        ({"horizons": [10, 20, 20]}, r"horizons must be at least 3 increasing integers, got \[10, 20, 20\]"),
        ({"sample_range": (1.0, 0.0)}, r"sample_range must be finite and in \[1, inf\), got 0.0"),
        ({"sample_range": (0.0,)}, r"sample_range must be \(low, high\), got \(0.0,\)"),
        ({"parameters": {"rate": 1.0}}, "parameters must be among failure_probability.*, got rate"),
        ({"method": "luck"}, "method must be one of auto, exact, sample, worst, rate, got 'luck'"),
        ({"method": "exact"}, "no exact score of Coin"),
        ({"method": "worst"}, "upper bounds on expected regret"),
    ],
)
def test_mistakes_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        verify(claim(4), Scripted(), Coin(0.2), **options)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((3, Scripted(), Coin(0.2)), "bound must be a bound of the catalogue or its name, got int"),
        ((claim(4), Scripted, Coin(0.2)), r"problem must be a problem .*, got Scripted \(the class itself: call it\)"),
        ((claim(4), lambda horizon: 3, Coin(0.2)), "problem must be a problem .*, got int"),
        ((claim(4), Scripted(), Coin), r"learner must be a learner .*, got Coin \(the class itself: call it\)"),
    ],
)
def test_what_is_no_bound_problem_or_learner_is_named(arguments, message):
    with pytest.raises(TypeError, match=message):
        verify(*arguments)


def test_misspelt_parameters_are_refused_where_readers_work_fields_out():
    read = replace(claim(K), readers={"n_actions": lambda problem, parameters: parameters.size})
    with pytest.raises(ValueError, match="parameters must be among failure_probability, got sise"):
        verify(read, Scripted(), Coin(0.2), parameters={"sise": 3.0})


@pytest.mark.parametrize(
    ("name", "parameters", "message"),
    [
        ("bubeck2012.exp3", "tuned", "bubeck2012.exp3 has no finite value there|must be"),
        ("arora2012.batched_exp3", "tuned", "no finite minimising batch_length where .*n_actions = 1"),
        ("bubeck2012.exp3", {"learning_rate": 0.0}, "learning_rate must be finite and positive"),
    ],
)
def test_numbers_out_of_range_are_named_and_not_raised_by_arithmetic(name, parameters, message):
    """One action: ln K = 0, by which the minimisers divide."""
    game = SwitchingCostGame(LossTable([[0.0]] * 5), 5, 1.0)
    with pytest.raises(ValueError, match=message):
        verification.bound_value(name, game, Exp3(), parameters)


def test_a_field_that_cannot_be_computed_is_named():
    for error, kind in ((ZeroDivisionError, ValueError), (AttributeError, TypeError)):

        def fails(problem, parameters, error=error):
            raise error("of a reader")

        with pytest.raises(kind, match=r"made.up (has no finite|needs) n_actions.* of a reader"):
            verify(replace(claim(K), readers={"n_actions": fails}), Scripted(), Coin(0.2))


def test_hard_losses_refuse_what_is_no_loss():
    with pytest.raises(ValueError, match=r"gap must be finite and in \[0, 1\], got 1.5"):
        costly_losses(3, 2, 1.5)
    with pytest.raises(ValueError, match="horizon must be at least 1, got 0"):
        costly_losses(0, 2, 0.5)


# ---------------------------------------------------------------- verdicts as data


def test_a_verdict_is_plain_data_and_has_no_truth_value():
    verdict = verify(claim(5), Scripted(), Coin(0.2))
    data = json.loads(verdict.to_json())
    assert (data["bound"], data["outcome"], data["ratio"]) == ("made.up", "holds", verdict.ratio)
    assert data["low"] <= data["estimate"] <= data["high"]
    assert verdict.decided
    for kind in (claim(5, assumptions=(BIG,)), claim(0, mode="every path")):  # nan, and a bound of 0
        other = verify(kind, Scripted(), Coin(0.0))
        assert json.loads(other.to_json())["ratio"] is None
    assert not verify(claim(5, assumptions=(BIG,)), Scripted(), Coin(0.2)).decided
    with pytest.raises(TypeError, match="more than two outcomes"):
        bool(verdict)


# ---------------------------------------------------------------- whole runs


def test_every_theorem_has_a_default_case_or_a_reason_for_having_none():
    cases = default_cases()
    assert {case.bound.name for case in cases} == set(theory.catalogue())
    assert [case.bound.name for case in cases if case.make is None and not case.reason] == []
    for case in cases:
        if case.make is None:
            continue
        problem, learner, options = Case(*case.make())
        if callable(problem):
            problem = problem(options.get("horizons", verification.HORIZONS)[-1])
        assert case.bound.applies(problem, learner) == []
        assert case.bound.learner in ("", type(learner).__name__)


def test_registered_names_are_theorems():
    with_case, without = (theory.registered("cases", name) for name in ("CASES", "WITHOUT_CASE"))
    assert with_case.keys() | without.keys() <= theory.catalogue().keys()
    assert not with_case.keys() & without.keys()


def made_up(monkeypatch, *cases):
    monkeypatch.setattr(suite, "default_cases", lambda names: list(cases))


def test_a_run_shares_its_error_probability(monkeypatch):
    good, bad = (DefaultCase(claim(5), lambda chance=chance: Case(Scripted(), Coin(chance))) for chance in (0.2, 0.8))
    made_up(monkeypatch, good, bad, DefaultCase(claim(5), None), DefaultCase(claim(5), None, "nobody measures it"))
    verdicts = list(verify_all(alpha=0.02, seed=5))
    assert [v.outcome for v in verdicts] == ["holds", "broken", "undecided", "not applicable"]
    assert verdicts[0].error_probability == verdicts[1].error_probability == pytest.approx(0.01)
    assert verdicts[2].explain().endswith("It has no default case yet.")
    assert verdicts[3].explain().endswith("It has no default case: nobody measures it.")
    assert suite.error_probability(verdicts) == pytest.approx(0.02)


def test_a_case_that_cannot_be_checked_is_named(monkeypatch):
    made_up(monkeypatch, DefaultCase(claim(2), lambda: (Scripted(top=5.0), Coin(0.5))))
    with pytest.raises(RuntimeError, match=r"the check of made.up failed: sample 10.0"):
        list(verify_all())


def test_unknown_names_are_refused_before_anything_runs():
    with pytest.raises(KeyError, match=r"did you mean bubeck2012\.exp3"):
        verify_all(["bubeck2012.exp"])
    with pytest.raises(ValueError, match="alpha must be"):
        verify_all(["bubeck2012.exp3"], alpha=2.0)


def test_default_cases_hold_where_they_take_no_time():
    """Shrinking Dartboard on the worst losses and on hard ones: both wrong with probability at most 1e-6."""
    worst, known = verify_all(["geulen2010.shrinking_dartboard"], alpha=1e-6)
    assert worst.holds
    assert known.holds
    assert worst.ratio > 0.6
    assert known.ratio > 0.6


# ---------------------------------------------------------------- imports


def test_verify_is_a_function_and_importing_theory_is_light():
    assert theory.verify is verification.verify
    assert callable(theory.verify_all)
    assert theory.Verdict.__name__ == "Verdict"
    with pytest.raises(AttributeError, match="no attribute 'verification_of_everything'"):
        theory.verification_of_everything  # noqa: B018
    heavy = "{'sympy', 'jax', 'matplotlib', 'polars', 'scipy.stats'}"
    code = f"import sys, theory, sims; from theory import verify; verify.__name__; print({heavy} & set(sys.modules))"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "set()"


# ---------------------------------------------------------------- the command line

GOOD = DefaultCase(claim(5), lambda: Case(Scripted(), Coin(0.2)))
BAD = DefaultCase(claim(5, direction="lower"), lambda: Case(Scripted(), Coin(0.2)))


def run(*arguments):
    return CliRunner().invoke(cli.app, ["verify", *arguments])


def cli_runs(monkeypatch, *cases):
    made_up(monkeypatch, *cases)
    monkeypatch.setattr("theory.cases.default_cases", lambda names: list(cases))
    monkeypatch.setattr("sims.execute.worker_count", lambda given: 1)  # other processes know no made-up cases


def test_the_command_prints_a_table_and_its_error_probability(monkeypatch):
    cli_runs(monkeypatch, GOOD, GOOD)
    result = run("--alpha", "0.002")
    assert result.exit_code == 0
    header, first, second, counts, odds = result.stdout.splitlines()
    assert header.split("\t") == [
        "theorem",
        "learner",
        "check",
        "quantity",
        "estimate",
        "interval",
        "bound",
        "ratio",
        "verdict",
    ]
    assert first == second
    assert first.split("\t")[:4] == ["made.up", "Coin", "certified Monte Carlo", "score"]
    assert first.split("\t")[6:] == ["<= 5", f"{float(first.split(chr(9))[4]) / 5:.3g}", "holds"]
    assert counts == "2 holds"
    assert odds == "P(a false bound is said to hold) <= 0.002; P(a true bound is said to be broken) <= 0.002."
    assert "verify: 2/2" in result.stderr


def test_on_a_terminal_the_table_fits_80_columns(monkeypatch, capsys):
    """Nine columns, two per cell; numbers in brackets are no markup."""
    monkeypatch.setenv("COLUMNS", "80")
    row = ["du2025.full_scores_parity_violation", "FullScoreSearch", "certified Monte Carlo", "regret"]
    tables.stacked_table(list("abcdefghi"), [[*row, "18.15", "[nan, 18.15]", "<= 18.62", "0.975", "holds"]])
    shown = capsys.readouterr().out
    assert max(map(len, shown.splitlines())) <= 80
    assert "holds" in shown
    assert "[nan, 18.15]" in shown


def test_a_broken_bound_gives_status_1_and_is_explained(monkeypatch):
    cli_runs(monkeypatch, GOOD, BAD)
    result = run("--quiet")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("made.up is BROKEN for Coin in Scripted(T=100, K=3).")
    assert "BROKEN" in run().stdout


def test_a_case_that_fails_gives_status_1(monkeypatch):
    cli_runs(monkeypatch, DefaultCase(claim(2), lambda: Case(Scripted(top=5.0), Coin(0.5))))
    result = run("--quiet")
    assert result.exit_code == 1
    assert result.stderr.startswith("regretlab: the check of made.up failed: sample 10.0")


def test_mistakes_give_status_2_and_one_line():
    unknown = run("bubeck2012.exp")
    assert (unknown.exit_code, unknown.stderr.count("\n")) == (2, 1)
    assert "did you mean bubeck2012.exp3" in unknown.stderr
    wrong = run("--alpha", "1.5", "cesabianchi2006.hedge")
    assert (wrong.exit_code, wrong.stdout) == (2, "")
    assert "alpha must be" in wrong.stderr


@pytest.mark.slow
def test_theorems_are_listed_and_checked_by_name():
    listed = run("--list")
    assert listed.exit_code == 0
    assert [line.split("\t")[0] for line in listed.stdout.splitlines()[1:]] == list(theory.catalogue())
    one = run("geulen2010.shrinking_dartboard")
    assert one.exit_code == 0
    assert one.stdout.splitlines()[-2] == "2 holds"
