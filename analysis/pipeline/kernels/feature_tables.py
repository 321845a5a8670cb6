"""Feature tables as CSV: full precision, one header line, and never half a file."""

import csv
import os
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path


def flat(record: Mapping[str, object]) -> dict[str, object]:
    """A record as columns: {"reasons": {"low_conf": 2}} becomes {"reasons_low_conf": 2}, a list one text."""
    columns: dict[str, object] = {}
    for key, value in record.items():
        if isinstance(value, Mapping):
            columns |= {f"{key}_{inner}": number for inner, number in value.items()}
        elif isinstance(value, list | tuple):
            columns[key] = " ".join(str(item) for item in value)
        else:
            columns[key] = value
    return columns


def cell(value: object) -> str:
    """One value as text: floats so that they read back exactly, nothing for None."""
    if value is None:
        return ""
    return repr(float(value)) if isinstance(value, float) else str(value)


def frame_ranges(indices: Iterable[int]) -> str:
    """Sorted frame indices as closed ranges: 0, 1, 2, 5 -> "0-2 5"."""
    spans: list[list[int]] = []
    for index in indices:
        if spans and index == spans[-1][1] + 1:
            spans[-1][1] = index
        else:
            spans.append([index, index])
    return " ".join(f"{a}-{b}" if b > a else str(a) for a, b in spans)


def write_table(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a table under its final name only when it is complete. Raises OSError as the file system does."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as part:
            writer = csv.writer(part, lineterminator="\n")
            writer.writerow(header)
            writer.writerows([cell(value) for value in row] for row in rows)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
