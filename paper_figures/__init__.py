"""Figures of papers, simulated and drawn over their theorems. `catalogue` finds them, `gallery.draw` makes them."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from paper_figures.kit import Figure


def catalogue(package: str = "paper_figures") -> "dict[str, type[Figure]]":
    """Return the figures of a package by name, in the order of the gallery: by module or folder (paper), then by name.

    Every module of the package is imported; each subclass of `kit.Figure` that has a name is a figure. Raises
    ValueError if there is no such package and for two figures of one name.
    """
    from importlib import import_module
    from pkgutil import walk_packages

    from paper_figures.kit import Figure

    try:
        home = import_module(package)
    except ModuleNotFoundError as error:
        raise ValueError(f"package {package!r} cannot be imported: {error}") from None
    places = [package, *(found.name for found in walk_packages(getattr(home, "__path__", ()), f"{package}."))]
    figures = [
        value
        for place in places
        for value in vars(import_module(place)).values()
        if isinstance(value, type) and issubclass(value, Figure) and value.name and value.__module__ == place
    ]
    named: dict[str, type[Figure]] = {}
    depth = len(package.split("."))
    for figure in sorted(figures, key=lambda figure: (figure.__module__.split(".")[depth:][:1], figure.name)):
        if figure.name in named:
            raise ValueError(
                f"two figures are named {figure.name!r}, in {named[figure.name].__module__} and {figure.__module__}"
            )
        named[figure.name] = figure
    return named
