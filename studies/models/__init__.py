"""Rows of what was observed."""

from studies.models.access import RoleGrant, Visit
from studies.models.annotation import Detection, Revision, Track
from studies.models.audit import AuditEvent
from studies.models.clinical import ClinicalRecord
from studies.models.cohort import Exam, HospitalLink, Lesion, Look, Membership, Patient, Site, Study
from studies.models.eligibility import CriterionRow, Screening
from studies.models.imports import SourceRow, TableImport
from studies.models.pathology import Label, Signature, Specimen
from studies.models.pixel_check import PixelCheck
from studies.models.queries import DataQuery, QueryNote
from studies.models.video import Clip, Upload
from studies.models.views import SavedView

__all__ = [
    "AuditEvent",
    "ClinicalRecord",
    "Clip",
    "CriterionRow",
    "DataQuery",
    "Detection",
    "Exam",
    "HospitalLink",
    "Label",
    "Lesion",
    "Look",
    "Membership",
    "Patient",
    "PixelCheck",
    "QueryNote",
    "Revision",
    "RoleGrant",
    "SavedView",
    "Screening",
    "Signature",
    "Site",
    "SourceRow",
    "Specimen",
    "Study",
    "TableImport",
    "Track",
    "Upload",
    "Visit",
]
