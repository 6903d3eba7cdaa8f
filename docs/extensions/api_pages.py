"""The reference: a page for each package or module of MODULES, with all public names, written into docs/api."""

import importlib
import inspect
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

MODULES = {
    "Problems and learners": {
        "bandits.switching": "switching costs, bandit and full information",
        "bandits.stochastic": "stochastic bandits, and means that change",
        "bandits.delays": "delayed feedback",
        "bandits.graphs": "feedback graphs",
        "bandits.partial": "partial monitoring",
        "bandits.contextual": "contextual bandits by online regression",
        "bandits.convex": "online convex optimisation, regret of every group",
        "bandits.language": "language feedback",
        "bandits.loops": "predictions that come back as data",
        "bandits.prediction": "paging with advice, mixtures under log loss, selection by a proxy",
        "bandits.episodes": "what must be given up to see the state",
        "bandits.threshold": "fair thresholds in closed loops",
        "bandits.one_sided": "individual fairness, one-sided feedback",
        "bandits.preference": "preference games, duels, leader and follower, trajectories",
        "bandits.preference.games": "matrices of preferences",
        "bandits.losses": "loss processes",
        "bandits.combine": "problems and learners made from others",
    },
    "Simulation": {"sims": "runs, sweeps, plots, tables"},
    "Theorems": {
        "theory": "the catalogue and its verification",
        "theory.bound": "a theorem as an object",
        "theory.testing": "theorems as assertions in tests",
        "theory.cases": "default cases",
        "theory.confidence": "confidence sequences",
        "theory.tightness": "worst cases",
    },
    "Writing your own": {
        "bandits.protocol": "the contracts of problems and learners",
        "bandits.jit": "kernels",
        "bandits.rng": "random numbers by address",
        "bandits.adapters": "policies of other libraries",
        "paper_figures.kit": "figures",
    },
}


def setup(app: Any) -> dict[str, Any]:
    """Write the pages before Sphinx looks for them."""
    app.connect("builder-inited", _write)
    return {"parallel_read_safe": True}


def _write(app: Any) -> None:
    index = ["# Reference", "", "`import regretlab` has", ", ".join(_everyday()) + ".", ""]
    pages = {}
    for part, modules in MODULES.items():
        index += [f"## {part}", "", "| module | |", "|---|---|"]
        index += [f"| [{module}]({module}.rst) | {said} |" for module, said in modules.items()]
        index += ["", *toctree(modules, part)]
        pages |= {f"{module}.rst": _page(importlib.import_module(module)) for module in modules}
    keep(Path(app.srcdir) / "api", pages | {"index.md": "\n".join(index)})


def _everyday() -> list[str]:
    """Return a link for each name of `regretlab`, to where it is described."""
    import regretlab

    modules = [importlib.import_module(module) for part in MODULES.values() for module in part]
    homes: dict[int, str] = {}
    for module in modules:
        for name, value in public(module).items():
            homes[id(value)] = f"{module.__name__}.{name}"
    names = {name: homes[id(value)] for name, value in public(regretlab).items()}
    return [f"{{py:obj}}`{name} <{home}>`" for name, home in names.items()]


def _page(module: ModuleType) -> str:
    """Return the page of a module: its names, and each of them after the text of the file that defines it."""
    name, pages = module.__name__, {page for part in MODULES.values() for page in part} - {module.__name__}
    things = {thing: value for thing, value in public(module).items() if _home(value) not in pages}
    lines = [name, "=" * len(name), "", *_text(name), f".. currentmodule:: {name}", ""]
    lines += [".. autosummary::", "   :nosignatures:", "", *(f"   {thing}" for thing in things), ""]
    files: dict[str, list[str]] = {}
    for thing, value in things.items():
        files.setdefault(_home(value), []).append(thing)
    for file, defined in files.items():
        title = file.removeprefix(f"{name}.")
        lines += [title, "-" * len(title), "", *([] if file == name else _text(file))]
        for thing in defined:
            directive = "autoclass" if inspect.isclass(things[thing]) else "autofunction"
            lines += [f".. {directive}:: {name}.{thing}", *(["   :members:"] if directive == "autoclass" else []), ""]
    return "\n".join(lines)


def _text(module: str) -> list[str]:
    return [f".. automodule:: {module}", "   :no-members:", "   :no-index:", ""]


def public(module: ModuleType) -> dict[str, Any]:
    """Return the public names of a module: of `__all__`, or what it defines, or what it passes on of its package."""
    if hasattr(module, "__all__"):
        return {name: getattr(module, name) for name in module.__all__ if not name.startswith("_")}
    named = {name: value for name, value in vars(module).items() if not name.startswith("_") and callable(value)}
    own = [name for name, value in named.items() if f"{_home(value)}.".startswith(f"{module.__name__}.")]
    package = module.__name__.partition(".")[0]
    passed_on = [name for name, value in named.items() if f"{_home(value)}.".startswith(f"{package}.")]
    return {name: named[name] for name in (passed_on if hasattr(module, "__path__") or not own else own)}


def _home(value: Any) -> str:
    """Return the module that defines a class or function."""
    return str(getattr(value, "__module__", ""))


def toctree(pages: Iterable[str], caption: str = "") -> list[str]:
    """Return the lines of a table of contents that the navigation shows, not the page."""
    return ["```{toctree}", ":hidden:", *([f":caption: {caption}"] if caption else []), "", *pages, "```", ""]


def keep(folder: Path, pages: Mapping[str, str]) -> None:
    """Make the files of a folder these, by name; one that has its text already is left, so that Sphinx skips it."""
    folder.mkdir(exist_ok=True)
    for path in folder.iterdir():
        if path.name not in pages:
            path.unlink()
    for name, text in pages.items():
        path = folder / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
