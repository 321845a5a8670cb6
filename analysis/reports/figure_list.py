"""Every figure of the results pages by name: its title, what it says, and how it is drawn."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from analysis.models import Supplement
from analysis.reports import (
    comparison_figures,
    drift,
    figures,
    frame_figure,
    sample_size,
    study_drawings,
    supplement_figures,
    variant_figures,
)
from analysis.reports.explanation_tables import drawn
from analysis.reports.judged import Judged
from studies.models import Study

Kind = Supplement.Kind


@dataclass(frozen=True, slots=True)
class Scene:
    """What a figure is asked to show: to whom, of which study, of which side and model; asked: the query.

    judged is None before anything was judged; cohort and model are then empty. documents: (kind, side) to
    further analyses of a study from files; None asks for the stored ones.
    """

    study: Study
    viewer: User
    judged: Judged | None
    cohort: str
    model: str
    asked: Mapping[str, str]
    documents: Mapping[tuple[str, str], Mapping[str, Any]] | None = None


@dataclass(frozen=True, slots=True)
class Figure:
    """draw gives Plotly JSON, or None where there is nothing to draw; needs_model: only what was judged.

    kind: the further analysis that is drawn, if one is; is_drawing: boxes and arrows, which need room.
    """

    title: Promise
    words: Promise | str
    draw: Callable[[Scene], dict[str, Any] | None]
    needs_model: bool = True
    kind: str = ""
    is_drawing: bool = False


def further(kind: str, title: Promise, words: Promise | str, draw: Callable[..., Any]) -> Figure:
    """A figure of a further analysis."""
    return Figure(title, words, supplement_figures.stored(kind, draw), kind=kind)


def judged(draw: Callable[[Judged, str, str], dict[str, Any]]) -> Callable[[Scene], dict[str, Any] | None]:
    """A figure of what was judged, one side and one model."""

    def drawn(scene: Scene) -> dict[str, Any] | None:
        return None if scene.judged is None else draw(scene.judged, scene.cohort, scene.model)

    return drawn


BESIDE = _("Grey: the record on the same patients. In brackets: how, and patients.")
NOT_A_TEST = _("P as the paper computes it; not a test of patients.")

FIGURES: dict[str, Figure] = {
    "frame": Figure(
        _("Figure 1: a frame and what of it is measured"),
        _(
            "A training patient of your own sites; the box of record in the middle of its measured frames. "
            "Everything outside the mask is black and does not count."
        ),
        lambda scene: frame_figure.frame_figure(
            scene.study, viewer=scene.viewer, number=frame_figure.example_number(scene.asked)
        ),
        needs_model=False,
    ),
    "pipeline": Figure(
        _("Figure 2: from cines to calls"),
        _("The pipeline with the counts of this study."),
        lambda scene: study_drawings.pipeline(scene.study, scene.judged, viewer=scene.viewer),
        needs_model=False,
        is_drawing=True,
    ),
    "flow": Figure(
        _("Figure 3: flow of patients"),
        _("Who was registered, left out and why, learned from, and judged. Frames are never counted as n."),
        lambda scene: study_drawings.flow(scene.study, viewer=scene.viewer),
        needs_model=False,
        is_drawing=True,
    ),
    "her2-status": Figure(
        _("Figure 4: HER2 status on both sides"),
        _("IHC, and ISH where it decides. A sealed test side is shown to those who read labels."),
        lambda scene: study_drawings.her2_status(scene.study, viewer=scene.viewer),
        needs_model=False,
    ),
    "subgroups": further(
        Kind.SUBGROUPS,
        _("Subgroups at the frozen cut-off"),
        _("Hollow and grey: fewer than 20 patients. In brackets: patients."),
        supplement_figures.subgroups,
    ),
    "learning-curve": further(
        Kind.LEARNING_CURVE,
        _("Learning curve"),
        _("The model of record learned again from shares of each training fold, judged out of fold."),
        supplement_figures.learning_curve,
    ),
    "influence": further(
        Kind.EXPLANATION,
        _("What the video classifier of record goes by"),
        _("Orange: more speaks for HER2-positive; blue: less does; grey: neither way clearly."),
        supplement_figures.influence,
    ),
    "label-rules": further(
        Kind.LABEL_RULES,
        _("Under both label rules"),
        _("In brackets: patients."),
        variant_figures.label_rules,
    ),
    "box-source": further(
        Kind.BOX_SOURCE, _("Boxes of the model or of people"), BESIDE, variant_figures.variants
    ),
    "box-jitter": further(Kind.BOX_JITTER, _("Moved boxes"), BESIDE, variant_figures.variants),
    "masks": further(Kind.MASKS, _("Other masks"), BESIDE, variant_figures.variants),
    "readers": further(Kind.READERS, _("Boxes of two readers"), BESIDE, variant_figures.variants),
    "rings": further(Kind.RINGS, _("Rings around the lesion"), BESIDE, variant_figures.variants),
    "three-way": further(
        Kind.THREE_WAY,
        _("Three-way HER2: class and call"),
        _("A row a class: how many of its patients were called what. The darker, the larger their share."),
        variant_figures.confusion,
    ),
    "shap-video": Figure(
        _("SHAP of the video classifier of record"),
        _(
            "A point a training patient; across, what the column adds to the log-odds; orange where its "
            "value is large, blue where it is small."
        ),
        drawn(0),
        needs_model=False,
        kind=Kind.EXPLANATION,
    ),
    "shap-clinical": Figure(
        _("SHAP of the clinical classifier of record"),
        _("A point a training patient, as for the video classifier."),
        drawn(1),
        needs_model=False,
        kind=Kind.EXPLANATION,
    ),
    "roc": Figure(
        _("ROC curve with the frozen operating point"),
        _(
            "The diamond is the cut-off that was frozen on out-of-fold predictions, with the intervals of "
            "its sensitivity and specificity. It was not chosen on these patients."
        ),
        judged(figures.roc),
    ),
    "roc-all": Figure(
        _("ROC curves of all models"),
        _("One colour a branch; the model of record is the thick line. Figure 5 of the paper."),
        judged(comparison_figures.roc_all),
    ),
    "forest": Figure(
        _("All 24 models: AUC with its interval"),
        _(
            "The best of many models looks better than it is. The square is what remains of it once the "
            "choice itself is part of what is resampled."
        ),
        judged(figures.forest),
    ),
    "calibration": Figure(
        _("Calibration of the model of record"),
        _(
            "Smoothed, never binned. Below: how many patients got which probability. Probabilities were "
            "recalibrated on out-of-fold predictions of training patients."
        ),
        judged(figures.calibration_plot),
    ),
    "decision": Figure(
        _("Decision curve"),
        _(
            "Net benefit per patient of acting on the prediction at each threshold probability. Read it only "
            "at thresholds at which somebody would act."
        ),
        judged(figures.decision),
    ),
    "scores": Figure(_("Distribution of scores by outcome"), "", judged(figures.scores)),
    "pairs-auc": Figure(
        _("AUC, paired DeLong"),
        _("P of every pair of fused models, unadjusted; the darker, the smaller."),
        judged(comparison_figures.pairs_auc),
    ),
    "pairs-acc": Figure(
        _("ACC, McNemar’s exact test"),
        _("P of every pair at the frozen cut-offs, unadjusted; the darker, the smaller."),
        judged(comparison_figures.pairs_accuracy),
    ),
    "pairs-yi": Figure(
        _("YI, exact paired permutation"),
        _("P of every pair at the frozen cut-offs, unadjusted; the darker, the smaller."),
        judged(comparison_figures.pairs_youden),
    ),
    "published-auc": Figure(
        _("AUC as published: t test over 1,000 resamples"),
        NOT_A_TEST,
        judged(comparison_figures.published_auc),
    ),
    "published-acc": Figure(
        _("ACC as published: t test over 1,000 resamples"),
        NOT_A_TEST,
        judged(comparison_figures.published_accuracy),
    ),
    "published-yi": Figure(
        _("YI as published: t test over 1,000 resamples"),
        NOT_A_TEST,
        judged(comparison_figures.published_youden),
    ),
    "drift": Figure(
        _("Drift since training"),
        _("Dotted: a quarter of a standard deviation. No label is read; the sealed test side is left out."),
        lambda scene: drift.drift_figure(drift.drift_of(scene.study, viewer=scene.viewer)),
        needs_model=False,
    ),
    "precision": Figure(
        _("How sure of an AUC so many patients make"),
        _("Dotted: ± .10, .075 and .05. Diamonds: the labelled patients of this study."),
        lambda scene: sample_size.precision_figure(
            sample_size.sides_of(scene.study, viewer=scene.viewer),
            sample_size.design_of(scene.asked),
        ),
        needs_model=False,
    ),
}
