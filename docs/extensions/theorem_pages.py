"""The catalogue of theorems: a page for each family, written into docs/theorems from the theorems themselves."""

import json
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import sympy as sp
from api_pages import keep, toctree

import theory

VERDICTS = Path(__file__).parents[1] / "verdicts.jsonl"
TIGHTNESS = Path(__file__).parents[1] / "tightness.md"
FAMILIES = {
    "switching": "Switching costs",
    "stochastic": "Stochastic bandits",
    "delays": "Delayed feedback",
    "graphs": "Feedback graphs",
    "partial": "Partial monitoring",
    "contextual": "Contextual bandits",
    "convex": "Online convex optimisation",
    "language": "Language feedback",
    "loops": "Predictions that come back as data",
    "prediction": "Predictions",
    "episodes": "What must be given up to see the state",
    "one_sided": "Individual fairness, one-sided feedback",
    "threshold": "Fair thresholds in closed loops",
    "preference.self_play": "Self-play in preference games",
    "preference.duels": "Duels",
    "preference.stackelberg": "Leader and follower",
    "preference.trajectories": "Comparisons of trajectories",
}


def setup(app: Any) -> dict[str, Any]:
    """Write the pages before Sphinx looks for them."""
    app.connect("builder-inited", _write)
    return {"parallel_read_safe": True}


def _write(app: Any) -> None:
    found = {family_of(module): module.BOUNDS for module in theory.modules_of_families("bounds")}
    families = {family: found[family] for family in sorted(found, key=[*FAMILIES, *found].index)}
    index, pages = [_HEAD, "| family | theorems |", "|---|---:|"], {}
    ratios, verdicts = _ratios(), _verdicts()
    for family, bounds in families.items():
        title = FAMILIES.get(family, family)
        index.append(f"| [{title}]({family}.md) | {len(bounds)} |")
        entries = [_entry(bound, ratios.get(bound.name), verdicts.get(bound.name, [])) for bound in bounds]
        pages[f"{family}.md"] = "\n\n".join([f"# {title}", *entries]) + "\n"
    keep(Path(app.srcdir) / "theorems", pages | {"index.md": "\n".join([*index, "", *toctree(families)])})


def family_of(module: ModuleType) -> str:
    """Return the family of a module of theorems, for example "preference.duels"."""
    return module.__name__.removeprefix("theory.").removesuffix(".bounds")


_HEAD = """# Theorems

Every theorem of the package, with its constants, source and assumptions. `theory.theorem(name)` is the theorem as an
object, `regretlab bounds NAME` prints it, `regretlab verify NAME` checks it.

*Tightness* is the worst value that was found, divided by the bound ([more](../tightness.md)). *Verdicts* are
those of `regretlab verify --out docs/verdicts.jsonl` ([what they mean](../verification.md)).
"""


def _entry(bound: Any, ratio: str | None, verdicts: list[dict[str, Any]]) -> str:
    """Return the description of a theorem as MyST."""
    sign = r"\le" if bound.direction == "upper" else r"\ge"
    quantity = bound.quantity.replace("_", " ")
    parts = [
        f"## {_prose(bound.name)}",
        _prose(bound.statement),
        f"$$\n\\text{{{quantity}}} {sign} {bound.latex()}\n$$",
        f"For {f'`{bound.learner}`' if bound.learner else 'every learner'}, {_MODES[bound.mode]}. {_symbols(bound)}",
        f"*Source.* {_source(bound.source)}",
    ]
    if bound.assumptions:
        parts.append(f"*Assumptions.* {'; '.join(_prose(a.text) for a in bound.assumptions)}.")
    if bound.tunings:
        parts.append(f"*Least at* {', '.join(f'${sp.latex(t.symbol)} = {_latex(t.rounded)}$' for t in bound.tunings)}.")
    if ratio:
        parts.append(f"*Tightness.* {ratio}.")
    if verdicts:
        parts.append(f"*{'Verdicts' if len(verdicts) > 1 else 'Verdict'}.* {'; '.join(map(_verdict, verdicts))}.")
    return "\n\n".join(parts)


_MODES = {
    "expectation": "in expectation",
    "probability": r"with probability at least $1 - \delta$",
    "every path": "on every path",
}


def _symbols(bound: Any) -> str:
    """Return which field each symbol stands for."""
    symbols = sorted(bound.expression.free_symbols, key=str)
    return ", ".join(f"${sp.latex(symbol)}$ is `{symbol.field}`" for symbol in symbols) + "." if symbols else ""


def _source(source: Any) -> str:
    text = str(source).removesuffix(f", {source.url}") if source.url else str(source)
    paper = re.sub(r"arXiv:(.+)", r"https://arxiv.org/abs/\1", source.url)
    return f"{_prose(text)}, [{source.url}]({paper})." if source.url else f"{_prose(text)}."


def _latex(expression: sp.Expr) -> str:
    return str(sp.latex(expression, ln_notation=True))


def _prose(text: str) -> str:
    """Return plain text with the marks of Markdown taken away."""
    return re.sub(r"([*_<>|$\[\]])", r"\\\1", text)


def _verdict(verdict: dict[str, Any]) -> str:
    """Return the verdict on a theorem, with its evidence."""
    where = "" if verdict["kind"] == "none" else f" for `{verdict['learner']}` in `{verdict['problem']}`"
    ratio = "" if verdict["ratio"] is None else f", ratio {verdict['ratio']:.3g}"
    played = f", {verdict['repetitions']} repetitions" if verdict["repetitions"] else ""
    reason = f": {_prose(verdict['note']).rstrip('.')}" if verdict["kind"] == "none" else ""
    return f"{verdict['label']}{where}{ratio}{played}{reason}"


def _verdicts() -> dict[str, list[dict[str, Any]]]:
    """Return the kept verdicts by theorem."""
    found: dict[str, list[dict[str, Any]]] = {}
    for line in VERDICTS.read_text(encoding="utf-8").splitlines() if VERDICTS.exists() else ():
        verdict = json.loads(line)
        found.setdefault(verdict["bound"], []).append(verdict)
    return found


def _ratios() -> dict[str, str]:
    """Return the ratio of each theorem as the page on tightness has it, and the reason where it is small."""
    text = TIGHTNESS.read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\S+) \| ([\d.e-]+) \| ([^|]+) \| ([^|]+) \|$", text, re.MULTILINE)
    reasons = theory.registered("bounds", "LOOSE")
    return {
        name: f"{ratio} ({method}, {where})" + (f": {_prose(reasons[name])}" if name in reasons else "")
        for name, ratio, method, where in rows
    }
