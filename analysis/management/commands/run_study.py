"""`manage.py run_study`: a whole study from files, without a browser and without a database."""

import csv
import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import plotly.graph_objects as go
from django.core.management.base import BaseCommand, CommandError

from analysis.models import Evaluation
from analysis.pipeline.detector import load_detector
from analysis.pipeline.errors import PipelineError
from analysis.pipeline.kernels.cohort_report import CohortReport
from analysis.pipeline.learn import LearnParameters, PatientGuard, judge, learn, save_ensemble
from analysis.pipeline.names import DYNAMIC_FEATURES
from analysis.pipeline.splits import split_patients, subset
from analysis.reports import figures
from analysis.reports.cohort_table import table_one_of
from analysis.reports.exports import RESEARCH_ONLY, model_table_lines, table_one_lines
from analysis.reports.judged import Judged
from analysis.reports.model_tables import model_rows
from analysis.runners.learn import evaluation_values
from analysis.runners.study_files import (
    FilePatient,
    cohort_of,
    describe_all,
    read_clinical,
    read_labels,
    usable,
)

REFUSED_STATUS, USAGE_STATUS = 1, 2


class Command(BaseCommand):
    """Writes every table and figure below --out; run again, it goes on where it was."""

    help = "Run a study from clinical.csv, pathology.csv and a folder of videos."
    requires_system_checks = ()

    def add_arguments(self, parser):
        """The tables, the videos, the output."""
        parser.add_argument("--clinical", type=Path, required=True)
        parser.add_argument("--pathology", type=Path, required=True)
        parser.add_argument("--videos", type=Path, required=True, help="DIR/<patient>/* cines")
        parser.add_argument("--out", type=Path, required=True)
        parser.add_argument("--seed", type=int, default=2023)
        parser.add_argument("--effort", choices=("quick", "full"), default="quick")
        parser.add_argument("--weights", type=Path, help="detector weights; default: the shipped ones")

    def handle(self, *args, **options):
        """Describe, split, learn, judge, write. Exit status 1 when some patient could not be used."""
        if not options["videos"].is_dir():
            raise CommandError(f"There is no folder {options['videos']}.", returncode=USAGE_STATUS)
        try:
            left_out = self._run(options)
        except PipelineError as error:
            raise CommandError(str(error)) from error
        if left_out:
            raise SystemExit(REFUSED_STATUS)

    def _run(self, options: dict[str, Any]) -> int:
        out = options["out"]
        out.mkdir(parents=True, exist_ok=True)
        clinical, labels = read_clinical(options["clinical"]), read_labels(options["pathology"])
        patients = [FilePatient(row, label=labels.get(code, (None, ""))[0]) for code, row in clinical.items()]
        detector = load_detector(options["weights"])
        parameters = describe_all(
            patients, options["videos"], out / "work", detector, self._bar("describing")
        )
        left_out = self._write_patients(out, patients, labels)
        kept = usable(patients)
        cohort = cohort_of(kept)
        split = split_patients(cohort.patients, cohort.labels, groups=cohort.groups, seed=options["seed"])
        training, test = subset(cohort, split.training), subset(cohort, split.test)
        settings = LearnParameters.full() if options["effort"] == "full" else LearnParameters()
        bar = self._bar("learning")
        learned = learn(
            training,
            replace(settings, seed=options["seed"]),
            guard=PatientGuard.of(test),
            progress=lambda done, total, stage: bar(done, total),
        )
        (out / "ensemble.zip").write_bytes(save_ensemble(learned.ensemble))
        report = judge(learned.ensemble, test)
        reports = {"apparent": learned.apparent, "oof": learned.oof, "test": report}
        sides = dict.fromkeys(training.patients, "training") | dict.fromkeys(test.patients, "test")
        self._write_results(out, kept, sides, reports, learned.ensemble.chosen, learned.ensemble.cutoffs)
        self._say(learned.ensemble.chosen, reports, parameters)
        return left_out

    def _bar(self, text: str):
        def progress(done: int, total: int) -> None:
            filled = round(30 * done / max(total, 1))
            end = "\n" if done >= total else ""
            self.stderr.write(f"\r{text:<12}[{'#' * filled:<30}] {done}/{total}", ending=end)

        return progress

    def _write_patients(self, out: Path, patients: list[FilePatient], labels: dict) -> int:
        """Features of everybody described, and who is left out and why."""
        described = [p for p in patients if p.dynamic is not None]
        _write_csv(
            out / "features.csv",
            [["patient", *DYNAMIC_FEATURES], *[[p.clinical.patient, *p.dynamic.tolist()] for p in described]],
        )
        rows = [["patient", "reason"]]
        for patient in patients:
            reason = patient.reason
            if not reason and patient.label is None:
                call = labels.get(patient.clinical.patient, (None, "no pathology row"))[1]
                reason = f"no final HER2 label ({call})"
            if reason:
                rows.append([patient.clinical.patient, reason])
        _write_csv(out / "excluded.csv", rows)
        return len(rows) - 1

    def _write_results(
        self,
        out: Path,
        patients: list[FilePatient],
        sides: dict[str, str],
        reports: dict[str, CohortReport],
        chosen: str,
        cutoffs,
    ) -> None:
        stored = {cohort: SimpleNamespace(**evaluation_values(report)) for cohort, report in reports.items()}
        records = {
            side: [p.clinical for p in patients if sides[p.clinical.patient] == side]
            for side in ("training", "test")
        }
        _write_csv(out / "table1.csv", table_one_lines(table_one_of(records["training"], records["test"])))
        _write_csv(out / "tables2-4.csv", model_table_lines(model_rows(stored, chosen)))
        _write_csv(out / "split.csv", [["patient", "side"], *sorted(sides.items())])
        _write_csv(out / "predictions.csv", list(_prediction_lines(stored)))
        (out / "results.json").write_text(
            json.dumps({c: {"results": s.results, "predictions": s.predictions} for c, s in stored.items()})
        )
        self._draw(out / "figures", stored, chosen, cutoffs)

    def _draw(self, folder: Path, stored: dict[str, Any], chosen: str, cutoffs) -> None:
        folder.mkdir(exist_ok=True)
        test, judged = Evaluation.Cohort.TEST, Judged(stored, chosen, cutoffs)
        drawn = {
            "roc": figures.roc(judged, test, chosen),
            "forest": figures.forest(judged, test, chosen),
            "calibration": figures.calibration_plot(judged, test, chosen),
            "decision": figures.decision(judged, test, chosen),
            "scores": figures.scores(judged, test, chosen),
        }
        for name, figure in drawn.items():
            go.Figure(figure).write_html(folder / f"{name}.html", include_plotlyjs="directory")

    def _say(self, chosen: str, reports: dict[str, CohortReport], parameters) -> None:
        self.stdout.write(f"{RESEARCH_ONLY} Chosen out of fold: {chosen}; units: {parameters.time_base}.")
        for cohort, report in reports.items():
            found = report.evaluations[chosen]
            self.stdout.write(
                f"  {cohort:<9} n = {found.n} ({found.events} positive)  "
                f"AUC {found.auc:.3f} [{found.auc_low:.3f}, {found.auc_high:.3f}] DeLong"
            )


def _prediction_lines(stored: dict[str, Any]):
    yield ["cohort", "patient", "outcome", "probability", *stored["test"].predictions["scores"]]
    for cohort, row in stored.items():
        values = row.predictions
        for number, patient in enumerate(values["patients"]):
            scores = [scores[number] for scores in values["scores"].values()]
            yield [cohort, patient, values["labels"][number], values["probability"][number], *scores]


def _write_csv(path: Path, lines) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(lines)
