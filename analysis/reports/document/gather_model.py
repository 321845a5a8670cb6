"""The ensemble of record, its evaluations, software and digests -> facts."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from analysis.models import Evaluation, FeatureSet, ModelVersion, Statement
from analysis.reports.document.facts import Digests, Fitted
from analysis.reports.document.gather_patients import VARIABLES, Case
from analysis.reports.selected_features import most_selected
from analysis.services.program import code_digest
from studies.models import Study
from studies.services.membership import labels_are_open

DAY = "%Y-%m-%d"
PACKAGES = (
    "Django", "numpy", "scipy", "pandas", "scikit-learn", "xgboost", "xgboost-cpu", "numba", "torch",
    "onnxruntime", "pydicom", "av", "opencv-python-headless", "weasyprint",
)  # fmt: skip


def gather_fitted(found: ModelVersion | None) -> Fitted | None:
    """What is stored of the ensemble of record."""
    if found is None:
        return None
    chosen = found.summary["chosen"]
    return Fitted(
        name=found.name,
        number=found.number,
        day=found.created_at.strftime(DAY),
        digest=found.digest,
        chosen=chosen,
        parameters=found.parameters,
        cutoff=found.summary["cutoffs"][chosen],
        n_training=found.summary.get("n_training", 0),
        selected=tuple(name for name, _folds in most_selected(found.summary)),
        predictions=found.predictions.count(),
        promotions=found.promotions.count(),
    )


def gather_evaluations(evaluations: Mapping[str, Evaluation], chosen: str) -> dict[str, dict[str, Any]]:
    """Side to size, look, and the stored figures of the chosen model; the rest as a digest."""
    return {
        side: {
            "day": row.created_at.strftime(DAY),
            "look": row.look.number if row.look else None,
            "positive": row.n_positive,
            "negative": row.n_negative,
            "chosen": row.results["evaluations"].get(chosen),
            "selection": row.results.get("selection"),
            "models": sorted(row.results["evaluations"]),
            "results": _digest(row.results),
        }
        for side, row in evaluations.items()
    }


def gather_further(found: ModelVersion | None) -> dict[str, dict[str, Any]]:
    """Kind of a further analysis to its newest results of each side; day and look of the last of them."""
    if found is None:
        return {}
    newest = {
        (row.kind, row.cohort): row for row in found.supplements.select_related("look").order_by("created_at")
    }
    kinds: dict[str, dict[str, Any]] = {}
    for (kind, side), row in sorted(newest.items()):  # "oof" before "test": the test side's row comes last
        sides = {**kinds.get(kind, {}).get("sides", {}), side: row.results}
        kinds[kind] = {
            "side": side,
            "day": row.created_at.strftime(DAY),
            "look": row.look.number if row.look else None,
            "sides": sides,
        }
    return kinds


def gather_statements(study: Study) -> dict[str, str]:
    """Topic to what the team states; a statement that was taken back is absent."""
    newest: dict[str, str] = {}
    for row in Statement.objects.filter(study=study).order_by("created_at"):
        newest[row.topic] = row.text
    return {topic: text for topic, text in newest.items() if text}


def gather_software(found: ModelVersion | None) -> dict[str, str]:
    """Package to version as installed now; those that fitted the ensemble where they were others."""
    installed = {}
    for package in PACKAGES:
        try:
            installed[package] = version(package)
        except PackageNotFoundError:
            continue
    fitted = found.summary.get("versions", {}) if found else {}
    changed = {
        f"{name} (training)": number for name, number in fitted.items() if installed.get(name) != number
    }
    return installed | changed


def gather_digests(
    study: Study,
    cases: Sequence[Case],
    used: Sequence[FeatureSet],
    found: ModelVersion | None,
    *,
    opened: bool,
) -> Digests:
    """Digests of images, features, labels and clinical values; labels of a sealed test side are left out."""
    packs = study.patients.exclude(exams__clips=None).values_list("exams__clips__pack_sha256", flat=True)
    labels = [
        [str(case.patient.pk), case.label.call, case.label.inputs_hash]
        for case in cases
        if case.label and labels_are_open(case.side, opened=opened)
    ]
    return Digests(
        code=code_digest(),
        images=_digest(sorted(pack for pack in packs if pack)),
        features=_digest(sorted(row.digest for row in used)),
        labels=_digest(labels),
        clinical=_digest([_clinical(case) for case in cases]),
        membership=study.seal_hash,
        training=found.snapshot_digest if found else "",
        requirements=_environment(found).get("requirements", ""),
    )


def _environment(found: ModelVersion | None) -> Mapping[str, Any]:
    """What was recorded of the machine at the training; nothing for versions from before it was."""
    return found.summary.get("environment", {}) if found else {}


def _clinical(case: Case) -> list[object]:
    record = getattr(case.patient, "clinical", None)
    return [str(case.patient.pk), *(str(getattr(record, name, "")) for name in VARIABLES)]


def _digest(value: object) -> str:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()
