"""Every figure end to end at a tiny size, and the gallery around them."""

import json
import re
import subprocess
import sys
from dataclasses import fields
from html.parser import HTMLParser

import numpy as np
import pytest
from polars.testing import assert_frame_equal

import paper_figures
from paper_figures import gallery, simulations, style
from paper_figures.kit import QUALITIES, Paper
from sims import execute
from tests.paper_figures.legends import cut_off, unexplained

KNOWN = paper_figures.catalogue()
SWITCHES = KNOWN["cheng2023_switches"]


# ---------------------------------------------------------------- the catalogue


def write_package(folder, name, **modules):
    home = folder / name
    home.mkdir()
    for module, text in modules.items():
        (home / f"{module}.py").write_text(text, encoding="utf-8")


def one_figure(name):
    return (
        f"from paper_figures.kit import Figure\n\nclass Base(Figure): pass\n\nclass One(Base):\n    name = {name!r}\n"
    )


def test_figures_are_found_in_any_package_by_module_then_name(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    borrowed = "from found_here.b import One\n"  # imported, not declared: no figure of this module
    write_package(tmp_path, "found_here", __init__="", b=one_figure("a"), a=one_figure("z"), c=borrowed)
    assert list(paper_figures.catalogue("found_here")) == ["z", "a"]
    write_package(tmp_path, "found_twice", __init__="", b=one_figure("same"), a=one_figure("same"))
    with pytest.raises(ValueError, match=r"two figures are named 'same', in found_twice\.a and found_twice\.b"):
        paper_figures.catalogue("found_twice")


@pytest.mark.parametrize("figure", KNOWN.values(), ids=lambda figure: figure.name)
def test_figure_says_what_it_shows_and_how_it_was_made(figure):
    assert re.fullmatch(r"[a-z0-9_]+", figure.name)
    for text in (figure.title, figure.claim, figure.caption, figure.source.title, figure.source.authors):
        assert len(text) > 10
    assert isinstance(figure.source, Paper)
    assert figure.source.url.startswith("https://")
    for quality in QUALITIES:
        parameters = figure.at(quality).parameters()
        assert parameters
        assert all(label and text for label, text in parameters.items())
    if not any("seed" in label for label in figure().parameters()):
        assert re.search(r"Deterministic|Nothing is simulated", figure.caption)


def test_the_first_part_of_a_name_tells_the_paper():
    papers = {(name.partition("_")[0], figure.source.title) for name, figure in KNOWN.items()}
    assert len({first for first, _ in papers}) == len(papers) == len({title for _, title in papers})


def test_captions_of_measured_gaps_say_how_the_gap_was_chosen():
    for figure in KNOWN.values():
        if getattr(figure(), "pilot", 0):
            assert "pilot" in figure.caption


def test_qualities_change_known_parameters_and_keep_the_others():
    figure = KNOWN["cheng2023_walk"]
    tiny = figure.at("tiny")
    assert tiny.horizon == figure.tiny["horizon"] != figure().horizon
    assert tiny.seed == figure().seed
    assert figure.at("quick") == figure()
    for other in KNOWN.values():
        assert {*other.tiny, *other.paper} <= {field.name for field in fields(other)}


def test_unknown_quality_is_named():
    with pytest.raises(ValueError, match="quality must be one of tiny, quick, paper, got 'best'"):
        KNOWN["cheng2023_walk"].at("best")


# ---------------------------------------------------------------- files


@pytest.mark.parametrize("name", KNOWN)
def test_the_table_on_disk_is_what_was_drawn(drawn, table, canvas, tmp_path, name):
    """The table holds all: from it alone, with other parameters, the figure draws the same picture to the byte."""
    folder, frame = drawn(name), table(name)
    assert frame.height > 0
    (again,) = gallery.save(canvas(name), tmp_path / name, ["png"])
    assert again.read_bytes() == (folder / again.name).read_bytes()
    assert all("nan" not in sentence for sentence in json.loads((folder / f"{name}.json").read_text())["findings"])


@pytest.mark.parametrize("name", KNOWN)
def test_every_line_is_in_a_legend_and_nothing_is_cut_off(drawn, canvas, name):
    assert canvas(name).get_size_inches()[0] <= style.WIDTH
    assert unexplained(canvas(name)) == []
    assert not cut_off(drawn(name) / f"{name}.png")


def test_lines_without_an_entry_and_texts_beyond_the_canvas_are_found(tmp_path):
    finished, (panel,) = style.canvas(1, (3.0, 2.0))
    panel.plot([0, 1], color=style.BLUE, marker="o", label="a")
    panel.plot([1, 0], color=style.BLUE, linestyle=":")
    panel.legend()
    style.lay_out(finished)
    assert len(unexplained(finished)) == 1
    assert not cut_off(gallery.save(finished, tmp_path / "inside")[0])
    panel.annotate("beyond the right edge", (1.0, 0.5), annotation_clip=False)
    assert cut_off(gallery.save(finished, tmp_path / "beyond")[0])


def test_a_second_run_writes_the_same_bytes(drawn, tmp_path):
    names = ["cheng2023_walk", "cheng2023_laziness"]
    assert [result.name for result in gallery.draw(names, "tiny", tmp_path)] == names
    for name in names:
        for ending in ("csv", "png", "pdf", "json"):
            assert (tmp_path / f"{name}.{ending}").read_bytes() == (drawn(name) / f"{name}.{ending}").read_bytes()


@pytest.mark.parametrize("name", KNOWN)
def test_tables_have_intervals_that_hold_their_means(table, name):
    frame = table(name)
    for low in [column for column in frame.columns if "_low95" in column]:
        mean, high = (low.replace("_low95", end) for end in ("_mean", "_high95"))
        if mean in frame.columns:
            assert ((frame[low] <= frame[mean]) & (frame[mean] <= frame[high])).all(), mean


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


def test_index_shows_every_figure_with_its_files_and_parameters(drawn):
    for name in KNOWN:
        folder = drawn(name)
    text = gallery.write_index(folder, KNOWN, {}).read_text(encoding="utf-8")
    page = Links()
    page.feed(text)
    assert page.open == []
    for name, figure in KNOWN.items():
        assert {f"{name}.{ending}" for ending in ("png", "pdf", "csv")} <= set(page.links)
        for label in figure.at("tiny").parameters():
            assert gallery.html.escape(label) in text
        assert gallery.html.escape(figure.caption) in text
    contents = text[text.index("<nav>") : text.index("</nav>")]
    assert contents.count("<section>") == len({figure.source.title for figure in KNOWN.values()})
    assert contents.count("<li>") == len(KNOWN)
    for link in page.links:
        assert link.startswith("https://") or link.removeprefix("#") in KNOWN or (folder / link).exists()


def test_a_table_is_written_for_papers_and_pages_with_the_best_in_bold(drawn, table):
    folder, frame = drawn("du2025_table"), table("du2025_table")
    learners = frame.filter(frame["learner"] != "FixedThreshold", environment="compas")
    best = f"{learners['reward_per_round_mean'].max():.4f} "
    assert rf"& \textbf{{{best}$\pm$" in (folder / "du2025_table.tex").read_text(encoding="utf-8")
    page = (folder / "du2025_table.html").read_text(encoding="utf-8")
    assert f"<td><b>{best}±" in page
    assert page.count("<tr>") == 1 + 3 + frame.height


# ---------------------------------------------------------------- mistakes and mishaps


def test_unknown_names_give_the_nearest(tmp_path):
    hints = {"cheng2023_wlak": "did you mean cheng2023_walk", "zzz": "`regretlab figures --list` lists all"}
    for wrong, hint in hints.items():
        with pytest.raises(ValueError, match=f"no figure named '{wrong}': {hint}"):
            gallery.draw([wrong], out=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_unknown_quality_stops_before_anything_is_made(tmp_path):
    with pytest.raises(ValueError, match="quality must be one of tiny, quick, paper"):
        gallery.draw([], "best", tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_a_figure_that_fails_does_not_take_the_others_along(tmp_path):
    class Broken(KNOWN["cheng2023_phases"]):
        name = "broken"

        def draw(self, frame, axes):
            raise RuntimeError("no <ink>")

    figures = {"broken": Broken} | {name: KNOWN[name] for name in ("cheng2023_phases", "cheng2023_walk")}
    first, *rest = gallery.draw((), "tiny", tmp_path, figures)
    assert isinstance(first.error, RuntimeError)
    assert [drawn.error for drawn in rest] == [None, None]
    assert (tmp_path / "broken.csv").exists()  # the data were saved before the drawing failed
    text = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert "no &lt;ink&gt;" in text
    assert 'id="cheng2023_walk"' in text
    assert 'id="broken"' not in text


DEADLY = """
import os
from paper_figures.kit import Figure

class Deadly(Figure):
    name = "deadly"
    simulations = "shared"

    def data(self):
        os._exit(3)

class Beside(Deadly):
    name = "beside"
"""


def test_figures_made_in_processes_are_the_same_and_outlive_one_that_ends_its_process(drawn, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    write_package(tmp_path, "deadly_figures", __init__="", one=DEADLY)
    names = ("cheng2023_walk", "cheng2023_phases")
    figures = paper_figures.catalogue("deadly_figures") | {name: KNOWN[name] for name in names}
    results = {result.name: result.error for result in gallery.draw((), "tiny", tmp_path, figures, processes=2)}
    assert results.pop("deadly") is not None
    assert results.pop("beside") is not None  # it shares the other's simulations, so its process
    assert results == dict.fromkeys(names)
    for name in names:
        for ending in ("csv", "png", "pdf", "json"):
            assert (tmp_path / f"{name}.{ending}").read_bytes() == (drawn(name) / f"{name}.{ending}").read_bytes()


def test_a_later_call_keeps_the_figures_already_there(tmp_path):
    for name in ("cheng2023_walk", "cheng2023_phases"):
        list(gallery.draw([name], "tiny", tmp_path))
    text = (tmp_path / "index.html").read_text(encoding="utf-8")
    places = [text.index(f'id="{name}"') for name in ("cheng2023_phases", "cheng2023_walk")]
    assert places == sorted(places)  # in the catalogue's order, not in that of the calls
    assert json.loads((tmp_path / "cheng2023_walk.json").read_text())["quality"] == "tiny"


def test_importing_the_package_and_listing_figures_leave_matplotlib_alone():
    code = "import sys, paper_figures; paper_figures.catalogue(); sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_drawing_leaves_matplotlib_settings_as_they_were(tmp_path):
    import matplotlib as mpl

    before = dict(mpl.rcParams)
    list(gallery.draw(["cheng2023_phases"], "tiny", tmp_path))
    assert dict(mpl.rcParams) == before


# ---------------------------------------------------------------- data


def test_kept_simulations_give_the_same_table_and_are_not_made_again(tmp_path, monkeypatch):
    figure = KNOWN["cheng2023_bounds"].at("tiny")
    fresh = figure.data()
    with simulations.kept_in(tmp_path):
        assert_frame_equal(figure.data(), fresh)
    cells = sorted(tmp_path.glob("cells/*/*.parquet"))
    monkeypatch.setattr(execute, "compute", lambda *_: pytest.fail("simulated again"))
    with simulations.kept_in(tmp_path):
        assert_frame_equal(figure.data(), fresh)
    assert sorted(tmp_path.glob("cells/*/*.parquet")) == cells


def test_a_changed_parameter_computes_its_own_cells_only(tmp_path):
    figure, horizons = SWITCHES.at("tiny"), SWITCHES.tiny["horizons"]
    counts = []
    for chosen in (horizons, (*horizons, 2 * max(horizons))):
        with simulations.kept_in(tmp_path):
            frame = SWITCHES(**{**SWITCHES.tiny, "horizons": chosen}).data()
        assert len(list(tmp_path.glob("cells/*/*.parquet"))) == frame.height
        counts.append(frame.height)
    assert counts[1] * len(horizons) == counts[0] * (len(horizons) + 1)
    assert figure.horizons == horizons


def test_a_simulation_that_fails_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr("sims.compute.simulate", lambda *_, **__: (_ for _ in ()).throw(MemoryError("no room")))
    with (
        simulations.kept_in(tmp_path),
        pytest.raises(RuntimeError, match=r"^\d+ simulations failed, one with: MemoryError: no room"),
    ):
        SWITCHES.at("tiny").data()


def test_walk_table_is_the_walk():
    frame = KNOWN["cheng2023_walk"].at("tiny").data()
    heights = {0: 0.0} | dict(zip(frame["round"], frame["walk_loss"]))
    for row in frame.iter_rows(named=True):
        lowest_bit = row["round"] & -row["round"]
        assert row["parent_round"] == row["round"] - lowest_bit
        assert row["parent_walk_loss"] == heights[row["parent_round"]]
    gap = frame["other_actions_loss"] - frame["good_action_loss"]
    expected = (3 / 16) ** (1 / 3) / (9 * np.log2(16))
    np.testing.assert_allclose(gap.to_numpy(), expected, rtol=0, atol=1e-15)  # losses near 1/2: a few roundings
