"""`manage.py import_table FILE --study SLUG …`: a CSV or Excel table into the cohort, beside the page."""

import json
from pathlib import Path
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError

from studies.errors import StudiesError
from studies.models import Specimen, Study, TableImport
from studies.rules.sentences import Sentence
from studies.rules.table_targets import BY_NAME, DROP, KEEP
from studies.rules.tables import ENCODINGS, TableError
from studies.services.imports import import_apply, import_check, import_create, import_discard
from studies.services.table_plan import Plan

REFUSED_STATUS, USAGE_STATUS = 1, 2


class Command(BaseCommand):
    """Exit status 0: every row accepted; 1: some refused, or nothing imported; 2: wrong usage."""

    help = "Import a CSV or Excel table into the cohort: verdicts for every row first, then all or nothing."

    def add_arguments(self, parser):
        """The file, the study, and how the table is read."""
        parser.add_argument("file", type=Path)
        parser.add_argument("--study", required=True, metavar="SLUG")
        parser.add_argument("--actor", metavar="USERNAME", help="Whose grants count; default: the system.")
        parser.add_argument("--site", default="", metavar="CODE", help="Site of rows without one.")
        parser.add_argument("--specimen", default="excision", choices=Specimen.Kind.values)
        parser.add_argument("--encoding", default="utf-8", choices=sorted(ENCODINGS))
        parser.add_argument(
            "--map", action="append", default=[], metavar="COLUMN=TARGET",
            help=f"Target of a column: {KEEP}, {DROP}, {', '.join(BY_NAME)}.",
        )  # fmt: skip
        parser.add_argument("--good-rows-only", action="store_true", help="Default: all rows or none.")
        parser.add_argument("--ask", action="store_true", help="Ask where stored values differ; keep them.")
        parser.add_argument("--dry-run", action="store_true", help="Verdicts only; nothing is written.")
        parser.add_argument("--json", action="store_true", help="One JSON object on standard output.")

    def handle(self, *args, **options):
        """Check, say what was found, import."""
        study, actor = self._study(options["study"]), self._actor(options["actor"])
        try:
            row = import_create(
                actor=actor, study=study, content=self._content(options["file"]),
                encoding=options["encoding"],
            )  # fmt: skip
            plan = self._check(row, options)
        except TableError as error:
            place = f"row {error.row}: " if error.row else ""
            place += f"column {error.column!r}: " if error.column else ""
            raise CommandError(f"{place}{error}", returncode=REFUSED_STATUS) from error
        done, problem = self._apply(row, actor, options)
        self._say(plan, options, done=done, problem=problem)
        if plan.counts["error"] or problem:
            raise SystemExit(REFUSED_STATUS)

    def _check(self, row: TableImport, options: dict[str, Any]) -> Plan:
        row.mapping = {**row.mapping, **self._mapping(options["map"], row.columns)}
        row.default_site = options["site"] or row.default_site
        row.default_specimen = options["specimen"]
        row.mode = TableImport.Mode.GOOD if options["good_rows_only"] else TableImport.Mode.ALL
        row.on_conflict = TableImport.OnConflict.ASK if options["ask"] else TableImport.OnConflict.REPLACE
        row.save()
        return import_check(row=row)

    def _apply(self, row: TableImport, actor: User | None, options: dict[str, Any]) -> tuple[bool, str]:
        if options["dry_run"]:
            import_discard(actor=actor, row=row)
            return False, ""
        try:
            import_apply(actor=actor, row=row)
        except StudiesError as error:
            import_discard(actor=actor, row=row)
            return False, str(error)
        return True, ""

    def _mapping(self, pairs: list[str], columns: list[str]) -> dict[str, str]:
        found = dict(pair.rsplit("=", 1) for pair in pairs if "=" in pair)
        wrong = [pair for pair in pairs if "=" not in pair]
        wrong += [column for column in found if column not in columns]
        wrong += [target for target in found.values() if target not in {*BY_NAME, KEEP, DROP}]
        if wrong:
            raise CommandError(
                f"--map takes COLUMN=TARGET; not a column or target: {', '.join(wrong)}.",
                returncode=USAGE_STATUS,
            )
        return found

    def _study(self, slug: str) -> Study:
        study = Study.objects.filter(slug=slug).first()
        if study is None:
            known = ", ".join(Study.objects.values_list("slug", flat=True)) or "none yet"
            raise CommandError(f"There is no study {slug!r}; known: {known}.", returncode=USAGE_STATUS)
        return study

    def _actor(self, name: str | None) -> User | None:
        user = User.objects.filter(username=name).first() if name else None
        if name and user is None:
            raise CommandError(f"There is no user {name!r}.", returncode=USAGE_STATUS)
        return user

    def _content(self, path: Path) -> bytes:
        if not path.is_file():
            raise CommandError(f"There is no file {path}; check the path.", returncode=USAGE_STATUS)
        return path.read_bytes()

    def _say(self, plan: Plan, options: dict[str, Any], *, done: bool, problem: str) -> None:
        rows = [
            {"row": r.number, "code": r.code, "verdict": r.verdict, "remarks": [_text(m) for m in r.remarks]}
            for r in plan.rows
        ]
        if options["json"]:
            answer = {"imported": done, "problem": problem, "counts": plan.counts, "rows": rows}
            self.stdout.write(json.dumps({**answer, **plan.report()}, ensure_ascii=False))
            return
        for row in rows:
            for remark in row["remarks"]:
                self.stdout.write(f"row {row['row']:>6} {row['code']:<16} {row['verdict']:<7} {remark}")
        for title, counts in (("rows", plan.counts), ("queries", plan.report()["queries"])):
            self.stdout.write(f"{title}: " + (", ".join(f"{k} {n}" for k, n in counts.items()) or "none"))
        for entered, call, n in plan.report()["agreement"]:
            self.stdout.write(f"entered {entered:<13} engine {call:<17} {n:>6}")
        self.stdout.write(problem or ("imported" if done else "dry run: nothing was written"))


def _text(remark: dict[str, Any]) -> str:
    column = f"{remark['column']}: " if remark["column"] else ""
    return f"[{remark['kind']}] {column}{Sentence(remark['template'], **remark['values'])}"
