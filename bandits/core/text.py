"""Reading of text files in UTF-8, UTF-16 or UTF-32, with byte order marks and any line ends."""

import codecs
from pathlib import Path

_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",  # before UTF-16, whose mark is a prefix
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


def read_text(path: str | Path, most: int, encoding: str | None = None) -> str:
    r"""Return a file's text, its lines ended by "\n".

    most: the largest size in bytes. A byte order mark determines the encoding; without one it is `encoding`, by default
    UTF-8. ValueError, in one line that names the file, for another encoding and for larger files; OSError where it
    cannot be read.
    """
    with Path(path).open("rb") as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise ValueError(f"{path}: longer than {most} bytes")
    encoding = next((name for mark, name in _MARKS.items() if content.startswith(mark)), _codec(encoding))
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        known = encoding.upper().removesuffix("-SIG")
        hint = "" if encoding != "utf-8" else "; save it as UTF-8"
        raise ValueError(f"{path}: not {known} in line {line} (byte 0x{content[error.start]:02x}){hint}") from None
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        raise ValueError(f"{path}: a NUL character in line {line}; save it as UTF-8")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _codec(name: str | None) -> str:
    """Return the name of an encoding; ValueError if Python has none of this name."""
    try:
        return "utf-8" if name is None else codecs.lookup(name).name
    except (LookupError, TypeError):
        raise ValueError(f"encoding must be one that Python knows, as 'utf-8' or 'latin-1', got {name!r}") from None
