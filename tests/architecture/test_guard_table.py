"""docs/statistics.md names the tests that prove each leakage guard: every one of them is there."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NAMED = re.compile(r"`([\w/]*test_\w+\.py)?(?:::)?(test_\w+)?`")
"""A file, a test, or both: `file.py::test`, `::test` of the file before it, `file.py`."""


def guards() -> list[str]:
    """The rows of the table."""
    text = (ROOT / "docs" / "statistics.md").read_text(encoding="utf-8")
    part = text[text.index("## Leakage guards") : text.index("Paths of tests are below")]
    return [line for line in part.splitlines() if re.match(r"\| G\d+ ", line)]


def test_every_guard_has_a_row_and_a_test_that_exists():
    rows = guards()
    assert [re.match(r"\| (G\d+) ", row)[1] for row in rows] == [f"G{number}" for number in range(1, 13)]
    for row in rows:
        found, file = 0, None
        for name, test in NAMED.findall(row.rsplit("|", 2)[1]):
            if name:
                file = next(
                    path for path in (ROOT / "tests" / name, ROOT / "tests/analysis" / name) if path.is_file()
                )
            if test:
                assert f"def {test}(" in file.read_text(encoding="utf-8"), (file, test)
            found += 1
        assert found, row
