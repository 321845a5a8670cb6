"""`manage.py ingest PATH… --study SLUG --patient CODE [--json]`: bring files in from the command line."""

import json
from collections.abc import Iterator
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from studies.models import Patient, Site, Study
from studies.services.cohort import patient_create
from studies.services.video import file_ingest

REFUSED_STATUS, USAGE_STATUS = 1, 2
NO_FILE = "There is no file at this path; check the spelling."


class Command(BaseCommand):
    """One verdict a file. Exit status 0: all accepted; 1: some refused; 2: wrong usage."""

    help = "Check files and store their de-identified clips under a patient of a study."

    def add_arguments(self, parser):
        """Paths (folders are walked), study, patient."""
        parser.add_argument("paths", nargs="+", type=Path, metavar="PATH")
        parser.add_argument("--study", required=True, metavar="SLUG")
        parser.add_argument("--patient", required=True, metavar="CODE")
        parser.add_argument("--create-patient", action="store_true", help="Add the patient when new.")
        parser.add_argument("--site", metavar="CODE", help="Site of a new patient.")
        parser.add_argument("--json", action="store_true", help="One JSON object a file on standard output.")

    def handle(self, *args, **options):
        """Ingest every file; one that is refused does not stop the others."""
        patient = self._patient(options)
        refused = 0
        for path in _files(options["paths"]):
            verdict = self._ingest(patient, path)
            refused += verdict["verdict"] == "refused"
            self._say(verdict, as_json=options["json"])
        if refused:
            raise SystemExit(REFUSED_STATUS)

    def _ingest(self, patient: Patient, path: Path) -> dict[str, str | None]:
        if not path.is_file():
            return {"path": str(path), "verdict": "refused", "reason": NO_FILE, "clip": None}
        result = file_ingest(actor=None, patient=patient, path=path)
        return {
            "path": str(path),
            "verdict": "accepted" if result.accepted else "refused",
            "reason": result.reason,
            "clip": str(result.clip.pk) if result.clip else None,
        }

    def _patient(self, options) -> Patient:
        study = Study.objects.filter(slug=options["study"]).first()
        if study is None:
            known = ", ".join(Study.objects.values_list("slug", flat=True)) or "none yet"
            raise CommandError(
                f"There is no study {options['study']!r}; known: {known}.", returncode=USAGE_STATUS
            )
        patient = study.patients.filter(code=options["patient"]).first()
        if patient is None and options["create_patient"]:
            return patient_create(
                actor=None, study=study, site=self._site(study, options["site"]), code=options["patient"]
            )
        if patient is None:
            raise CommandError(
                f"There is no patient {options['patient']!r} in this study; add it on the cohort page, or "
                "give --create-patient.",
                returncode=USAGE_STATUS,
            )
        return patient

    def _site(self, study: Study, code: str | None) -> Site:
        sites = study.sites.filter(code=code) if code else study.sites.all()
        if sites.count() != 1:
            known = ", ".join(study.sites.values_list("code", flat=True)) or "none yet"
            raise CommandError(
                f"Name the site of the new patient with --site; known: {known}.", returncode=USAGE_STATUS
            )
        return sites.get()

    def _say(self, verdict: dict[str, str | None], *, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps(verdict, ensure_ascii=False))
        else:
            self.stdout.write(f"{verdict['verdict']:<9} {verdict['path']}\n          {verdict['reason']}")


def _files(paths: list[Path]) -> Iterator[Path]:
    """Every file named, and every file below a folder named, in a stable order."""
    for path in paths:
        if path.is_dir():
            yield from sorted(item for item in path.rglob("*") if item.is_file())
        else:
            yield path
