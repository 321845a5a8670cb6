"""A study whose model of record was judged on simulated scores: every results page has something."""

import csv
from functools import lru_cache
from types import SimpleNamespace

import numpy as np

from analysis.models import Evaluation, ModelVersion
from analysis.pipeline.learn import FUSED_MODELS, MODELS
from analysis.pipeline.metrics import report_cohort
from analysis.runners.learn import evaluation_values
from analysis.services.judged_inputs import inputs_now
from studies.models import Look, Patient, Study
from tests.factories import make_membership, make_patient, make_person, make_site, make_study

CHOSEN = "fused:XGBoost+LR"
SIDES = {"apparent": 2.5, "oof": 0.9, "test": 0.9, "temporal": 0.6}
"""How far apart the classes lie on each side."""


def scores_of(labels: np.ndarray, gap: float, seed: int) -> dict[str, np.ndarray]:
    """Scores in (0, 1) of all 24 models: correlated, the fused ones a little better."""
    rng = np.random.default_rng(seed)
    shared = rng.normal(size=labels.size)
    found = {}
    for number, model in enumerate(MODELS):
        better = 0.1 * (model in FUSED_MODELS) + 0.004 * number
        latent = shared + 0.8 * rng.normal(size=labels.size) + (gap + better) * labels
        found[model] = 1 / (1 + np.exp(1.2 - latent))
    return found


@lru_cache(maxsize=4)
def evaluations(n1: int, n0: int, replicates: int = 60) -> tuple[dict[str, dict], dict[str, float]]:
    """Side to the fields of its Evaluation, patients unnamed, and the cut-offs."""
    labels, cutoffs = np.r_[np.ones(n1, int), np.zeros(n0, int)], dict.fromkeys(MODELS, 0.45)
    found = {}
    for seed, (side, gap) in enumerate(SIDES.items()):
        scores = scores_of(labels, gap, seed)
        report = report_cohort(
            side, [""] * labels.size, labels, scores, cutoffs,
            chosen=CHOSEN, candidates=FUSED_MODELS, references=("video:XGBoost", "clinical:LR"),
            probability=scores[CHOSEN], replicates=replicates,
        )  # fmt: skip
        found[side] = evaluation_values(report)
    return found, cutoffs


def judged_study(
    *, n1: int = 12, n0: int = 20, looked: bool = True, temporal: tuple[int, int] = (0, 0), **study_values
) -> SimpleNamespace:
    """A study with n1 + n0 patients on each side, its model of record, evaluations, a clinician.

    temporal: positive and negative patients of the temporal test; `temporal_judged` takes a look at it.
    """
    study = make_study(**study_values)
    site = make_site(study)
    patients: dict[str, list[Patient]] = {}
    for side in ("training", "test"):
        patients[side] = [make_patient(site, age_years=40 + row, c_t=1, c_n=0) for row in range(n1 + n0)]
        for patient in patients[side]:
            make_membership(patient, side)
    patients["temporal"] = [make_patient(site, age_years=50, c_t=1, c_n=0) for _ in range(sum(temporal))]
    for patient in patients["temporal"]:
        make_membership(patient, "temporal")
    found, cutoffs = evaluations(n1, n0)
    version = ModelVersion.objects.create(
        kind="ensemble", study=study, number=1, name=CHOSEN, digest="e" * 64, is_active=True,
        summary={"chosen": CHOSEN, "cutoffs": cutoffs, "n_training": n1 + n0, "versions": {"numpy": "2"}},
    )  # fmt: skip
    look = None
    if looked:
        look = Look.objects.create(study=study, number=1, reason="test", seal_hash="f" * 64)
    for cohort, values in found.items():
        if cohort == "temporal" or (cohort == "test" and not looked):
            continue
        side = patients["test" if cohort == "test" else "training"]
        predictions = values["predictions"] | {"patients": [str(patient.pk) for patient in side]}
        Evaluation.objects.create(
            version=version,
            cohort=cohort,
            look=look if cohort == "test" else None,
            inputs=inputs_now(study) if cohort == "test" else {},
            **values | {"predictions": predictions},
        )
    clinician = make_person(study, "clinician")
    return SimpleNamespace(
        study=Study.objects.get(pk=study.pk), version=version, patients=patients, clinician=clinician
    )


def temporal_judged(made: SimpleNamespace, n1: int, n0: int) -> Evaluation:
    """One look at the temporal test of a judged study, which n1 and n0 patients joined before."""
    number = made.study.temporal_looks.count() + 1
    look = Look.objects.create(
        study=made.study, side="temporal", number=number, reason="later patients", seal_hash="f" * 64
    )
    values = evaluations(n1, n0)[0]["temporal"]
    predictions = values["predictions"] | {"patients": [str(p.pk) for p in made.patients["temporal"]]}
    inputs = inputs_now(made.study, "temporal")
    return Evaluation.objects.create(
        version=made.version, cohort="temporal", look=look, inputs=inputs,
        **values | {"predictions": predictions},
    )  # fmt: skip


def csv_rows(answer) -> list[dict[str, str]]:
    """Rows of a downloaded CSV below its comment lines; the first of them is the banner."""
    text = answer.content.decode("utf-8-sig")
    assert text.startswith(("# ", '"# '))
    lines = text.splitlines(keepends=True)
    return list(csv.DictReader(line for line in lines if not line.startswith(("# ", '"# '))))
