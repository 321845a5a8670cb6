"""All 24 models on one set of patients, from stored scores alone: pages can be drawn again without models."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, is_dataclass
from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.pipeline.kernels.bootstrap import REPLICATES, SelectionCorrected, selection_corrected_auc
from analysis.pipeline.kernels.evaluation import Comparison, Evaluation, compare, evaluate

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class CohortReport:
    """All models judged on one set of patients.

    cohort: apparent, oof or test; scores: model name to (n,); probability: the chosen model's, recalibrated;
    comparisons: the chosen model against the other fused ones and against its two parts, Holm over all of
    them; selection: the best of the fused models, corrected for having been chosen.
    """

    cohort: str
    patients: tuple[str, ...]
    labels: NDArray[np.int64]
    scores: Mapping[str, Vector]
    probability: Vector
    evaluations: Mapping[str, Evaluation]
    comparisons: tuple[Comparison, ...]
    selection: SelectionCorrected | None


def report_cohort(
    cohort: str,
    patients: Sequence[str],
    labels: NDArray[np.int64],
    scores: Mapping[str, Vector],
    cutoffs: Mapping[str, float],
    *,
    chosen: str,
    candidates: Sequence[str],
    references: Sequence[str] = (),
    probability: Vector,
    replicates: int = REPLICATES,
    seed: int = 0,
) -> CohortReport:
    """Judge every model's scores at its frozen cut-off.

    chosen: the model of record; candidates: those it was chosen among; references: further models to
    compare it with; replicates: bootstrap resamples, 0 leaves intervals by bootstrap and the correction
    for selection out.

    Raises:
        InvalidInputError: fewer than two patients of a class, missing scores, lengths that differ.
    """
    evaluations = {
        model: evaluate(
            model,
            cohort,
            labels,
            values,
            cutoffs[model],
            probability=probability if model == chosen else None,
            replicates=replicates,
            seed=seed,
        )
        for model, values in scores.items()
    }
    rivals = [*references, *(model for model in candidates if model != chosen)]
    comparisons = compare(
        labels, scores, cutoffs, [(chosen, rival) for rival in rivals], replicates=replicates, seed=seed
    )
    fused = {model: scores[model] for model in candidates}
    selection = (
        selection_corrected_auc(labels, fused, replicates=replicates, seed=seed) if replicates else None
    )
    return CohortReport(
        cohort, tuple(patients), labels, dict(scores), probability, evaluations, comparisons, selection
    )


def jsonable(value: Any) -> Any:
    """Return dataclasses, arrays and tuples as what JSON knows; a figure that is not finite becomes null."""
    if is_dataclass(value) and not isinstance(value, type):
        return jsonable(asdict(value))
    if isinstance(value, Mapping):
        return {str(key): jsonable(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        return jsonable(value.tolist())
    if isinstance(value, list | tuple | set | frozenset):
        return [jsonable(item) for item in value]
    if isinstance(value, np.generic):
        return jsonable(value.item())
    if isinstance(value, float):
        return value if isfinite(value) else None
    return value
