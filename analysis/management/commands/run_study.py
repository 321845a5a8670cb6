"""`manage.py run_study`: a whole study from files, without a browser and without a database."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from analysis.management.study_output import StudyOutput, count_look, write_figures, write_tables
from analysis.models import Evaluation
from analysis.pipeline.detector import load_detector
from analysis.pipeline.errors import PipelineError
from analysis.pipeline.kernels.cohort_report import CohortReport
from analysis.pipeline.kernels.combiner import METHODS
from analysis.pipeline.learn import LearnedEnsemble, PatientGuard, judge, learn, save_ensemble
from analysis.pipeline.names import DYNAMIC_FEATURES
from analysis.pipeline.splits import split_patients, subset
from analysis.reports.cohort_table import table_one_of, table_one_table
from analysis.reports.judged import Judged
from analysis.reports.model_tables import model_rows, model_table
from analysis.runners.bench import with_all_cores
from analysis.runners.file_bench import (
    EFFORTS,
    BarTicker,
    CineSource,
    Documents,
    FileBench,
    FileLook,
    basic_documents,
    facts_of_files,
    further_documents,
    in_order,
    ordered,
)
from analysis.runners.held_out import freeze, judge_further
from analysis.runners.learn import evaluation_values, learn_parameters
from analysis.runners.study_files import (
    FilePatient,
    cohort_of,
    describe_all,
    is_simulated,
    read_clinical,
    read_readings,
    usable,
)
from studies.downloads import banner_of

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
        parser.add_argument(
            "--fusion", choices=METHODS, default=METHODS[0], help="how both branches are fused"
        )
        parser.add_argument(
            "--analyses",
            choices=tuple(EFFORTS),
            default="quick",
            help="further analyses: quick (shuffled labels, learning curve, label rules, three-way HER2) or "
            "all (also moved boxes, masks, rings, the outside; every cine is described again)",
        )
        parser.add_argument(
            "--simulated",
            action="store_true",
            help="say in every file that the patients are simulated; cohorts of `synthesise` do so anyway",
        )
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
        clinical, readings = read_clinical(options["clinical"]), read_readings(options["pathology"])
        patients = [FilePatient(row, readings.get(code)) for code, row in clinical.items()]
        detector = load_detector(options["weights"])
        parameters = describe_all(
            patients, options["videos"], out / "work", detector, self._bar("describing")
        )
        simulated = options["simulated"] or is_simulated(patients, options["clinical"], options["videos"])
        output = StudyOutput(out, banner_of(is_simulated=simulated))
        left_out = self._write_patients(output, patients)
        kept = usable(patients)
        cohort = cohort_of(kept)
        split = split_patients(cohort.patients, cohort.labels, groups=cohort.groups, seed=options["seed"])
        training, test = subset(cohort, split.training), subset(cohort, split.test)
        settings = learn_parameters(options["effort"], options["seed"], options["fusion"])
        bar = self._bar("learning")
        learned = learn(
            training,
            settings,
            guard=PatientGuard.of(test),
            progress=lambda done, total, stage: bar(done, total),
        )
        (out / "ensemble.zip").write_bytes(save_ensemble(learned.ensemble))
        codes, ticker = learned.ensemble.training.patients, BarTicker(self._bar)
        source = CineSource(options["videos"], out / "work", detector, parameters)
        bench = FileBench(
            learned.ensemble,
            ordered(training, codes),
            with_all_cores(settings),
            ticker,
            in_order(kept, codes),
            source,
        )
        further = further_documents(bench, options["analyses"])
        side = FileLook(test, in_order(kept, test.patients), source, ticker)
        frozen = freeze(bench, side, {kind: found for (kind, _side), found in further.items()})
        look = count_look(output, learned.ensemble, test)
        report = judge(learned.ensemble, test)
        documents = basic_documents(learned, training, report, facts_of_files(kept)) | further
        judged_too = judge_further(frozen, side, learned.ensemble.chosen)
        documents |= {(str(kind), str(Evaluation.Cohort.TEST)): found for kind, found in judged_too.items()}
        reports = {"apparent": learned.apparent, "oof": learned.oof, "test": report}
        sides = dict.fromkeys(training.patients, "training") | dict.fromkeys(test.patients, "test")
        judged = _judged(reports, learned.ensemble)
        self._write_results(output, kept, sides, judged, documents)
        self.stdout.write(f"Look {look} at the test side; looks.csv lists all of them.")
        self._say(output.banner, learned.ensemble.chosen, reports, parameters)
        return left_out

    def _bar(self, text: str):
        def progress(done: int, total: int) -> None:
            filled = round(30 * done / max(total, 1))
            end = "\n" if done >= total else ""
            self.stderr.write(f"\r{text:<12}[{'#' * filled:<30}] {done}/{total}", ending=end)

        return progress

    def _write_patients(self, out: StudyOutput, patients: list[FilePatient]) -> int:
        """Features of everybody described, and who is left out and why."""
        described = [p for p in patients if p.dynamic is not None]
        lines = [[p.clinical.patient, *p.dynamic.tolist()] for p in described]
        out.csv("features", [["patient", *DYNAMIC_FEATURES], *lines])
        rows = [["patient", "reason"]]
        for patient in patients:
            reason = patient.reason
            if not reason and patient.label is None:
                call = patient.reading.call if patient.reading else "no pathology row"
                reason = f"no final HER2 label ({call})"
            if reason:
                rows.append([patient.clinical.patient, reason])
        out.csv("excluded", rows)
        return len(rows) - 1

    def _write_results(
        self,
        out: StudyOutput,
        patients: list[FilePatient],
        sides: dict[str, str],
        judged: Judged,
        documents: Documents,
    ) -> None:
        records = {
            side: [p.clinical for p in patients if sides[p.clinical.patient] == side]
            for side in ("training", "test")
        }
        rows = model_rows(judged.evaluations, judged.chosen)
        first = table_one_table(table_one_of(records["training"], records["test"]))
        out.table(first, "table1")
        out.table(model_table(rows, judged.fusion), "tables2-4")
        out.csv("split", [["patient", "side"], *sorted(sides.items())])
        out.csv("predictions", list(_prediction_lines(judged.evaluations)))
        stored = {
            cohort: {"results": row.results, "predictions": row.predictions}
            for cohort, row in judged.evaluations.items()
        }
        (out.folder / "results.json").write_text(json.dumps({"banner": out.banner, **stored}))
        further = [{"kind": kind, "side": side, **document} for (kind, side), document in documents.items()]
        (out.folder / "further.json").write_text(json.dumps({"banner": out.banner, "analyses": further}))
        write_tables(out.inside("tables"), judged, documents)
        if missing := write_figures(out.inside("figures"), judged, documents):
            self.stdout.write(missing)

    def _say(self, banner: str, chosen: str, reports: dict[str, CohortReport], parameters) -> None:
        self.stdout.write(f"{banner} Chosen out of fold: {chosen}; units: {parameters.time_base}.")
        for cohort, report in reports.items():
            found = report.evaluations[chosen]
            self.stdout.write(
                f"  {cohort:<9} n = {found.n} ({found.events} positive)  "
                f"AUC {found.auc:.3f} [{found.auc_low:.3f}, {found.auc_high:.3f}] DeLong"
            )


def _judged(reports: dict[str, CohortReport], ensemble: LearnedEnsemble) -> Judged:
    stored = {
        cohort: SimpleNamespace(cohort=cohort, **evaluation_values(report))
        for cohort, report in reports.items()
    }
    return Judged(stored, ensemble.chosen, ensemble.cutoffs, ensemble.parameters.fusion)


def _prediction_lines(stored: dict[str, Any]):
    yield ["cohort", "patient", "outcome", "probability", *stored["test"].predictions["scores"]]
    for cohort, row in stored.items():
        values = row.predictions
        for number, patient in enumerate(values["patients"]):
            scores = [scores[number] for scores in values["scores"].values()]
            yield [cohort, patient, values["labels"][number], values["probability"][number], *scores]
