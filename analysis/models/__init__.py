"""Rows of what was computed."""

from analysis.models.evaluation import Evaluation, Prediction
from analysis.models.features import FeatureSet, FeatureVariant
from analysis.models.jobs import Job
from analysis.models.registry import ModelVersion, Promotion
from analysis.models.reports import Report, ReportFile, Statement
from analysis.models.supplement import Supplement

__all__ = [
    "Evaluation",
    "FeatureSet",
    "FeatureVariant",
    "Job",
    "ModelVersion",
    "Prediction",
    "Promotion",
    "Report",
    "ReportFile",
    "Statement",
    "Supplement",
]
