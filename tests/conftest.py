"""Hypothesis profiles: HYPOTHESIS_PROFILE chooses one, `ci` (the same examples every time) where it is unset."""

import os

from hypothesis import Phase, settings

settings.register_profile("ci", derandomize=True, deadline=None, database=None, max_examples=100, print_blob=True)
settings.register_profile("dev", deadline=None, max_examples=100)
settings.register_profile("nightly", deadline=None, max_examples=2000)
settings.register_profile(  # many runs, of which most fail: few examples, none of them shrunk
    "mutants",
    parent=settings.get_profile("ci"),
    max_examples=10,
    phases=(Phase.explicit, Phase.generate),
    print_blob=False,
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))
