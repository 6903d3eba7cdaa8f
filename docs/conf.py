"""Settings of the documentation site: `make docs` builds it in docs/_build/html."""

import sys
from importlib.metadata import version as installed
from pathlib import Path

from sphinx_gallery.sorting import FileNameSortKey

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE / "extensions"), str(HERE.parent)]

project, author, copyright = "regretlab", "the regretlab authors", "the regretlab authors"
release = version = installed("regretlab")

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.viewcode",
    "myst_parser",
    "sphinx_gallery.gen_gallery",
    "api_pages",
    "docstrings",
    "figure_pages",
    "formulas",
    "links",
    "theorem_pages",
]
exclude_patterns = ["_build", "tutorials/**/*.md5"]

# ---------------------------------------------------------------- text

myst_enable_extensions = ["dollarmath", "colon_fence"]
myst_heading_anchors = 3
suppress_warnings = ["config.cache"]  # the order of tutorials is a class
default_role = "code"
highlight_language = "none"
html_math_renderer = "mathml"

autosummary_generate = False
autodoc_member_order = "bysource"
autodoc_typehints = "none"  # docstrings have types with shapes
maximum_signature_line_length = 66

# ---------------------------------------------------------------- tutorials

sphinx_gallery_conf = {
    "examples_dirs": "../examples/tutorials",
    "gallery_dirs": "tutorials",
    "filename_pattern": r"\.py$",  # run them all
    "within_subsection_order": FileNameSortKey,
    "abort_on_example_error": True,
    "download_all_examples": False,
    "min_reported_time": 1e9,
    "remove_config_comments": True,
    "show_memory": False,
    "write_computation_times": False,
    "show_signature": False,
    "reset_modules": (),
    "ignore_repr_types": "matplotlib",
    "thumbnail_size": (400, 280),
}

# ---------------------------------------------------------------- pages

html_theme = "pydata_sphinx_theme"
html_title = f"regretlab {release}"
html_context = {"default_mode": "light"}
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_copyright = False
html_copy_source = False
html_theme_options = {
    "show_prev_next": False,
    "navigation_with_keys": False,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": [],
    "footer_end": [],
    "header_links_before_dropdown": 6,
}
