"""A fitted ensemble to and from one sealed file: identical predictions after reading it back."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
import xgboost
from numpy.typing import NDArray

from analysis.pipeline.errors import ModelFileError
from analysis.pipeline.kernels import estimators
from analysis.pipeline.kernels.combiner import Combiner
from analysis.pipeline.kernels.ensemble import LearnedEnsemble, LearnParameters, TrainingRecord
from analysis.pipeline.kernels.fitted import BRANCHES, ClassifierParameters, FittedBase
from analysis.pipeline.kernels.forest import FrozenForest
from analysis.pipeline.kernels.model_files import Parts, pack, unpack
from analysis.pipeline.kernels.patient_guard import PatientGuard
from analysis.pipeline.kernels.recalibration import Recalibration, Sigmoid

# The only types beyond scikit-learn's own that a model file may hold.
TRUSTED_TYPES = tuple(
    f"{estimators.__name__}.{name}"
    for name in (
        "MedianImputer",
        "ConstantDropper",
        "Standardiser",
        "RedundancyFilter",
        "LassoSelector",
        "ClinicalEncoder",
    )
)
FOREST_ARRAYS = ("roots", "left", "right", "feature", "threshold", "share", "weight")

Arrays = Mapping[str, NDArray[Any]]


def save_ensemble(ensemble: LearnedEnsemble, key: bytes = b"") -> bytes:
    """Return the sealed file of an ensemble. key: secret of this installation; empty is a checksum only."""
    parts = Parts(_document(ensemble), _arrays(ensemble), {}, {})
    found: dict[str, Any] = {f"prepare-{b}": ensemble.bases[f"{b}:LR"].prepare for b in BRANCHES}
    boosters: dict[str, xgboost.Booster] = {}
    for name, base in ensemble.bases.items():
        if isinstance(base.classifier, xgboost.Booster):
            boosters[_file(name)] = base.classifier
        elif not isinstance(base.classifier, FrozenForest):
            found[_file(name)] = base.classifier
    return pack(Parts(parts.document, parts.arrays, found, boosters), key)


def load_ensemble(blob: bytes, key: bytes = b"") -> LearnedEnsemble:
    """Open a sealed file.

    Raises:
        ModelFileError: another format, a seal that does not fit, a part missing, or a type that is not
            trusted.
    """
    parts = unpack(blob, TRUSTED_TYPES, key)
    try:
        return _ensemble(parts)
    except (KeyError, TypeError, IndexError) as error:
        raise ModelFileError(
            f"model file: expected all parts of an ensemble, got {error!r}. Train again."
        ) from error


def _document(ensemble: LearnedEnsemble) -> dict[str, Any]:
    record = ensemble.training
    return {
        "parameters": asdict(ensemble.parameters),
        "feature_names": list(ensemble.feature_names),
        "bases": {name: _base_document(base) for name, base in ensemble.bases.items()},
        "combiners": {name: asdict(combiner) for name, combiner in ensemble.combiners.items()},
        "cutoffs": dict(ensemble.cutoffs),
        "chosen": ensemble.chosen,
        "sigmoid": asdict(ensemble.recalibration.sigmoid),
        "patients": list(record.patients),
        "models": list(record.oof),
        "guard": {name: sorted(getattr(ensemble.guard, name)) for name in ("codes", "groups", "rows")},
        "versions": dict(ensemble.versions),
    }


def _base_document(base: FittedBase) -> dict[str, Any]:
    return {
        "branch": base.branch,
        "kind": base.kind,
        "tuned": dict(base.tuned),
        "inner_auc": base.inner_auc,
        "sigmoid": asdict(base.sigmoid) if base.sigmoid else None,
        "forest_features": base.classifier.n_features if isinstance(base.classifier, FrozenForest) else None,
    }


def _arrays(ensemble: LearnedEnsemble) -> dict[str, NDArray[Any]]:
    record = ensemble.training
    found: dict[str, NDArray[Any]] = {
        "covariance": ensemble.recalibration.covariance,
        "labels": record.labels,
        "folds": record.folds,
        "cases": record.cases,
        "oof": np.vstack(list(record.oof.values())),
        "apparent": np.vstack([record.apparent[model] for model in record.oof]),
    }
    for name, base in ensemble.bases.items():
        found[f"{_file(name)}-columns"] = base.columns
        if isinstance(base.classifier, FrozenForest):
            found |= {f"{_file(name)}-{part}": getattr(base.classifier, part) for part in FOREST_ARRAYS}
    return found


def _ensemble(parts: Parts) -> LearnedEnsemble:
    document, arrays = parts.document, parts.arrays
    models = document["models"]
    record = TrainingRecord(
        patients=tuple(document["patients"]),
        labels=arrays["labels"],
        folds=arrays["folds"],
        oof=dict(zip(models, arrays["oof"], strict=True)),
        apparent=dict(zip(models, arrays["apparent"], strict=True)),
        cases=arrays["cases"],
    )
    return LearnedEnsemble(
        parameters=_parameters(document["parameters"]),
        feature_names=tuple(document["feature_names"]),
        bases={name: _base(name, stored, parts) for name, stored in document["bases"].items()},
        combiners={name: Combiner(**stored) for name, stored in document["combiners"].items()},
        cutoffs=document["cutoffs"],
        chosen=document["chosen"],
        recalibration=Recalibration(Sigmoid(**document["sigmoid"]), arrays["covariance"]),
        training=record,
        guard=PatientGuard(**{name: frozenset(values) for name, values in document["guard"].items()}),
        versions=document["versions"],
    )


def _base(name: str, stored: Mapping[str, Any], parts: Parts) -> FittedBase:
    file, arrays = _file(name), parts.arrays
    classifier: Any
    if stored["forest_features"] is not None:
        forest = {part: arrays[f"{file}-{part}"] for part in FOREST_ARRAYS}
        classifier = FrozenForest(**forest, n_features=stored["forest_features"])
    else:
        classifier = parts.boosters[file] if file in parts.boosters else parts.estimators[file]
    return FittedBase(
        branch=stored["branch"],
        kind=stored["kind"],
        prepare=parts.estimators[f"prepare-{stored['branch']}"],
        columns=arrays[f"{file}-columns"],
        classifier=classifier,
        sigmoid=Sigmoid(**stored["sigmoid"]) if stored["sigmoid"] else None,
        tuned=stored["tuned"],
        inner_auc=stored["inner_auc"],
    )


def _parameters(stored: Mapping[str, Any]) -> LearnParameters:
    grids: dict[str, Any] = {
        k: tuple(v) if isinstance(v, list) else v for k, v in stored["classifiers"].items()
    }
    return LearnParameters(**{**stored, "classifiers": ClassifierParameters(**grids)})


def _file(name: str) -> str:
    return name.replace(":", "-")
