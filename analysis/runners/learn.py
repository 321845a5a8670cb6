"""Train the ensemble of a study: stored features and labels -> pipeline -> rows of model and evaluations."""

import hashlib
import json
from dataclasses import replace
from typing import Any

from analysis.models import Evaluation, Job, ModelVersion, Supplement
from analysis.pipeline.errors import LeakageError
from analysis.pipeline.kernels.cohort_report import CohortReport, jsonable
from analysis.pipeline.kernels.combiner import METHODS
from analysis.pipeline.kernels.fitted import xgboost_device
from analysis.pipeline.learn import Learned, LearnParameters, PatientGuard, digest, learn, save_ensemble
from analysis.runners.cohort import Case, cases_of, learning_cohort
from analysis.runners.predict import predict_from_index_clip, predict_patient, seal_key
from analysis.runners.supplement_basics import basics_of_training, facts_by_patient, supplements_keep
from analysis.runners.ticker import JobTicker
from analysis.selectors import described_patients
from analysis.services.program import code_digest, requirements_digest
from analysis.services.registry import ensemble_store, evaluation_store
from analysis.services.split import newcomers_join
from analysis.services.supplements import supplements_start
from studies.models import Membership

QUICK, FULL = "quick", "full"


def learn_ensemble(job: Job, ticker: JobTicker) -> dict[str, Any]:
    """Fit on the training side only; store the ensemble, its out-of-fold and apparent evaluations."""
    study = job.study
    ticker.begin("collecting features and labels")
    newcomers_join(actor=job.started_by, study=study)
    training, left_out = cases_of(study, Membership.Side.TRAINING)
    test, _ = cases_of(study, Membership.Side.TEST)
    temporal, _ = cases_of(study, Membership.Side.TEMPORAL)
    cohort = learning_cohort(study, training)
    if not study.is_sealed:
        raise LeakageError(
            "The split is not sealed, so test patients could still change sides: seal it, then train."
        )
    held_out = [*test, *temporal]
    guard = PatientGuard.of(learning_cohort(study, held_out)) if held_out else None
    ticker.begin("training", total=1)
    learned = learn(
        cohort,
        learn_parameters(
            job.parameters.get("effort", QUICK), study.split_seed, job.parameters.get("fusion", METHODS[0])
        ),
        guard=guard,
        progress=lambda done, total, stage: ticker.progress(done, total),
        cancelled=ticker.cancelled,
    )
    ticker.begin("storing the ensemble")
    version = _store(job, learned, training, left_out)
    ticker.begin("explaining")
    basics = basics_of_training(learned, cohort, facts_by_patient(training))
    supplements_keep(version, basics, cohort=Evaluation.Cohort.OUT_OF_FOLD, job=job)
    _predict_everybody(version, [*training, *test], ticker)
    supplements_start(actor=None, version=version, kinds=[Supplement.Kind.SHUFFLE])
    area = learned.oof.evaluations[learned.ensemble.chosen].auc
    name = learned.ensemble.chosen.split(":")[-1]
    return {
        "model_version": str(version.pk),
        "message": f"{name} chosen among sixteen out of fold; {len(training)} patients, "
        f"{len(left_out)} left out; out-of-fold AUC {area:.3f}.",
    }


def _predict_everybody(version: ModelVersion, cases: list[Case], ticker: JobTicker) -> None:
    """Predict both sides, then whoever has features and no side: nobody waits for one to be read."""
    sides = [case.patient.pk for case in cases]
    others = list(described_patients(version.study).exclude(pk__in=sides))
    total = len(cases) + len(others)
    ticker.begin("predicting", total=total)
    for done, case in enumerate(cases, start=1):
        predict_patient(version, case.patient, case.features)
        ticker.progress(done, total)
    for done, patient in enumerate(others, start=len(cases) + 1):
        predict_from_index_clip(version, patient)
        ticker.progress(done, total)


def learn_parameters(effort: str, seed: int, fusion: str = METHODS[0]) -> LearnParameters:
    """Quick parameters unless the full grids are asked for; XGBoost trains on CUDA where there is one.

    fusion: how the two branches are put together; the ensemble keeps it.
    """
    found = LearnParameters.full(device="auto") if effort == FULL else LearnParameters()
    return replace(found, seed=seed, fusion=fusion)


def _store(job: Job, learned: Learned, training: list[Case], left_out: dict[str, str]):
    blob = save_ensemble(learned.ensemble, seal_key())
    snapshot = {
        "patients": {str(case.patient.pk): [case.features.digest, case.outcome] for case in training},
        "left_out": left_out,
        "seal_hash": job.study.seal_hash,
        "feature_base": job.study.feature_base,
    }
    text = json.dumps(snapshot, sort_keys=True)
    version = ensemble_store(
        job=job,
        blob=blob,
        digest=digest(blob),
        name=learned.ensemble.chosen,
        parameters=jsonable(learned.ensemble.parameters),
        snapshot=snapshot,
        snapshot_digest=hashlib.sha256(text.encode()).hexdigest(),
        summary={
            "chosen": learned.ensemble.chosen,
            "cutoffs": jsonable(learned.ensemble.cutoffs),
            "selected": dict(list(learned.selected.items())[:50]),
            "versions": jsonable(learned.ensemble.versions),
            "code": code_digest(),
            "environment": environment_of(learned.ensemble.parameters),
            "n_training": len(training),
        },
    )
    for cohort, report in (
        (Evaluation.Cohort.OUT_OF_FOLD, learned.oof),
        (Evaluation.Cohort.APPARENT, learned.apparent),
    ):
        evaluation_store(version=version, cohort=cohort, look=None, **evaluation_values(report))
    return version


def environment_of(parameters: LearnParameters) -> dict[str, Any]:
    """What else a repetition needs to give the same numbers (HONESTY G11).

    deterministic: everything ran on the CPU with the stored seed; of a booster trained on CUDA that is not
    promised.
    """
    device = xgboost_device(parameters.classifiers.device)
    return {
        "requirements": requirements_digest(),
        "xgboost_device": device,
        "seed": parameters.seed,
        "deterministic": device == "cpu",
    }


def evaluation_values(report: CohortReport) -> dict[str, Any]:
    """The report as stored JSON: everything a page needs to be drawn again without the model."""
    labels = report.labels.tolist()
    return {
        "n_positive": labels.count(1),
        "n_negative": labels.count(0),
        "results": {
            "evaluations": jsonable(report.evaluations),
            "comparisons": jsonable(report.comparisons),
            "selection": jsonable(report.selection),
        },
        "predictions": {
            "patients": list(report.patients),
            "labels": labels,
            "scores": jsonable(report.scores),
            "probability": jsonable(report.probability),
        },
    }
