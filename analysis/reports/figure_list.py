"""Every figure of the results pages by name: its title, what it says, and how it is drawn."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from analysis.reports import comparison_figures, figures
from analysis.reports.judged import Judged

Draw = Callable[[Judged, str, str], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Figure:
    """draw takes what was judged, a side of the split and a model."""

    title: Promise
    words: Promise | str
    draw: Draw


NOT_A_TEST = _("P as the paper computes it; not a test of patients.")

FIGURES: dict[str, Figure] = {
    "roc": Figure(
        _("ROC curve with the frozen operating point"),
        _(
            "The diamond is the cut-off that was frozen on out-of-fold predictions, with the intervals of "
            "its sensitivity and specificity. It was not chosen on these patients."
        ),
        figures.roc,
    ),
    "roc-all": Figure(
        _("ROC curves of all models"),
        _("One colour a branch; the model of record is the thick line. Figure 5 of the paper."),
        comparison_figures.roc_all,
    ),
    "forest": Figure(
        _("All 24 models: AUC with its interval"),
        _(
            "The best of many models looks better than it is. The square is what remains of it once the "
            "choice itself is part of what is resampled."
        ),
        figures.forest,
    ),
    "calibration": Figure(
        _("Calibration of the model of record"),
        _(
            "Smoothed, never binned. Below: how many patients got which probability. Probabilities were "
            "recalibrated on out-of-fold predictions of training patients."
        ),
        figures.calibration_plot,
    ),
    "decision": Figure(
        _("Decision curve"),
        _(
            "Net benefit per patient of acting on the prediction at each threshold probability. Read it only "
            "at thresholds at which somebody would act."
        ),
        figures.decision,
    ),
    "scores": Figure(_("Distribution of scores by outcome"), "", figures.scores),
    "pairs-auc": Figure(
        _("AUC, paired DeLong"),
        _("P of every pair of fused models, unadjusted; the darker, the smaller."),
        comparison_figures.pairs_auc,
    ),
    "pairs-acc": Figure(
        _("ACC, McNemar’s exact test"),
        _("P of every pair at the frozen cut-offs, unadjusted; the darker, the smaller."),
        comparison_figures.pairs_accuracy,
    ),
    "pairs-yi": Figure(
        _("YI, exact paired permutation"),
        _("P of every pair at the frozen cut-offs, unadjusted; the darker, the smaller."),
        comparison_figures.pairs_youden,
    ),
    "published-auc": Figure(
        _("AUC as published: t test over 1,000 resamples"), NOT_A_TEST, comparison_figures.published_auc
    ),
    "published-acc": Figure(
        _("ACC as published: t test over 1,000 resamples"), NOT_A_TEST, comparison_figures.published_accuracy
    ),
    "published-yi": Figure(
        _("YI as published: t test over 1,000 resamples"), NOT_A_TEST, comparison_figures.published_youden
    ),
}
