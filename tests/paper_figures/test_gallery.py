"""Every figure end to end at a tiny size, and the gallery around them."""

import json
import re
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import polars
import pytest
from polars.testing import assert_frame_equal

import paper_figures
from paper_figures import gallery, simulations
from paper_figures.bechavod2022.cost import CostSettings
from paper_figures.bechavod2022.drift import DriftSettings
from paper_figures.bechavod2022.estimator import EstimatorSettings
from paper_figures.bechavod2022.frontier import FrontierSettings
from paper_figures.bechavod2022.groups import GroupSettings
from paper_figures.bechavod2022.hidden import HiddenSettings
from paper_figures.bechavod2022.horizon import TuningSettings
from paper_figures.bechavod2022.leaders import LeaderSettings
from paper_figures.bechavod2022.members import MembersSettings
from paper_figures.bechavod2022.policy import PolicySettings
from paper_figures.bechavod2022.sides import SidesSettings
from paper_figures.bechavod2022.votes import VoteSettings
from paper_figures.cheng2023.extra_observations import ExtraSettings
from paper_figures.cheng2023.horizon import HorizonSettings
from paper_figures.cheng2023.laziness import LazySettings
from paper_figures.cheng2023.phases import PhaseSettings
from paper_figures.cheng2023.sandwich import SandwichSettings
from paper_figures.cheng2023.total_budget import BudgetSettings
from paper_figures.cheng2023.walk import WalkSettings
from paper_figures.du2025.bias import BiasSettings
from paper_figures.du2025.feasible import SweepSettings
from paper_figures.dueling import DuelSettings
from paper_figures.liu2024_comal import ComalSettings
from paper_figures.munos2023.bias import NashMDSettings
from paper_figures.munos2023.raters import RaterSettings
from paper_figures.slhf2025.convergence import ConvergenceSettings
from paper_figures.slhf2025.solutions import SolutionSettings
from paper_figures.tiapkin2025.contexts import ContextSettings
from paper_figures.tiapkin2025.contraction import ContractionSettings
from paper_figures.tiapkin2025.sizes import SizeSettings
from paper_figures.tiapkin2025.trajectories import TrajectorySettings
from paper_figures.tightness import TightnessSettings
from paper_figures.wu2023 import TradeoffSettings
from paper_figures.zhang2024.averages import AverageSettings
from paper_figures.zhang2024.threshold import ThresholdSettings
from paper_figures.zhou2025_egpo.comparisons import ComparisonSettings
from paper_figures.zhou2025_egpo.updates import UpdateSettings
from sims import execute
from tests.paper_figures.small_loops import GROWTH, LOOPS

