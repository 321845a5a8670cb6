"""A study that was read, labelled, split, sealed, learned from and judged, with figures really computed."""

import hashlib
import json
from dataclasses import asdict
from datetime import date, timedelta
from functools import lru_cache
from types import SimpleNamespace
from typing import Any

import numpy as np

from analysis.models import Evaluation, ModelVersion
from analysis.pipeline.kernels.ensemble import FUSED_MODELS, MODELS, LearnParameters, parts_of
from analysis.pipeline.metrics import jsonable, report_cohort, youden_cutoff
from analysis.pipeline.types import DescribeParameters
from analysis.runners.learn import evaluation_values
from analysis.services.features import StoredStatic, feature_set_store
from analysis.services.judged_inputs import inputs_now
from analysis.services.registry import evaluation_store, version_promote
from studies.models import Membership, Study
from studies.services.membership import look_take, study_seal
from tests.factories import (
    make_clip,
    make_detection,
    make_label,
    make_membership,
    make_model_track,
    make_patient,
    make_person,
    make_site,
    make_study,
)

TRAINING, TEST = 24, 9
REPLICATES = 60
BASE = {"time_base": "hz", "spacing_base": "px", "fmax": 10.0}
CHOSEN = "fused:XGBoost+LR"


def reported_study(
    *,
    look: bool = True,
    slug: str = "reported",
    sites: int = 2,
    title_words: str = "",
    feature_base: dict[str, object] = BASE,
    **values,
) -> SimpleNamespace:
    """Twenty-four training and nine test patients, every third one HER2-positive, at two sites."""
    study = make_study(slug, **{"label_rule": Study.LabelRule.ASCO_CAP, **values})
    study.title = title_words or study.title
    places = [make_site(study, f"{slug}-{number}") for number in range(sites)]
    people = {
        role: make_person(study, role, name=f"{slug}-{role}")
        for role in ("coordinator", "administrator", "clinician", "sonographer", "pathologist")
    }
    patients = [_patient(places[number % sites], number) for number in range(TRAINING + TEST)]
    for number, patient in enumerate(patients):
        make_membership(patient, Membership.Side.TRAINING if number < TRAINING else Membership.Side.TEST)
    make_patient(places[0], age_years=61)  # registered, without label and cine: on no side
    study.feature_base = dict(feature_base)
    study.save()
    study = study_seal(actor=people["coordinator"], study=study)
    version = _version(study, patients[:TRAINING])
    version_promote(actor=people["administrator"], version=version, reason="first")
    if look:
        _judge(study, version, patients[TRAINING:], people["coordinator"])
    version.refresh_from_db()
    return SimpleNamespace(study=study, sites=places, people=people, patients=patients, version=version)


def outcome(number: int) -> int:
    """Every third patient is HER2-positive."""
    return int(number % 3 == 0)


def _patient(site, number: int):
    rng = np.random.default_rng(number)
    c_t, c_n = int(rng.integers(1, 4)), int(rng.integers(0, 3))
    patient = make_patient(
        site,
        age_years=int(rng.integers(30, 75)) if number % 10 else None,
        size_cm=round(float(rng.uniform(0.8, 4.5)), 2),
        menopause=int(rng.integers(0, 2)),
        c_t=c_t,
        c_n=c_n,
        c_tnm="I" if c_t == 1 and c_n == 0 else "II",
    )
    exam = patient.exams.get()
    exam.performed_on = date(2025, 1, 6) + timedelta(days=number * 7 % 50)
    exam.save()
    label = make_label(patient, "POSITIVE" if outcome(number) else "NEGATIVE", kind="excision")
    label.specimen.taken_on = exam.performed_on + timedelta(days=4)
    label.specimen.save()
    clip = make_clip(patient, acquisition={"manufacturer": "Maker", "model": "One"} if number % 2 else {})
    make_detection(clip)
    _features(make_model_track(clip), number)
    return patient


