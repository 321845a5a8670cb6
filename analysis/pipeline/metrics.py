"""Judging predictions: every statistic of the results pages, under one name.

Only NumPy and SciPy are used, so that web code may import it. Formulas and sources: SCIENCE 5, HONESTY D,
and the modules named below; `docs/statistics.md` says when to read which figure.
"""

from analysis.pipeline.kernels.all_pairs import AllPairs, compare_all
from analysis.pipeline.kernels.bootstrap import (
    BootstrapInterval,
    SelectionCorrected,
    bootstrap_auc,
    bootstrap_auc_difference,
    bootstrap_metric,
    paired_permutation,
    selection_corrected_auc,
)
from analysis.pipeline.kernels.calibration import (
    Calibration,
    CalibrationCurve,
    brier,
    calibration,
    calibration_curve,
)
from analysis.pipeline.kernels.cohort_report import CohortReport, jsonable, report_cohort
from analysis.pipeline.kernels.confusion import (
    Confusion,
    Estimate,
    confusion_at,
    confusion_metrics,
    predictive_values,
    predictive_values_at,
)
from analysis.pipeline.kernels.cutoffs import youden_cutoff
from analysis.pipeline.kernels.decision_curve import DecisionCurve, decision_curve, net_benefit
from analysis.pipeline.kernels.delong import (
    PairedDelong,
    auc,
    delong_difference,
    delong_interval,
    delong_logit_interval,
    delong_paired,
)
from analysis.pipeline.kernels.evaluation import (
    Comparison,
    Evaluation,
    Subgroup,
    compare,
    discordant_calls,
    evaluate,
    evaluate_label_rules,
    evaluate_subgroups,
)
from analysis.pipeline.kernels.group_tests import (
    GroupTest,
    compare_categories,
    compare_continuous,
    mann_whitney,
    mann_whitney_counts,
    standardised_difference,
    student_t_moments,
)
from analysis.pipeline.kernels.multiplicity import holm
from analysis.pipeline.kernels.proportions import (
    clopper_pearson,
    mcnemar_exact,
    mcnemar_mid_p,
    wald,
    wilson,
    youden_exact,
    youden_wald,
)
from analysis.pipeline.kernels.published_intervals import as_published_interval
from analysis.pipeline.kernels.reader_study import ReaderStudy, reader_study
from analysis.pipeline.kernels.resample_ttest import ResampleTTest, paper_resample_ttest
from analysis.pipeline.kernels.resampled_cutoffs import YoudenOptimism, youden_optimism
from analysis.pipeline.kernels.roc import RocBand, RocCurve, roc_band, roc_curve
from analysis.pipeline.kernels.sample_size import (
    DevelopmentSize,
    SampleSize,
    auc_half_width,
    events_per_candidate,
    observed_expected_error,
    proportion_half_width,
    size_for_auc,
    size_for_development,
    size_for_observed_expected,
    size_for_proportion,
)

__all__ = [
    "AllPairs",
    "BootstrapInterval",
    "Calibration",
    "CalibrationCurve",
    "CohortReport",
    "Comparison",
    "Confusion",
    "DecisionCurve",
    "DevelopmentSize",
    "Estimate",
    "Evaluation",
    "GroupTest",
    "PairedDelong",
    "ReaderStudy",
    "ResampleTTest",
    "RocBand",
    "RocCurve",
    "SampleSize",
    "SelectionCorrected",
    "Subgroup",
    "YoudenOptimism",
    "as_published_interval",
    "auc",
    "auc_half_width",
    "bootstrap_auc",
    "bootstrap_auc_difference",
    "bootstrap_metric",
    "brier",
    "calibration",
    "calibration_curve",
    "clopper_pearson",
    "compare",
    "compare_all",
    "compare_categories",
    "compare_continuous",
    "confusion_at",
    "confusion_metrics",
    "decision_curve",
    "delong_difference",
    "delong_interval",
    "delong_logit_interval",
    "delong_paired",
    "discordant_calls",
    "evaluate",
    "evaluate_label_rules",
    "evaluate_subgroups",
    "events_per_candidate",
    "holm",
    "jsonable",
    "mann_whitney",
    "mann_whitney_counts",
    "mcnemar_exact",
    "mcnemar_mid_p",
    "net_benefit",
    "observed_expected_error",
    "paired_permutation",
    "paper_resample_ttest",
    "predictive_values",
    "predictive_values_at",
    "proportion_half_width",
    "reader_study",
    "report_cohort",
    "roc_band",
    "roc_curve",
    "selection_corrected_auc",
    "size_for_auc",
    "size_for_development",
    "size_for_observed_expected",
    "size_for_proportion",
    "standardised_difference",
    "student_t_moments",
    "wald",
    "wilson",
    "youden_cutoff",
    "youden_exact",
    "youden_optimism",
    "youden_wald",
]
