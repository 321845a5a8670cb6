"""Say which figures of a published table do not follow from its counts."""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from analysis.pipeline.as_published import COLUMNS, Audit, audit_csv
from analysis.pipeline.errors import InvalidInputError

INCONSISTENT = 1
WRONG_USAGE = 2


class Command(BaseCommand):
    """`manage.py audit_table TABLE.csv [--json]`: status 0 if all figures follow, 1 if not, 2 for misuse."""

    help = f"Check the arithmetic of a published table. Columns: {','.join(COLUMNS)}."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        parser.add_argument("table", type=Path, help="CSV, one figure with its interval a row; UTF-8")
        parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")

    def handle(self, *args: Any, **options: Any) -> None:
        """Audit the table and print what was found."""
        path: Path = options["table"]
        try:
            with path.open(encoding="utf-8-sig", newline="") as lines:
                found = audit_csv(lines)
        except (OSError, UnicodeDecodeError, InvalidInputError) as error:
            raise CommandError(f"{path}: {error}", returncode=WRONG_USAGE) from error
        if options["json"]:
            document = {"file": str(path), "consistent": found.consistent, **asdict(found)}
            self.stdout.write(json.dumps(document, ensure_ascii=False))
        else:
            self._print(found)
        if not found.consistent:
            sys.exit(INCONSISTENT)

    def _print(self, found: Audit) -> None:
        self.stdout.write(f"{found.rows} rows, {found.figures} figures checked.")
        self.stdout.write(f"\nFigures that do not follow from the counts: {len(found.findings)}")
        for f in found.findings:
            place = f"{f.table} {f.row} {f.cohort} {f.metric}"
            figure = "" if f.figure == "value" else f" {f.figure} bound"
            self.stdout.write(f"  {place}{figure}: printed {f.printed}: {f.reason}")
        self.stdout.write("\nHow the intervals were made")
        for m in found.methods:
            note = f": {m.note}" if m.note else ""
            mark = "" if m.sound else "WRONG FORMULA, "
            fitting = f" ({m.fitting} of {m.rows} rows)" if m.fitting else ""
            self.stdout.write(f"  {m.table} {m.cohort} {m.metric}: {mark}{m.method}{fitting}{note}")
        for note in found.notes:
            self.stdout.write(f"  Note: {note}")
