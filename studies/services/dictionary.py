"""The data dictionary: every exported column, described by the model field that it comes from."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import connection, models

from studies.models import (
    ClinicalRecord,
    Clip,
    DataQuery,
    Exam,
    Label,
    Lesion,
    Membership,
    Patient,
    Site,
    Specimen,
    Track,
)
from studies.rules.parameters import PARAMETERS
from studies.services import dictionary_words as words
from studies.services.cohort import CLINICAL_FIELDS
from studies.services.pathology import ENTERED_FIELDS

DICTIONARY_COLUMNS = (
    "table", "column", "label", "type", "unit", "minimum", "maximum", "values", "empty_means", "source",
    "description",
)  # fmt: skip
TYPES: tuple[tuple[type[models.Field], str], ...] = (
    (models.BooleanField, "boolean"), (models.IntegerField, "integer"), (models.DecimalField, "decimal"),
    (models.FloatField, "number"), (models.DateTimeField, "date and time"), (models.DateField, "date"),
)  # fmt: skip
READING_FIELDS = tuple(name for name in ENTERED_FIELDS if name != "recount")
DERIVED_FIELDS = (
    "call", "category", "ish_group", "paper_label", "discordance", "required_action", "engine_version",
)  # fmt: skip
JSON_FIELDS = ("missing_reasons", "kept_warnings")


@dataclass(frozen=True, slots=True)
class Column:
    """One exported column: its name, the field that describes it, and where its value stands in a row."""

    name: str
    field: models.Field
    path: str
    pathology: bool = False

    def describe(self, table: str) -> dict[str, Any]:
        """The line of the data dictionary; what is said in words is in the language of the reader."""
        low, high, unit = _limits(self.field)
        source = f"{self.field.model._meta.object_name}.{self.field.name}"
        return {
            "table": table,
            "column": self.name,
            "label": str(words.LABELS.get(source, self.field.verbose_name)),
            "type": next((word for kind, word in TYPES if isinstance(self.field, kind)), "text"),
            "unit": unit,
            "minimum": low,
            "maximum": high,
            "values": "; ".join(
                _choice(value, text) for value, text in self.field.flatchoices if value != ""
            ),
            "empty_means": str(words.EMPTY_MEANS[self.field.null or self.field.blank]),
            "source": source,
            "description": str(words.DESCRIPTIONS.get(source, self.field.help_text)),
        }


def _choice(value: object, text: object) -> str:
    """0 = premenopausal; a value that says what it means stands alone."""
    return str(value) if str(text).lower() == str(value).lower() else f"{value} = {text}"


def _limits(field: models.Field) -> tuple[Any, Any, str]:
    parameter = PARAMETERS.get(field.name)
    if parameter is not None:
        return parameter.low, parameter.high, parameter.unit
    low = [v.limit_value for v in field.validators if isinstance(v, MinValueValidator)]
    high = [v.limit_value for v in field.validators if isinstance(v, MaxValueValidator)]
    if isinstance(field, models.IntegerField):  # what the database can hold is no rule of the study
        high = [
            most for most in high if most != connection.ops.integer_field_range(field.get_internal_type())[1]
        ]
    if not isinstance(field, models.IntegerField | models.FloatField | models.DecimalField) or field.choices:
        return "", "", ""
    return (max(low) if low else ""), (min(high) if high else ""), ""


def _columns(model: type[models.Model], names: tuple[str, ...], path: str, **options: Any) -> list[Column]:
    prefix = options.pop("prefix", "")
    fields = [(name, model._meta.get_field(name)) for name in names]
    return [Column(prefix + name, field, f"{path}{name}", **options) for name, field in fields]


CODE = _columns(Patient, ("code",), "patient.", prefix="patient_")
SITE = [Column("site", Site._meta.get_field("code"), "patient.site.code")]
VALUES = tuple(name for name in CLINICAL_FIELDS if name not in JSON_FIELDS)
TABLES: dict[str, list[Column]] = {
    "patients": [
        *CODE,
        *SITE,
        Column("side", Membership._meta.get_field("side"), "patient.membership.side"),
        *_columns(ClinicalRecord, VALUES, "clinical."),
        *_columns(ClinicalRecord, JSON_FIELDS, "clinical."),
        *_columns(Label, ("call", "category", "paper_label"), "label.", prefix="her2_", pathology=True),
    ],
    "lesions": [*CODE, *SITE, *_columns(Lesion, ("number", "laterality", "clock_position"), "row.")],
    "exams": [*CODE, *SITE, *_columns(Exam, ("number", "phase", "performed_on"), "row.")],
    "clip_readings": [
        *CODE,
        *SITE,
        *_columns(Exam, ("number", "phase"), "row.clip.exam.", prefix="exam_"),
        Column("clip", Clip._meta.get_field("id"), "clip_id"),
        *_columns(Clip, ("n_frames",), "row.clip."),
        *_columns(Track, ("number", "source"), "row.", prefix="track_"),
        Column("reader", User._meta.get_field("username"), "row.reader.username"),
        *_columns(Track, ("status", "signed_at", "no_lesion"), "row."),
    ],
    "readings": [
        *CODE,
        *SITE,
        *_columns(
            Specimen, ("number", "kind", "taken_on", "invasive", "fixation_hours"), "specimen.",
            prefix="specimen_", pathology=True,
        ),
        *_columns(Label, ("role", "status", *READING_FIELDS, *DERIVED_FIELDS, "locked_at"), "label.",
                  pathology=True),
    ],
    "queries": [
        *CODE,
        *SITE,
        *_columns(
            DataQuery,
            ("subject", "field", "code", "text", "source", "status", "created_at", "closed_at"),
            "row.",
        ),
    ],
}  # fmt: skip
"""Every table of an export, tidy: one row a patient, lesion, visit, reading of a clip, reading of a
specimen, or query."""


def columns_of(table: str, *, with_pathology: bool) -> list[Column]:
    """The columns of a table that the viewer may see; a table of pathology alone is then empty."""
    if table == "readings" and not with_pathology:
        return []
    return [column for column in TABLES[table] if with_pathology or not column.pathology]


def dictionary(tables: dict[str, list[Column]]) -> list[dict[str, Any]]:
    """One line a column of these tables."""
    return [column.describe(name) for name, columns in tables.items() for column in columns]


def reader(path: str) -> Callable[[Any], Any]:
    """A function that follows a dotted path through rows; a row that is not there gives None."""
    names = path.split(".")

    def read(row: Any) -> Any:
        for name in names:
            row = row.get(name) if isinstance(row, dict) else getattr(row, name, None)
            if row is None:
                return None
        return row

    return read
