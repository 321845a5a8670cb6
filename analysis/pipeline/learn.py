"""One cohort, from features and labels to a fitted ensemble and to what it is worth (SCIENCE 4, HONESTY D.3).

`learn` sees training patients only; `judge` opens the test set and is called after the look was logged.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.pipeline.crossfit import FoldFit, checked, fit_folds, held_out_masks, out_of_fold, outer_folds
from analysis.pipeline.errors import InvalidInputError
from analysis.pipeline.fusion import fit_combiner
from analysis.pipeline.kernels.cohort_report import CohortReport, report_cohort
from analysis.pipeline.kernels.cutoffs import frozen_cutoff
from analysis.pipeline.kernels.ensemble import (
    FUSED_MODELS,
    MODELS,
    LearnedEnsemble,
    LearnParameters,
    TrainingRecord,
    chosen_cases,
    parts_of,
    require_no_twin,
    score_all,
)
from analysis.pipeline.kernels.ensemble_files import load_ensemble, save_ensemble
from analysis.pipeline.kernels.explanation import Explanation, ModelExplanation, explain, explain_all
from analysis.pipeline.kernels.fitted import VIDEO, ClassifierParameters
from analysis.pipeline.kernels.model_files import digest
from analysis.pipeline.kernels.patient_prediction import PatientPrediction, predict
from analysis.pipeline.kernels.recalibration import out_of_fold_probability, recalibrate
from analysis.pipeline.kernels.software import installed_versions
from analysis.pipeline.kernels.task_pool import Cancelled, Progress
from analysis.pipeline.metrics import auc
from analysis.pipeline.splits import PatientGuard, require_sound_cohort
from analysis.pipeline.types import LearningCohort

__all__ = [
    "FUSED_MODELS",
    "MODELS",
    "ClassifierParameters",
    "CohortReport",
    "Explanation",
    "LearnParameters",
    "Learned",
    "LearnedEnsemble",
    "ModelExplanation",
    "PatientGuard",
    "PatientPrediction",
    "digest",
    "explain",
    "explain_all",
    "judge",
    "learn",
    "load_ensemble",
    "predict",
    "save_ensemble",
    "score_all",
]

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Learned:
    """A fitted ensemble with its reports on the training patients.

    oof: out of fold, the honest one; apparent: by resubstitution, comparable with the paper's T rows and with
    nothing else; selected: video feature to the number of outer folds that chose it.
    """

    ensemble: LearnedEnsemble
    oof: CohortReport
    apparent: CohortReport
    selected: Mapping[str, int]


def learn(
    cohort: LearningCohort,
    parameters: LearnParameters | None = None,
    *,
    guard: PatientGuard | None = None,
    progress: Progress | None = None,
    cancelled: Cancelled | None = None,
) -> Learned:
    """Fit the 4 + 4 classifiers and 16 fusions on training patients and judge them out of fold.

    guard: knows the test patients; progress: called with (done, total, stage); cancelled: asked between fits.
    The result depends on the seed and the patients, not on the order of the rows.

    Raises:
        InvalidInputError: too few patients of a class, nothing but missing or constant values, odd shapes.
        LeakageError: a test patient, one patient under two codes, columns chosen beforehand, or the label
            among the predictors; the message starts with the leak's name.
        CancelledError: `cancelled` said so.
    """
    settings = parameters or LearnParameters()
    ordered = checked(cohort, guard)
    folds = outer_folds(ordered, settings)
    masks = [*held_out_masks(folds), None]
    fits = fit_folds(ordered, masks, settings, progress=progress, cancelled=cancelled)
    return _assemble(ordered, folds, fits, settings)


def judge(
    ensemble: LearnedEnsemble,
    cohort: LearningCohort,
    *,
    name: str = "test",
    replicates: int | None = None,
    seed: int | None = None,
) -> CohortReport:
    """Judge all models on test patients at the frozen cut-offs. Log the look before calling this.

    name: of the held-out side, as the report keeps it.

    Raises:
        InvalidInputError: other columns than those trained on, fewer than two patients of a class, odd
            shapes.
        LeakageError: a patient of the training set among them, under the same code or another.
    """
    require_sound_cohort(cohort)
    if tuple(cohort.feature_names) != ensemble.feature_names:
        raise InvalidInputError(
            f"feature_names: expected the {len(ensemble.feature_names)} columns trained on, in their order."
        )
    ensemble.guard.require_absent(cohort, "the test set")
    require_no_twin(ensemble, cohort)
    return _report(
        name,
        cohort.patients,
        cohort.labels,
        score_all(ensemble, cohort.dynamic, cohort.clinical),
        ensemble,
        ensemble.parameters.replicates if replicates is None else replicates,
        ensemble.parameters.seed if seed is None else seed,
    )


def _assemble(
    cohort: LearningCohort, folds: NDArray[np.int64], fits: list[FoldFit], settings: LearnParameters
) -> Learned:
    """Freeze fusions, cut-offs and the choice on out-of-fold scores; the last fit is the one that is kept."""
    y, oof, final = cohort.labels, out_of_fold(cohort.labels, folds, fits, settings), fits[-1]
    parts = {model: parts_of(model) for model in FUSED_MODELS}
    combiners = {
        model: fit_combiner(settings.fusion, oof[video], oof[clinical], y)
        for model, (video, clinical) in parts.items()
    }
    areas = {model: auc(y, oof[model]) for model in FUSED_MODELS}
    chosen = max(FUSED_MODELS, key=lambda model: areas[model])
    apparent = dict(final.scores)
    for model, combiner in combiners.items():
        apparent[model] = combiner.combine(*(apparent[part] for part in parts[model]))
    ensemble = LearnedEnsemble(
        parameters=settings,
        feature_names=tuple(cohort.feature_names),
        bases=final.bases,
        combiners=combiners,
        cutoffs={model: frozen_cutoff(y, scores) for model, scores in oof.items()},
        chosen=chosen,
        recalibration=recalibrate(oof[chosen], y),
        training=TrainingRecord(
            patients=cohort.patients,
            labels=y,
            folds=folds,
            oof=oof,
            apparent=apparent,
            cases=chosen_cases(final.bases, chosen, cohort.dynamic, cohort.clinical),
        ),
        guard=PatientGuard.of(cohort),
        versions=installed_versions(),
    )
    sizes = settings.replicates, settings.seed
    honest = out_of_fold_probability(oof[chosen], y, folds)
    return Learned(
        ensemble,
        oof=_report("oof", cohort.patients, y, oof, ensemble, *sizes, probability=honest),
        apparent=_report("apparent", cohort.patients, y, apparent, ensemble, *sizes),
        selected=_selected(cohort, fits[:-1]),
    )


def _report(
    name: str,
    patients: tuple[str, ...],
    labels: NDArray[np.int64],
    scores: Mapping[str, Vector],
    ensemble: LearnedEnsemble,
    replicates: int,
    seed: int,
    probability: Vector | None = None,
) -> CohortReport:
    if probability is None:
        probability = ensemble.recalibration.probability(scores[ensemble.chosen])
    return report_cohort(
        name,
        patients,
        labels,
        scores,
        ensemble.cutoffs,
        chosen=ensemble.chosen,
        candidates=FUSED_MODELS,
        references=parts_of(ensemble.chosen),
        probability=probability,
        replicates=replicates,
        seed=seed,
    )


def _selected(cohort: LearningCohort, fits: list[FoldFit]) -> dict[str, int]:
    """Count the outer folds that chose each video feature, the most frequent first."""
    counts = Counter(int(column) for fit in fits for column in fit.bases[f"{VIDEO}:RF"].columns)
    return {cohort.feature_names[column]: count for column, count in counts.most_common()}
