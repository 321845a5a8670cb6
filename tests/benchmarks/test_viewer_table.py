"""The table in docs/viewer.md is written row by row, and nothing else of the document changes."""

from pathlib import Path

import pytest

from tests.benchmarks import viewer_table
from tests.benchmarks.bench_viewer import DOCUMENT, Figure

BEFORE, AFTER = "# Viewer\n\nWords.\n\n", "\n\nMore words.\n"


@pytest.fixture
def document(tmp_path) -> Path:
    path = tmp_path / "viewer.md"
    path.write_text(f"{BEFORE}{viewer_table.BEGIN}\n{viewer_table.END}{AFTER}")
    return path


def test_rows_are_added_and_replaced_by_name(document):
    viewer_table.write(document, [(Figure("step, p95", 3.21, "ms", 16), 0.4)], "Here.")
    viewer_table.write(document, [(Figure("jump, p95", 61.5, "ms", 50), 2.0)], "There.")
    viewer_table.write(document, [(Figure("step, p95", 4.0, "ms", 16), 0.5)], "There.")
    text = document.read_text()
    assert text.startswith(BEFORE)
    assert text.endswith(AFTER)
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    assert len(lines) == 3
    assert lines[1].startswith("| step, p95 | 4 ms | 16 ms | yes | 0.5 |")
    assert lines[2].startswith("| jump, p95 | 61.5 ms | 50 ms | **no** | 2.0 |")
    assert "Here." not in text


def test_a_document_without_a_place_is_refused(tmp_path):
    path = tmp_path / "other.md"
    path.write_text(BEFORE)
    with pytest.raises(ValueError, match="measured: begin"):
        viewer_table.write(path, [], "Here.")


def test_the_real_document_has_its_place():
    assert viewer_table.BEGIN in DOCUMENT.read_text()
