"""Tables as HTML, for notebooks and pages, and as LaTeX, for papers.

A row of one text is a heading over all columns, and text between ** is bold.
"""

import html
import re
from collections.abc import Sequence

_BOLD = re.compile(r"\*\*(.+?)\*\*")
_LATEX = {c: rf"\{c}" for c in "&%#_{}"} | {"~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
_LATEX |= {"\\": r"\textbackslash{}", "±": r"$\pm$", "\N{MINUS SIGN}": "$-$"}


def html_table(header: Sequence[str], rows: Sequence[Sequence[str]], caption: str = "") -> str:
    """Return a table as HTML; all text is escaped."""
    lines = ["<table>", f"<caption>{html.escape(caption)}</caption>" if caption else "", _html_row("th", header)]
    for row in rows:
        wide = len(row) == 1 < len(header)
        lines.append(f'<tr><th colspan="{len(header)}">{_html(row[0])}</th></tr>' if wide else _html_row("td", row))
    return "\n".join([line for line in lines if line] + ["</table>"])


def _html_row(kind: str, row: Sequence[str]) -> str:
    return "<tr>" + "".join(f"<{kind}>{_html(text)}</{kind}>" for text in row) + "</tr>"


def _html(text: str) -> str:
    return _BOLD.sub(r"<b>\1</b>", html.escape(text))


def latex_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table as a LaTeX tabular in the style of booktabs, the first column to the left, the others right.

    Text between dollar signs is left as it is, all else escaped.
    """
    lines = [rf"\begin{{tabular}}{{l{'r' * (len(header) - 1)}}}", r"\toprule", _latex_row(header), r"\midrule"]
    for row in rows:
        wide = len(row) == 1 < len(header)
        lines.append(rf"\multicolumn{{{len(header)}}}{{l}}{{{_latex(row[0])}}} \\" if wide else _latex_row(row))
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}"]) + "\n"


def _latex_row(row: Sequence[str]) -> str:
    return " & ".join(map(_latex, row)) + r" \\"


def _latex(text: str) -> str:
    parts = re.split(r"(\$[^$]*\$)", text)
    escaped = ("".join(_LATEX.get(c, c) for c in part) if i % 2 == 0 else part for i, part in enumerate(parts))
    return _BOLD.sub(r"\\textbf{\1}", "".join(escaped))
