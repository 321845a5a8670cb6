"""`manage.py her2_report TABLE`: how far the calls of the engine agree with the statuses in a table."""

import json
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from studies.rules.her2 import ENGINE_VERSION, GUIDELINE
from studies.rules.her2_report import ComparedRow, Her2Report, her2_report
from studies.rules.tables import ENCODINGS, TableError, read_table

REFUSED_STATUS, USAGE_STATUS = 1, 2


class Command(BaseCommand):
    """Exit status 0: the table was read, whatever it says; 1: it cannot be read; 2: wrong usage."""

    help = (
        "Run the HER2 engine over a CSV or Excel table, without a study and without writing anything, and "
        "say where its calls and the statuses entered agree and where they contradict each other, and why."
    )

    def add_arguments(self, parser):
        """The table."""
        parser.add_argument("file", type=Path)
        parser.add_argument("--encoding", default="utf-8", choices=sorted(ENCODINGS))
        parser.add_argument("--json", action="store_true", help="One JSON object on standard output.")

    def handle(self, *args, **options):
        """Read, compare, say."""
        path: Path = options["file"]
        if not path.is_file():
            raise CommandError(f"There is no file {path}; check the path.", returncode=USAGE_STATUS)
        try:
            report = her2_report(read_table(path.read_bytes(), encoding=options["encoding"]))
        except TableError as error:
            place = f"row {error.row}: " if error.row else ""
            place += f"column {error.column!r}: " if error.column else ""
            raise CommandError(f"{place}{error}", returncode=REFUSED_STATUS) from error
        if options["json"]:
            self.stdout.write(json.dumps(_as_dict(report), ensure_ascii=False))
        else:
            self._say(report)

    def _say(self, report: Her2Report) -> None:
        say = self.stdout.write
        say(f"{len(report.rows)} rows; {GUIDELINE}, engine {ENGINE_VERSION}")
        for (entered, call), count in sorted(report.table.counts.items()):
            say(f"entered {entered:<13} engine {call:<17} {count:>6}")
        say(f"positive or negative on both sides: {report.comparable}, of them {report.agreeing} agree")
        say(f"contradictions: {len(report.contradictions)}")
        for row in report.contradictions:
            say(f"row {row.number:>6} {row.code:<16} entered {row.entered}, engine {row.call}")
            for step in row.path:
                say(f"    {step}")
            for code, said in row.queries:
                say(f"    [{code}] {said}")
        say(f"rows with a query: {report.questioned}")
        for code, count in report.queries.items():
            say(f"{count:>6} {code}")


def _as_dict(report: Her2Report) -> dict[str, object]:
    return {
        "rows": len(report.rows),
        "guideline": GUIDELINE,
        "engine_version": ENGINE_VERSION,
        "table": [[entered, call, count] for (entered, call), count in sorted(report.table.counts.items())],
        "comparable": report.comparable,
        "agreeing": report.agreeing,
        "contradictions": [_row(row) for row in report.contradictions],
        "rows_with_a_query": report.questioned,
        "queries": report.queries,
    }


def _row(row: ComparedRow) -> dict[str, object]:
    return {
        "row": row.number,
        "code": row.code,
        "entered": row.entered,
        "call": row.call,
        "path": [str(step) for step in row.path],
        "queries": {code: str(said) for code, said in row.queries},
    }
