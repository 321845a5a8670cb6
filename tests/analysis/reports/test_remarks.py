"""A remark stands below its row on the page, and in a column of its own in files."""

from types import SimpleNamespace

from django.template.loader import render_to_string

from analysis.reports.tables import REMARK, Column, Line, Table

COLUMNS = [Column("Level", name="level"), Column("n", numeric=True), Column("Remark", name=REMARK)]
LINES = [Line(["A", 28, ""]), Line(["B", 3, "too few to judge"], small=True)]


def page_of(table: Table) -> str:
    return render_to_string(
        "analysis/partials/table.html", {"table": table, "study": SimpleNamespace(slug="s")}
    )


def test_a_remark_has_the_width_of_the_table():
    table = Table("subgroups-oof", "Subgroups", COLUMNS, LINES)
    page = page_of(table)
    assert page.count("<th ") == 2
    assert page.count('<tr class="remark') == 1
    assert '<tr class="remark small-group"><td colspan="2">too few to judge</td></tr>' in page
    assert table.file_header() == ["level", "n", "remark"]
    assert table.file_rows()[1] == ["B", 3, "too few to judge"]


def test_other_tables_keep_all_their_columns():
    page = page_of(Table("models", "Models", COLUMNS[:2], [Line(["A", 28])]))
    assert page.count("<th ") == 2
    assert "remark" not in page
    assert page_of(Table("models", "Models", [], [], empty="Nothing.")).count("Nothing.") == 1
