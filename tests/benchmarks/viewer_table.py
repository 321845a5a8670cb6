"""The table of measured figures in docs/viewer.md: rows are replaced by name, a part at a time."""

import datetime
import os
import platform
import re
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Protocol

BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
HEAD = "| figure | measured | limit | kept | load before | day |\n|---|---|---|---|---|---|"


class Row(Protocol):
    """What a figure must tell."""

    name: str
    value: float
    unit: str
    limit: float | None

    @property
    def is_kept(self) -> bool:
        """Whether the limit holds."""


def machine(browser_version: str) -> str:
    """Where it was measured, in one sentence."""
    return (
        f"Machine: {_processor()}, {os.cpu_count()} cores, {_memory_gb():.0f} GB, {platform.system()} "
        f"{platform.release()}; Chromium {browser_version}, no graphics card; Python "
        f"{platform.python_version()}, Django {version('django')}, gunicorn {version('gunicorn')}. "
        "The load is that of the last minute before the part began: other work on the same cores counts too."
    )


def write(document: Path, figures: Sequence[tuple[Row, float]], where: str) -> None:
    """Put the figures, each with the load before its part, into the table of a document.

    Raises:
        ValueError: the document has no place for a table.
    """
    text = document.read_text()
    found = re.search(f"{BEGIN}\n(.*?){END}", text, re.DOTALL)
    if found is None:
        raise ValueError(f"{document} has no {BEGIN} … {END}.")
    rows = {line.split(" | ")[0].removeprefix("| "): line for line in _rows(found[1])}
    today = datetime.datetime.now(tz=datetime.UTC).date().isoformat()
    for figure, load in figures:
        rows[figure.name] = _line(figure, load, today)
    table = "\n".join([where, "", HEAD, *rows.values(), ""])
    document.write_text(text[: found.start()] + f"{BEGIN}\n{table}{END}" + text[found.end() :])


def _rows(table: str) -> list[str]:
    return [line for line in table.splitlines() if line.startswith("| ") and not line.startswith("| figure ")]


def _line(figure: Row, load: float, day: str) -> str:
    limit = "" if figure.limit is None else f"{figure.limit:g} {figure.unit}"
    kept = "" if figure.limit is None else "yes" if figure.is_kept else "**no**"
    value = f"{figure.value:.0f}" if abs(figure.value) >= 1000 else f"{figure.value:.3g}"
    return f"| {figure.name} | {value} {figure.unit} | {limit} | {kept} | {load:.1f} | {day} |"


def _processor() -> str:
    names = re.findall(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return names[0] if names else platform.processor() or "processor unknown"


def _memory_gb() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
