"""A table as LaTeX (booktabs), to be taken into a document with \\input."""

from analysis.reports.tables import Table

SPECIAL = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_",
    "{": r"\{", "}": r"\}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
    "<": r"\textless{}", ">": r"\textgreater{}",
}  # fmt: skip


def document_of(table: Table, banner: str) -> str:
    """Return a table environment with caption, banner and notes; every text is escaped."""
    columns = "".join("r" if column.numeric or column.interval else "l" for column in table.columns)
    header = " & ".join(escaped(column.label) for column in table.columns)
    rows = [
        (r"\quad " if line.level else "") + " & ".join(escaped(cell) for cell in cells)
        for line, cells in zip(table.lines, table.printed_rows(), strict=True)
    ]
    notes = [rf"\footnotesize {escaped(text)}\par" for text in (*table.notes, banner)]
    return "\n".join(
        [
            f"% {_one_line(banner)}",
            r"% Needs \usepackage{booktabs}; for Chinese text also \usepackage{xeCJK} (XeLaTeX).",
            r"\begin{table}",
            r"\centering",
            rf"\caption{{{escaped(table.title)}}}",
            rf"\begin{{tabular}}{{{columns}}}",
            r"\toprule",
            rf"{header} \\",
            r"\midrule",
            *[rf"{row} \\" for row in rows],
            r"\bottomrule",
            r"\end{tabular}",
            "",
            *notes,
            r"\end{table}",
            "",
        ]
    )


def escaped(text: str) -> str:
    """Text that LaTeX prints as it stands; a bracket that opens a row is no optional argument."""
    shown = "".join(SPECIAL.get(letter, letter) for letter in _one_line(text))
    return "{}" + shown if shown.startswith("[") else shown


def _one_line(text: str) -> str:
    return " ".join(text.split())
