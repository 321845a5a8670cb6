"""The words of the project: rows are named as the glossary says, and addresses carry no patient code."""

import re

from django.apps import apps
from django.urls import URLPattern, get_resolver

GLOSSARY = {
    "studies": {
        "AuditEvent", "ClinicalRecord", "Clip", "CriterionRow", "DataQuery", "Detection", "Exam",
        "HospitalLink", "Label", "Lesion", "Look", "Membership", "Patient", "PixelCheck", "QueryNote",
        "Revision", "RoleGrant", "SavedView", "Screening", "Signature", "Site", "SourceRow", "Specimen",
        "Study", "TableImport", "Track", "Upload", "Visit",
    },
    "analysis": {
        "Evaluation", "FeatureSet", "FeatureVariant", "Job", "ModelVersion", "Prediction", "Promotion",
        "Report", "ReportFile", "Statement",
        "Supplement",
    },
}  # fmt: skip


def test_rows_are_named_as_the_glossary_names_them():
    """A new kind of row gets its word here, and in the documentation, when it is added."""
    for app, words in GLOSSARY.items():
        assert {model.__name__ for model in apps.get_app_config(app).get_models()} == words


def test_every_row_of_a_person_is_addressed_by_a_uuid():
    for app in GLOSSARY:
        for model in apps.get_app_config(app).get_models():
            kind = model._meta.pk.get_internal_type()
            assert kind == "UUIDField" or model.__name__ == "AuditEvent", model.__name__


def test_addresses_carry_uuids_and_study_names_only():
    def walk(patterns, prefix=""):
        for entry in patterns:
            if isinstance(entry, URLPattern):
                yield prefix + str(entry.pattern)
            elif entry.namespace != "admin":
                yield from walk(entry.url_patterns, prefix + str(entry.pattern))

    allowed = re.compile(r"<(uuid:\w+|slug:slug|slug:name|int:index|int:pk)>")
    for address in walk(get_resolver().url_patterns):
        assert allowed.sub("", address).count("<") == 0, address
