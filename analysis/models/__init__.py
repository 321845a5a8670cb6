"""Rows of what was computed."""

from analysis.models.evaluation import Evaluation, Prediction
from analysis.models.features import FeatureSet
from analysis.models.jobs import Job
from analysis.models.registry import ModelVersion, Promotion

__all__ = ["Evaluation", "FeatureSet", "Job", "ModelVersion", "Prediction", "Promotion"]