SMALL = {"repetitions": 48, "pilot": 4, "n_actions": 3}
TINY = {
    "cheng2023_phases": PhaseSettings(steps=6),
    "cheng2023_horizon": HorizonSettings(horizons=(64, 128, 256, 512), gaps=(None, 0.3), **SMALL),
    "cheng2023_extra_observations": ExtraSettings(
        horizons=(256, 512), spacings=(1, 2, 4, 8, 16, 32, 64, 128), closest=1, gaps=(0.4,), **SMALL
    ),
    "cheng2023_total_budget": BudgetSettings(
        horizon=256, lengths=(1, 2, 4, 8, 16, 32), least=8, closest=2, gaps=(0.4,), **SMALL
    ),
    "cheng2023_switches": HorizonSettings(horizons=(64, 128, 256), gaps=(None,), **SMALL),
    "cheng2023_bounds": SandwichSettings(horizon=128, budget=32, gaps=(None, 0.3), **SMALL),
    "cheng2023_laziness": LazySettings(horizon=64, n_actions=3, gap=0.2, repetitions=8),
    "cheng2023_walk": WalkSettings(horizon=16),
    "du2025_sweep": SweepSettings(n_thresholds=11),
    **{f"du2025_{name}": LOOPS for name in ("reward", "violation", "plane", "table", "composition")},
    "du2025_horizon": GROWTH,
    "du2025_bias": BiasSettings(sizes=(10, 20)),
    "bechavod2022_tuning": TuningSettings(horizons=(2048, 4096, 8192), repetitions=16),
    "bechavod2022_frontier": FrontierSettings(horizon=2048, prices=(0.0, 2.0, 16.0), repetitions=8),
    "bechavod2022_hidden_outcomes": HiddenSettings(horizons=(2048, 4096, 8192), repetitions=48),
    "bechavod2022_policy": PolicySettings(ends=(32, 128, 256), starts=(0, 64, 192), n_people=12, repetitions=4),
    "bechavod2022_votes": VoteSettings(horizon=256, votes=(1, 5), tolerances=(0.1, 0.4), repetitions=4),
    "bechavod2022_members": MembersSettings(horizon=64, members=(1, 3), points=2, recounted=3, repetitions=2),
    "bechavod2022_sides": SidesSettings(horizon=2048, repetitions=4),
    "bechavod2022_groups": GroupSettings(horizon=256, worlds=("lending",), learners=("fair",), repetitions=4),
    "bechavod2022_drift": DriftSettings(horizons=(256, 512), repetitions=4),
    "bechavod2022_estimator": EstimatorSettings(
        prices=(0, 2), people=(2, 4), rounds=3, horizons=(64, 128), repetitions=4
    ),
    "bechavod2022_class_size": CostSettings(
        groups=(1, 2), seconds=0.002, horizon=64, learners=("weights",), repetitions=4
    ),
    "bechavod2022_leaders": LeaderSettings(
        leaders=(4, 8), rounds=10, chances=(0.5, 0.1), played=(1, 4), horizon=64, repetitions=4
    ),
    "tiapkin2025_trajectories": TrajectorySettings(rounds=60),
    "tiapkin2025_contraction": ContractionSettings(
        n_games=4, n_actions=3, rank=1, queries=100, weights=(0.05, 0.5), rounds=20
    ),
    "tiapkin2025_sizes": SizeSettings(sizes=(3, 30)),
    "tiapkin2025_contexts": ContextSettings(
        n_contexts=2, n_actions=4, queries=(8, 16), batches=(4,), gradient_steps=2, outer=3, repetitions=4
    ),
    "liu2024_cycle": ComalSettings(rounds=60),
    "slhf2025_solutions": SolutionSettings(draws=4),
    "slhf2025_convergence": ConvergenceSettings(
        ratios=(5.0,), rounds=16, feedbacks=("Comparisons",), noisy_rounds=8, repetitions=4
    ),
    "munos2023_bias": NashMDSettings(n_games=2, n_actions=3, rank=1, steps=(0.5, 1.0), constant=0.5, rounds=100),
    "munos2023_raters": RaterSettings(points=1),
    "zhang2024_averages": AverageSettings(horizons=(16, 32, 64), n_games=2, n_actions=3),
    "zhang2024_threshold": ThresholdSettings(sizes=(3,), points=4),
    "zhou2025_updates": UpdateSettings(rounds=(50, 50, 50), n_games=2, n_actions=3),
    "zhou2025_comparisons": ComparisonSettings(
        learners=("SampledINPO",), rounds=12, batch=4, n_actions=3, inner_rounds=2, repetitions=4
    ),
    "wu2023_tradeoff": TradeoffSettings(horizons=(8, 16, 32), exponents=(0.2, 0.4), instances=2),
    "dueling_regret": DuelSettings(horizon=64, repetitions=4),
    "tightness": TightnessSettings(
        theorems=("cesabianchi2006.hedge", "dekel2014.bandit_lower", "sui2015.no_violation"), search=False
    ),
}
DETERMINISTIC = (
    *("cheng2023_phases", "tiapkin2025_trajectories", "munos2023_raters", "zhang2024_threshold"),
    *("liu2024_cycle", "slhf2025_solutions"),
)
KNOWN = {
    name: replace(figure, settings={"quick": TINY[name], "paper": TINY[name]})
    for name, figure in paper_figures.catalogue().items()
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    out = tmp_path_factory.mktemp("figures")
    for drawn in gallery.draw((), "quick", out, KNOWN):
        assert drawn.error is None, (drawn.name, drawn.error)
        assert drawn.files
        assert all(file.stat().st_size > 100 for file in drawn.files)
    return out


# ---------------------------------------------------------------- the catalogue


@pytest.mark.parametrize("figure", paper_figures.catalogue().values(), ids=lambda figure: figure.name)
def test_figure_says_what_it_shows_and_how_it_was_made(figure):
    assert re.fullmatch(r"[a-z0-9_]+", figure.name)
    for text in (figure.title, figure.claim, figure.caption, figure.paper.title, figure.paper.authors):
        assert len(text) > 10
    assert figure.paper.url.startswith("https://")
    for quality in ("quick", "paper"):
        parameters = figure.parameters(quality)
        assert parameters
        assert all(label and text for label, text in parameters.items())
    if figure.name not in DETERMINISTIC:
        assert any("seed" in label for label in figure.parameters())


def test_captions_of_measured_gaps_say_how_the_gap_was_chosen():
    for figure in paper_figures.catalogue().values():
        if getattr(figure.settings["quick"], "pilot", 0):
            assert "pilot" in figure.caption


def test_unknown_quality_is_named():
    with pytest.raises(ValueError, match="quality must be one of quick, paper, got 'best'"):
        KNOWN["cheng2023_walk"].data("best")


# ---------------------------------------------------------------- files


@pytest.mark.parametrize("name", KNOWN)
def test_the_table_on_disk_is_what_was_drawn(folder, tmp_path, name):
    """Drawing from the CSV alone gives the same picture to the byte: the table holds all, the drawing adds nothing."""
    frame = polars.read_csv(folder / f"{name}.csv", infer_schema_length=None)
    assert frame.height > 0
    gallery._write_pictures(KNOWN[name], frame, tmp_path)
    for ending in ("png", "pdf"):
        assert (tmp_path / f"{name}.{ending}").read_bytes() == (folder / f"{name}.{ending}").read_bytes()


def test_a_second_run_writes_the_same_bytes(folder, tmp_path):
    names = ["cheng2023_walk", "cheng2023_laziness"]
    assert [drawn.name for drawn in gallery.draw(names, "quick", tmp_path, KNOWN)] == names
    for name in names:
        for ending in ("csv", "png", "pdf", "json"):
            assert (tmp_path / f"{name}.{ending}").read_bytes() == (folder / f"{name}.{ending}").read_bytes()


def test_tables_have_intervals_that_hold_their_means(folder):
    checked = set()
    for table in folder.glob("*.csv"):
        frame = polars.read_csv(table, infer_schema_length=None)
        for low in [column for column in frame.columns if "_low95" in column]:
            mean, high = (low.replace("_low95", end) for end in ("_mean", "_high95"))
            if mean in frame.columns:
                checked.add(table.name)
                assert ((frame[low] <= frame[mean]) & (frame[mean] <= frame[high])).all(), (table.name, mean)
    assert len(checked) >= 8


class Links(HTMLParser):
    """Collects links and checks that tags are closed in order."""

    VOID = ("meta", "img", "br", "link")

    def __init__(self):
        super().__init__()
        self.links, self.open = [], []

    def handle_starttag(self, tag, attrs):
        self.links += [value for key, value in attrs if key in ("href", "src")]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_index_shows_every_figure_with_its_files_and_parameters(folder):
    text = (folder / "index.html").read_text(encoding="utf-8")
    page = Links()
    page.feed(text)
    assert page.open == []
    for name, figure in KNOWN.items():
        assert {f"{name}.{ending}" for ending in ("png", "pdf", "csv")} <= set(page.links)
        for label in figure.parameters():
            assert gallery.html.escape(label) in text
        assert gallery.html.escape(figure.caption) in text
    for link in page.links:
        assert link.startswith("https://arxiv.org/") or link.removeprefix("#") in KNOWN or (folder / link).exists()


# ---------------------------------------------------------------- mistakes and mishaps


def test_unknown_names_give_the_nearest(tmp_path):
    hints = {"cheng2023_wlak": "did you mean cheng2023_walk", "zzz": "`regretlab figures --list` lists all"}
    for wrong, hint in hints.items():
        with pytest.raises(ValueError, match=f"no figure named '{wrong}': {hint}"):
            gallery.draw([wrong], out=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_unknown_quality_stops_before_anything_is_made(tmp_path):
    with pytest.raises(ValueError, match="quality must be one of quick, paper"):
        gallery.draw([], "best", tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_a_figure_that_fails_does_not_take_the_others_along(tmp_path):
    def fail(frame, axes):
        raise RuntimeError("no <ink>")

    figures = {"broken": replace(KNOWN["cheng2023_phases"], name="broken", paint=fail)} | {
        name: KNOWN[name] for name in ("cheng2023_phases", "cheng2023_walk")
    }
    first, *rest = gallery.draw((), "quick", tmp_path, figures)
    assert isinstance(first.error, RuntimeError)
    assert [drawn.error for drawn in rest] == [None, None]
    assert (tmp_path / "broken.csv").exists()  # the data were saved before the drawing failed
    text = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert "no &lt;ink&gt;" in text
    assert 'id="cheng2023_walk"' in text
    assert 'id="broken"' not in text


def test_a_later_call_keeps_the_figures_already_there(tmp_path):
    for name in ("cheng2023_walk", "cheng2023_phases"):
        list(gallery.draw([name], "quick", tmp_path, KNOWN))
    text = (tmp_path / "index.html").read_text(encoding="utf-8")
    places = [text.index(f'id="{name}"') for name in ("cheng2023_phases", "cheng2023_walk")]
    assert places == sorted(places)  # in the catalogue's order, not in that of the calls
    assert json.loads((tmp_path / "cheng2023_walk.json").read_text())["quality"] == "quick"


def test_importing_the_package_and_listing_figures_leave_matplotlib_alone():
    code = "import sys, paper_figures; paper_figures.catalogue(); sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_drawing_leaves_matplotlib_settings_as_they_were(tmp_path):
    import matplotlib as mpl

    before = dict(mpl.rcParams)
    list(gallery.draw(["cheng2023_phases"], "quick", tmp_path, KNOWN))
    assert dict(mpl.rcParams) == before


# ---------------------------------------------------------------- data


def test_kept_simulations_give_the_same_table_and_are_not_made_again(tmp_path, monkeypatch):
    figure = KNOWN["cheng2023_bounds"]
    fresh = figure.data()
    with simulations.kept_in(tmp_path):
        assert_frame_equal(figure.data(), fresh)
    cells = sorted(tmp_path.glob("cells/*.parquet"))
    monkeypatch.setattr(execute, "compute", lambda *_: pytest.fail("simulated again"))
    with simulations.kept_in(tmp_path):
        assert_frame_equal(figure.data(), fresh)
    assert sorted(tmp_path.glob("cells/*.parquet")) == cells


def test_a_changed_parameter_computes_its_own_cells_only(tmp_path):
    settings = TINY["cheng2023_switches"]
    longer = replace(settings, horizons=(*settings.horizons, 512))
    counts = []
    for chosen in (settings, longer):
        with simulations.kept_in(tmp_path):
            replace(KNOWN["cheng2023_switches"], settings={"quick": chosen}).data()
        counts.append(len(list(tmp_path.glob("cells/*.parquet"))))
    assert counts == [6 * 3, 6 * 4]


def test_a_simulation_that_fails_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr("sims.compute.simulate", lambda *_, **__: (_ for _ in ()).throw(MemoryError("no room")))
    with (
        simulations.kept_in(tmp_path),
        pytest.raises(RuntimeError, match=r"18 simulations failed, one with: MemoryError: no room"),
    ):
        KNOWN["cheng2023_switches"].data()


def test_walk_table_is_the_walk():
    frame = KNOWN["cheng2023_walk"].data()
    heights = {0: 0.0} | dict(zip(frame["round"], frame["walk_loss"]))
    for row in frame.iter_rows(named=True):
        lowest_bit = row["round"] & -row["round"]
        assert row["parent_round"] == row["round"] - lowest_bit
        assert row["parent_walk_loss"] == heights[row["parent_round"]]
    gap = frame["other_actions_loss"] - frame["good_action_loss"]
    expected = (3 / 16) ** (1 / 3) / (9 * np.log2(16))
    np.testing.assert_allclose(gap.to_numpy(), expected, rtol=0, atol=1e-15)  # losses near 1/2: a few roundings
