"""What the ensemble of record says of a patient: rows -> arrays -> pipeline -> row."""

import hashlib
from dataclasses import asdict
from functools import lru_cache

from django.conf import settings

from analysis.models import FeatureSet, ModelVersion, Prediction
from analysis.pipeline.kernels.cohort_report import jsonable
from analysis.pipeline.learn import LearnedEnsemble, load_ensemble, predict
from analysis.runners.cohort import clinical_vector, current_features
from analysis.selectors import active_ensemble, index_clip
from analysis.services.features import dynamic_of
from studies.models import Patient

OUT_OF_FOLD = (
    "This patient helped to fit the model: the probability is the one given while the patient was held out. "
)


def seal_key() -> bytes:
    """Secret with which this installation seals its model files."""
    return hashlib.sha256(b"model files|" + settings.SECRET_KEY.encode()).digest()


def opened_ensemble(version: ModelVersion) -> LearnedEnsemble:
    """Open a stored ensemble after its seal was checked; kept in this process, since files never change."""
    return _opened(str(version.pk), version.digest)


@lru_cache(maxsize=4)
def _opened(version_id: str, _digest: str) -> LearnedEnsemble:
    version = ModelVersion.objects.get(pk=version_id)
    with version.file.open("rb") as file:
        return load_ensemble(file.read(), seal_key())


def predict_if_possible(patient: Patient) -> Prediction | None:
    """Predict with the ensemble of record when there is one and the features are current."""
    version = active_ensemble(patient.study)
    return None if version is None else predict_from_index_clip(version, patient)


def predict_from_index_clip(version: ModelVersion, patient: Patient) -> Prediction | None:
    """Predict from the current features of the index clip; None where there are none."""
    clip = index_clip(patient)
    features = current_features(clip) if clip else None
    return None if features is None else predict_patient(version, patient, features)


def predict_patient(version: ModelVersion, patient: Patient, features: FeatureSet) -> Prediction:
    """Store the prediction of one patient; the same inputs give the same row."""
    clinical = clinical_vector(patient)
    text = f"{version.digest}|{features.digest}|{clinical.tolist()}"
    input_digest = hashlib.sha256(text.encode()).hexdigest()
    known = Prediction.objects.filter(patient=patient, version=version, input_digest=input_digest).first()
    if known:
        return known
    ensemble = opened_ensemble(version)
    code = str(patient.pk)
    found = predict(ensemble, dynamic_of(features), clinical, exclude=code)
    values = jsonable(asdict(found))
    in_training = code in ensemble.training.patients
    if in_training:
        values |= _held_out(ensemble, code)
    low, high = values["interval"]
    prediction, _ = Prediction.objects.get_or_create(
        patient=patient,
        version=version,
        input_digest=input_digest,
        defaults={
            "feature_set": features,
            "probability": values["probability"],
            "low": low,
            "high": high,
            "interval_method": (OUT_OF_FOLD if in_training else "") + found.interval_method,
            "cutoff": values["cutoff"],
            "call": values["call"],
            "parts": {
                **values["parts"],
                "score": values["score"],
                "model": found.model,
                "venn_abers": values["venn_abers"],
                "changes": values["changes"],
            },
            "contributions": values["contributions"],
            "neighbours": values["neighbours"],
            "in_training": in_training,
        },
    )
    return prediction


def _held_out(ensemble: LearnedEnsemble, code: str) -> dict[str, object]:
    """Replace what a model says of its own training patient by what was said while it was held out."""
    row = ensemble.training.patients.index(code)
    scores = {model: float(oof[row]) for model, oof in ensemble.training.oof.items()}
    score = scores[ensemble.chosen]
    held_out = ensemble.training.oof[ensemble.chosen]
    return {
        "parts": scores,
        "score": score,
        "probability": float(ensemble.recalibration.probability(held_out[row : row + 1])[0]),
        "interval": ensemble.recalibration.interval(score),
        "call": "POSITIVE" if score >= ensemble.cutoffs[ensemble.chosen] else "NEGATIVE",
    }
