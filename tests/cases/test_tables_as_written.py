"""CSV tables as other programs write them: read, or refused in one line that names the place."""

import pytest

from bandits.threshold.tables import read_table

TABLE = "naïve,b\n1,x\n2,y\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_marks_and_line_ends_are_understood(encoding, end, tmp_path):
    path = tmp_path / "table.csv"
    path.write_bytes(TABLE.replace("\n", end).encode(encoding))
    table = read_table(path, ["b", "naïve"])
    assert (table.columns, table.lines) == ({"b": ["x", "y"], "naïve": ["1", "2"]}, [2, 3])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (TABLE.encode("latin-1"), r"not UTF-8 in line 1 \(byte 0xef\)"),
        (TABLE.encode() + b'3,"z\n4,w\n', "line 4: is a quotation mark left open"),
        (b'a,b\n1,"x\n2,"y"\n', "line 2: is a quotation mark left open"),
        (b'naive,b\n1,"x\n2,y"\n', "line 3: 'b' holds a line break: is a quotation mark left open"),
        (TABLE.encode() + b"\0", "NUL character in line 4"),
    ],
)
def test_what_cannot_be_read_is_one_line(content, message, tmp_path):
    path = tmp_path / "table.csv"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=message) as caught:
        read_table(path, ["b"])
    assert "\n" not in str(caught.value)
