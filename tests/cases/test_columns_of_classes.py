"""Columns that become classes: missing or unknown values, and values spelled in several ways."""

import os

import numpy as np
import pytest

from bandits.threshold import CsvPopulation

ROLES = {"outcome": "y", "group": "g", "group_value": "A", "numbers": ["a"], "categories": ["c"]}


def read(folder, column, *values, good_value="1"):
    """Read 40 individuals, the first of whom have `values` in a column."""
    rows = [{"y": i % 2, "g": "AB"[i // 2 % 2], "a": i / 8, "c": "pq"[i % 3 == 0]} for i in range(40)]
    for row, value in zip(rows, values, strict=False):
        row[column] = value
    lines = ["y, g, a, c", *(", ".join(map(str, row.values())) for row in rows)]
    path = folder / "people.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return CsvPopulation(path=str(path), good_value=good_value, **ROLES)


@pytest.mark.parametrize("mark", ["??", "—", "**", "...", "_", "\u200b", "(null)", "[null]", "<missing>", "#DIV/0!"])
@pytest.mark.parametrize("column", ["y", "g", "c"])
def test_marks_of_any_punctuation(tmp_path, mark, column):
    with pytest.raises(ValueError, match=f"column '{column}' must hold a value in every row"):
        read(tmp_path, column, mark).individuals()


@pytest.mark.parametrize("sign", ["+", "$$", "<", "C#"])
def test_symbols_are_values(tmp_path, sign):
    assert sign in read(tmp_path, "c", sign).individuals().categories


def test_the_unknown_is_a_feature_and_no_class(tmp_path):
    assert "unknown" in read(tmp_path, "c", "unknown").individuals().categories
    for column in "yg":
        with pytest.raises(ValueError, match="must hold a known value in every row, got 'Unknown' in line 2"):
            read(tmp_path, column, "Unknown").individuals()


@pytest.mark.parametrize(
    "values", [("yes",), ("A  C", "A C"), ("\u00c9", "E\u0301"), ("A\u200b",), ("straße", "STRASSE"), ("True", "t")]
)
def test_one_value_in_several_spellings(tmp_path, values):
    with pytest.raises(ValueError, match="'g' must spell each value in one way"):
        read(tmp_path, "g", "1", *values).individuals()


def test_quotation_marks_after_spaces_are_no_part_of_a_value(tmp_path):
    plain, quoted = (read(tmp_path, "g", value).individuals() for value in ("A", '"A"'))
    assert quoted.group.tolist() == plain.group.tolist()


def test_numbers_whose_squares_overflow(tmp_path):
    with pytest.raises(ValueError, match=r"must hold numbers up to 1e\+100 in size, got '1.7e308' in line 2"):
        read(tmp_path, "a", "1.7e308").individuals()


def test_a_name_that_no_file_can_have():
    for name in ("a" * 5000, "a\0b"):
        with pytest.raises(ValueError, match="no such table"):
            _ = CsvPopulation(path=name, **ROLES).pools


def test_another_table_of_the_same_size_and_time(tmp_path):
    """As copied with its times, or written twice within a tick of the clock."""
    population = read(tmp_path, "a", "1.5", "7.5")
    times, before = os.stat(population.path), population.pools
    again = read(tmp_path, "a", "7.5", "1.5")
    os.utime(again.path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert not np.array_equal(again.pools.scores, before.scores)