def _features(track, number: int) -> None:
    feature_set_store(
        clip=track.clip,
        revision=track.revisions.get(number=track.head),
        box_source=track.source,
        digest=hashlib.sha256(f"{track.pk}".encode()).hexdigest(),
        pipeline_version="1.0.0",
        parameters=asdict(DescribeParameters(time_base="hz", spacing_base="px", fmax=10.0)),
        static=StoredStatic(np.array([0, 2]), np.ones((2, 91)), np.zeros((2, 4))),
        dynamic=np.random.default_rng(number).normal(size=2184),
        window=(0, track.clip.n_frames),
        time_base="hz",
        fps=20.0,
        qc={"bridge_rate": 0.0, "detection": {"interp_rate": 0.05}},
        reasons=[],
        excluded={},
    )


def _scores(labels: np.ndarray, seed: int) -> dict[str, np.ndarray]:
    """Scores of all 24 models in (0, 1) that know something of the labels."""
    rng = np.random.default_rng(seed)
    raw = {model: labels * 0.9 + rng.normal(size=labels.size) for model in MODELS}
    raw[CHOSEN] = labels * 1.3 + rng.normal(size=labels.size)
    return {model: 1.0 / (1.0 + np.exp(-values)) for model, values in raw.items()}


def _cutoffs() -> dict[str, float]:
    labels = np.array([outcome(number) for number in range(TRAINING)])
    return {model: youden_cutoff(labels, values) for model, values in _scores(labels, seed=1).items()}


@lru_cache(maxsize=3)
def _judged(cohort: str, first: int, last: int, seed: int) -> dict[str, Any]:
    """The fields of an Evaluation, patients unnamed."""
    labels = np.array([outcome(number) for number in range(first, last)])
    scores = _scores(labels, seed)
    report = report_cohort(
        cohort,
        [""] * labels.size,
        labels,
        scores,
        _cutoffs(),
        chosen=CHOSEN,
        candidates=FUSED_MODELS,
        references=parts_of(CHOSEN),
        probability=scores[CHOSEN],
        replicates=REPLICATES,
    )
    return evaluation_values(report)


def _store(version: ModelVersion, cohort: str, patients, values: dict[str, Any], look=None) -> None:
    named = values["predictions"] | {"patients": [str(patient.pk) for patient in patients]}
    inputs = inputs_now(version.study) if look else {}
    fields = values | {"predictions": named, "inputs": inputs}
    evaluation_store(version=version, cohort=cohort, look=look, **fields)


def _version(study, patients) -> ModelVersion:
    features = {patient: patient.exams.get().clips.get().feature_sets.get() for patient in patients}
    snapshot = {
        "patients": {str(p.pk): [features[p].digest, bool(outcome(n))] for n, p in enumerate(patients)},
        "left_out": {},
        "seal_hash": study.seal_hash,
        "feature_base": study.feature_base,
    }
    version = ModelVersion.objects.create(
        kind=ModelVersion.Kind.ENSEMBLE,
        study=study,
        number=1,
        name=CHOSEN,
        digest="e" * 64,
        parameters=jsonable(LearnParameters()),
        training_snapshot=snapshot,
        snapshot_digest=hashlib.sha256(json.dumps(snapshot, sort_keys=True).encode()).hexdigest(),
        summary={
            "chosen": CHOSEN,
            "cutoffs": _cutoffs(),
            "selected": {"glcm_Contrast__t_mean": 5, "lbp_R1_bin9__f_fc": 3},
            "versions": {"python": "3.11.2", "numpy": "2.4.6"},
            "n_training": len(patients),
        },
    )
    for cohort, seed in ((Evaluation.Cohort.OUT_OF_FOLD, 1), (Evaluation.Cohort.APPARENT, 2)):
        _store(version, cohort, patients, _judged(cohort, 0, TRAINING, seed))
    return version


def _judge(study, version: ModelVersion, patients, actor) -> None:
    look = look_take(actor=actor, study=study, reason="first look")
    _store(version, "test", patients, _judged("test", TRAINING, TRAINING + TEST, 3), look)
    for patient in patients:
        features = patient.exams.get().clips.get().feature_sets.get()
        version.predictions.create(
            patient=patient, feature_set=features, input_digest=features.digest, probability=0.5, low=0.3,
            high=0.7, interval_method="test", cutoff=0.5, call="POSITIVE",
        )  # fmt: skip
