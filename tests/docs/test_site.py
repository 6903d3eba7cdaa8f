"""The built site in a browser: pictures load, no text lies on other text, nothing is wider than the window."""

import html
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

SITE = Path(__file__).parents[2] / "docs" / "_build" / "html"
LOOK = Path(__file__).with_name("look.js")
BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
WIDTHS = (1200, 400)
PAGES = (
    "index.html",
    "tutorials/index.html",
    "tutorials/5_fair_thresholds.html",
    "guides.html",
    "sweeps.html",
    "theorems/switching.html",
    "theorems/preference.self_play.html",
    "figures/index.html",
    "figures/cheng2023.html",
    "gallery/index.html",
    "api/index.html",
    "api/bandits.threshold.html",
    "glossary.html",
)
needs_browser = pytest.mark.skipif(BROWSER is None, reason="no Chromium: apt-get install chromium")


def opened(folder, pages, work):
    """Return what look.js says of the pages of a folder at each width, and the messages of the browser's console."""
    urls = [(folder / page).resolve().as_uri() for page in pages]
    script = f"const PAGES = {json.dumps(urls)}, WIDTHS = {json.dumps(WIDTHS)};\n{LOOK.read_text(encoding='utf-8')}"
    page = work / "look.html"
    page.write_text(f'<!doctype html><meta charset="utf-8"><body><pre id="report"></pre><script>{script}</script>')
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--allow-file-access-from-files"]
    options += [f"--user-data-dir={work / 'profile'}", "--enable-logging=stderr", "--virtual-time-budget=300000"]
    command = [BROWSER, *options, "--dump-dom", page.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    report = re.search(r'<pre id="report">(.+?)</pre>', done.stdout, re.DOTALL)
    assert report, done.stderr[-2000:]
    console = [line for line in done.stderr.splitlines() if "CONSOLE" in line and "[PST]" not in line]  # the theme's
    return json.loads(html.unescape(report[1])), console


@needs_browser
def test_faults_of_a_page_are_seen(tmp_path):
    (tmp_path / "page.html").write_text(
        """<title>Faults</title><p style="width: 900px">wide</p><img src="missing.png">
        <p style="position: absolute; top: 90px">One line</p><p style="position: absolute; top: 95px">Another</p>
        <script>console.error("a fault")</script>"""
    )
    (wide, narrow), console = opened(tmp_path, ["page.html"], tmp_path)
    assert wide["overlaps"] == narrow["overlaps"] == ["One line / Another"]
    assert len(wide["broken"]) == len(narrow["broken"]) == 1
    assert wide["beyond"] <= 0
    assert narrow["beyond"] > 400
    assert any("a fault" in line for line in console)


@needs_browser
@pytest.mark.skipif(not (SITE / "index.html").exists(), reason="no site: make docs")
def test_pages_are_whole_at_every_width(tmp_path):
    report, console = opened(SITE, PAGES, tmp_path)
    assert len(report) == len(PAGES) * len(WIDTHS)
    assert all(page["title"] and page["lines"] > 5 for page in report)
    assert max(page["images"] for page in report) > 10
    assert [(page["url"], page["broken"]) for page in report if page["broken"]] == []
    assert [(page["url"], page["width"], page["beyond"]) for page in report if page["beyond"] > 0] == []
    assert [(page["url"], page["width"], page["overlaps"]) for page in report if page["overlaps"]] == []
    assert console == []
