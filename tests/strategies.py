"""Hypothesis strategies for domain objects."""

import numpy as np
from hypothesis import strategies as st


@st.composite
def loss_tables(draw, max_rounds=40):
    n, k = draw(st.integers(1, max_rounds)), draw(st.integers(2, 5))
    kind = draw(st.sampled_from(["bits", "free"]))
    element = st.integers(0, 1) if kind == "bits" else st.floats(0, 1, width=32)
    return np.array(draw(st.lists(st.lists(element, min_size=k, max_size=k), min_size=n, max_size=n)), dtype=float)
