"""Tables as other programs write them: missing values and mixed spellings are refused, naming the place."""

import itertools

import numpy as np
import pytest

from bandits.threshold import CsvPopulation

MARKS = ["", "?", "N/A", "n/a", "NA", "<NA>", "None", "NONE", "#N/A", "-nan", "NaN", "NULL", " nan ", "#NA", "NaT", "."]


def rows():
    return [[i % 2, (i // 2) % 2, i / 10, "ab"[i % 3 == 0]] for i in range(40)]


def write(folder, table, separator=",", encoding="utf-8", end="\n"):
    path = folder / "people.csv"
    lines = [separator.join(map(str, row)) for row in (["outcome", "group", "income", "housing"], *table)]
    path.write_bytes((end.join(lines) + end).encode(encoding))
    return path


def read(path, **more):
    roles = {"outcome": "outcome", "group": "group", "numbers": ["income"], "categories": ["housing"]}
    return CsvPopulation(path=str(path), **roles | more).individuals()


@pytest.mark.parametrize("mark", MARKS)
@pytest.mark.parametrize(("column", "place"), [("outcome", 0), ("group", 1), ("income", 2), ("housing", 3)])
def test_marks_of_missing_values(tmp_path, mark, column, place):
    table = rows()
    table[20][place] = mark
    with pytest.raises(ValueError, match=f"column '{column}' must hold .* in line 22") as caught:
        read(write(tmp_path, table))
    assert repr(mark.strip()) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("one", "zero"), [("1.0", "0.0"), ("1", "0.0"), ("1e0", "0"), (" 1 ", "-0")])
def test_numbers_are_compared_as_numbers(tmp_path, one, zero):
    table = [[one if row[0] else zero, *row[1:]] for row in rows()]
    table[3][0] = "1"
    found = read(write(tmp_path, table))
    assert found.good.tolist() == [row[0] for row in rows()]


@pytest.mark.parametrize(
    ("outcomes", "good_value", "said"),
    [
        (["yes", "no", "Yes", "no"], "yes", "must spell each value in one way, got 'yes', 'no', 'Yes'"),
        (["yes", "no", "maybe", "no"], "yes", "must hold two values, 'yes' and another, got 'yes', 'no', 'maybe'"),
        (["yes", "no"], "1", "holds no good_value '1', only 'yes', 'no'"),
        (["TRUE", "false"], "true", "holds no good_value 'true', only 'TRUE', 'false'"),
        (["1", "1"], "1", "is the same in every row, '1'"),
    ],
)
def test_outcomes_in_other_words(tmp_path, outcomes, good_value, said):
    table = [[outcomes[i % len(outcomes)], *row[1:]] for i, row in enumerate(rows())]
    with pytest.raises(ValueError, match=f"column 'outcome' {said}"):
        read(write(tmp_path, table), good_value=good_value)


def test_of_more_than_two_groups_the_user_says_which(tmp_path):
    table = [[row[0], "abc"[i % 3], *row[2:]] for i, row in enumerate(rows())]
    with pytest.raises(
        ValueError, match="more than two values, 'a', 'b', 'c': give other_value, one of them, or merge_"
    ):
        read(write(tmp_path, table), group_value="a")
    assert read(write(tmp_path, table), group_value="a", merge_others=True).group.tolist() == [1, 0, 0] * 13 + [1]
    assert read(write(tmp_path, table), group_value="a", other_value="c").group.tolist() == [1, 0] * 13 + [1]
    table[0][1] = "A"
    with pytest.raises(ValueError, match="column 'group' must spell each value in one way"):
        read(write(tmp_path, table), group_value="a")


@pytest.mark.parametrize(("separator", "end"), [*itertools.product(",;\t|", ["\n", "\r\n"]), (",", "\r")])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_separators_encodings_and_line_ends(tmp_path, separator, encoding, end):
    found = read(write(tmp_path, rows(), separator, encoding, end))
    assert found.numbers[:, 0].tolist() == [row[2] for row in rows()]
    assert found.good.sum() == 20


def test_separators_and_encodings_that_are_said(tmp_path):
    table = [[*row[:3], "Zürich" if row[3] == "a" else "b"] for row in rows()]
    found = read(write(tmp_path, table, ":", "latin-1"), separator=":", encoding="latin-1")
    assert set(np.unique(found.categories)) == {"Zürich", "b"}


def test_files_that_are_no_tables(tmp_path):
    table = rows()
    table[4][3] = '"a'
    with pytest.raises(ValueError, match="line 6: is a quotation mark left open"):
        read(write(tmp_path, table))
    with pytest.raises(ValueError, match="not UTF-8 in line 3"):
        read(write(tmp_path, [*rows()[:1], [1, 1, 1, "Zürich"], *rows()], encoding="latin-1"))
    with pytest.raises(ValueError, match="column 'income' must hold finite numbers, got '1_0' in line 2"):
        read(write(tmp_path, [[1, 1, "1_0", "a"], *rows()]))
    with pytest.raises(ValueError, match="line 2 has 3 fields, the header line has 4"):
        read(write(tmp_path, [[1, 1, 1], *rows()]))
    with pytest.raises(ValueError, match="is empty"):
        read(_nothing(tmp_path))


def _nothing(folder):
    path = folder / "people.csv"
    path.write_text("")
    return path


def test_quoted_fields_may_hold_separators_but_no_lines(tmp_path):
    """A line break inside a field is nearly always an unclosed quotation mark, which would merge rows."""
    found = read(write(tmp_path, [[*row[:3], '"a, b"' if row[3] == "a" else "b"] for row in rows()]))
    assert set(np.unique(found.categories)) == {"a, b", "b"}
    with pytest.raises(ValueError, match="'housing' holds a line break: is a quotation mark left open"):
        read(write(tmp_path, [[*row[:3], '"a\nb"' if row[3] == "a" else "b"] for row in rows()]))
