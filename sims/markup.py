"""Tables and text as HTML, for notebooks, and as LaTeX, for papers."""

import html
import re
from collections.abc import Sequence

_LATEX = {c: rf"\{c}" for c in "&%#_{}"} | {"~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
_LATEX |= {"\\": r"\textbackslash{}", "±": r"$\pm$", "\N{MINUS SIGN}": "$-$"}


def html_table(header: Sequence[str], rows: Sequence[Sequence[str]], caption: str = "") -> str:
    """Return a table as HTML; all text is escaped."""
    lines = ["<table>", f"<caption>{html.escape(caption)}</caption>" if caption else ""]
    for kind, row in [("th", header), *(("td", row) for row in rows)]:
        lines.append("<tr>" + "".join(f"<{kind}>{html.escape(text)}</{kind}>" for text in row) + "</tr>")
    return "\n".join([line for line in lines if line] + ["</table>"])


def latex_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table as a LaTeX tabular in the style of booktabs, the first column to the left, the others right.

    Text between dollar signs is left as it is, all else escaped. A row of one text spans all columns.
    """
    lines = [rf"\begin{{tabular}}{{l{'r' * (len(header) - 1)}}}", r"\toprule", _latex_row(header), r"\midrule"]
    for row in rows:
        wide = len(row) == 1 < len(header)
        lines.append(rf"\multicolumn{{{len(header)}}}{{l}}{{{latex_text(row[0])}}} \\" if wide else _latex_row(row))
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}"]) + "\n"


def _latex_row(row: Sequence[str]) -> str:
    return " & ".join(map(latex_text, row)) + r" \\"


def latex_text(text: str) -> str:
    """Return text with LaTeX's special characters escaped, except between dollar signs."""
    parts = re.split(r"(\$[^$]*\$)", text)
    return "".join(part if i % 2 else "".join(_LATEX.get(c, c) for c in part) for i, part in enumerate(parts))
