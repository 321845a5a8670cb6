"""Write a synthetic cohort: DICOM cines, true boxes, clinical and pathology tables, manifest."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from analysis.pipeline.errors import InvalidInputError
from analysis.pipeline.kernels.scene import DEFAULT_FRAMES
from analysis.pipeline.synthesis import SyntheticCohort, draw_cohort, write_cohort

DEFAULT_EFFECT = 0.35
"""The realistic one of SCIENCE 7.2, and the demonstration's."""
WRONG_USAGE = 2


class Command(BaseCommand):
    """`manage.py synthesise --patients N --seed S --effect E --out DIR`."""

    help = "Write a cohort of simulated patients with a planted, adjustable HER2 effect."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        parser.add_argument(
            "--patients", type=int, required=True, help="number of patients (445: exact Table 1)"
        )
        parser.add_argument("--seed", type=int, required=True, help="same seed, same bytes")
        parser.add_argument("--effect", type=float, default=DEFAULT_EFFECT, help="planted effect; 0 for none")
        parser.add_argument(
            "--out", type=Path, required=True, help="new or empty folder, or an earlier cohort"
        )
        parser.add_argument("--frames", type=int, default=DEFAULT_FRAMES, help="frames a cine")
        parser.add_argument("--workers", type=int, default=2, help="processes")
        parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")

    def handle(self, *args: Any, **options: Any) -> None:
        """Draw and write the cohort; exit status 2 for a value that makes no sense."""
        started = time.perf_counter()
        try:
            cohort = draw_cohort(options["patients"], options["seed"], options["effect"])
            on_patient = None if options["json"] else self._progress(len(cohort.patients))
            files = write_cohort(options["out"], cohort, options["frames"], options["workers"], on_patient)
        except (InvalidInputError, OSError) as error:
            raise CommandError(str(error), returncode=WRONG_USAGE) from error
        self._report(cohort, options, len(files) + 1, time.perf_counter() - started)

    def _progress(self, total: int) -> Callable[[int], None]:
        """Callback that says how far the work has come, at most twenty times."""
        step = max(total // 20, 1)

        def say(done: int) -> None:
            if done % step == 0 or done == total:
                self.stdout.write(f"{done} of {total} simulated patients")

        return say

    def _report(self, cohort: SyntheticCohort, options: dict[str, Any], n_files: int, seconds: float) -> None:
        positive = sum(patient.her2_positive for patient in cohort.patients)
        summary = {
            "simulated": True,
            "out": str(options["out"]),
            "patients": len(cohort.patients),
            "her2_positive": positive,
            "frames": options["frames"],
            "seed": cohort.seed,
            "effect": cohort.effect,
            "files": n_files,
            "seconds": round(seconds, 2),
        }
        if options["json"]:
            self.stdout.write(json.dumps(summary))
        else:
            self.stdout.write(
                f"SIMULATED cohort in {options['out']}: {len(cohort.patients)} patients "
                f"({positive} HER2-positive), {n_files} files, {seconds:.1f} s"
            )
