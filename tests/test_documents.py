"""Documents name files that exist, and link to documents that exist."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "benchmarks" / "README.md", *ROOT.glob("docs/*.md")]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_files_named_in_documents_exist(document):
    text = document.read_text(encoding="utf-8")
    named = re.findall(r"`((?:[a-z_.]+/)+[a-z_.]*)`", text)
    missing = [name for name in named if not any((folder / name).exists() for folder in (ROOT, document.parent))]
    missing += [link for link in re.findall(r"\]\(([^)#:]+)\)", text) if not (document.parent / link).exists()]
    assert missing == []


GLOSSARY = ROOT / "docs" / "glossary.md"
TEXTS = [
    path
    for folder in ("bandits", "theory", "sims", "paper_figures", "regretlab", "benchmarks", "docs")
    for path in sorted((ROOT / folder).rglob("*"))
    if path.suffix in (".py", ".md") and path != GLOSSARY
]


def retired_words():
    """Return the words of the glossary's last table that stand in code font: they are not to be written again."""
    table = GLOSSARY.read_text(encoding="utf-8").partition("## Retired words")[2]
    rows = [
        line.split("|")[1] for line in table.splitlines() if line.startswith("| ") and not line.startswith("| retired")
    ]
    return [word for row in rows for word in re.findall(r"`([^`]+)`", row)]


def test_retired_words_are_gone():
    words = retired_words()
    assert len(words) > 5
    pattern = re.compile(r"\b(" + "|".join(map(re.escape, words)) + r")s?\b", re.IGNORECASE)
    texts = {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for path in TEXTS}
    texts.pop("theory/instances.py")  # keeps the old names
    found = {name: sorted(set(pattern.findall(text))) for name, text in texts.items()}
    assert {name: words for name, words in found.items() if words} == {}
