"""The cohort as files: tidy CSV, Excel or Parquet, with the data dictionary and what the data are."""

import csv
import io
import json
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pyarrow as pa
import pyarrow.parquet as pq
from django.contrib.auth.models import User
from django.db import models
from django.utils import timezone
from openpyxl import Workbook

from studies.errors import RuleViolationError
from studies.models import Exam, Label, Lesion, Patient, Specimen, Study, Track
from studies.permissions import can_view_labels_in
from studies.rules.tables import safe_cell
from studies.selectors import (
    labelled_patients_in_reach,
    patients_for,
    queries_in_reach,
    tracks_in_reach,
)
from studies.services.audit import audit_record
from studies.services.dictionary import (
    DICTIONARY_COLUMNS,
    TABLES,
    Column,
    columns_of,
    dictionary,
    reader,
)
from studies.services.labels_of_record import label_of_record

RESEARCH_USE = "Research use only. Not for diagnosis or treatment."
SIMULATED = "SIMULATED PATIENTS: no finding here says anything about real disease."
STUDY_COLUMNS = ("study", "simulated")
FORMATS = {
    "csv": "application/zip",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "parquet": "application/zip",
}
ARROW: tuple[tuple[type[models.Field], Callable[[], pa.DataType]], ...] = (
    (models.BooleanField, pa.bool_), (models.IntegerField, pa.int64), (models.DecimalField, pa.float64),
    (models.FloatField, pa.float64), (models.DateTimeField, lambda: pa.timestamp("us", tz="UTC")),
    (models.DateField, pa.date32),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class File:
    """A finished export."""

    name: str
    content_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Sheet:
    """One table: its columns and its rows of values, in the columns' own types."""

    columns: list[Column]
    rows: list[list[Any]]


def cohort_export(
    *, actor: User, study: Study, file_format: str, chosen: Iterable[UUID] | None = None, reason: str = ""
) -> File:
    """Every table that the actor may see, at the actor's sites; the export is on record.

    Args:
        chosen: ids of patients; None takes all.
    """
    if file_format not in FORMATS:
        raise RuleViolationError(f"There is no format {file_format}; choose one of {', '.join(FORMATS)}.")
    patients = patients_for(study, viewer=actor)
    if chosen is not None:
        patients = patients.filter(pk__in=list(chosen))
    sheets = sheets_of(study, patients, viewer=actor)
    content = {"csv": _csv_zip, "xlsx": _workbook, "parquet": _parquet_zip}[file_format](study, sheets)
    counts = {name: [None, len(sheet.rows)] for name, sheet in sheets.items()}
    audit_record(
        actor=actor, action="export.cohort", target=study, study=study,
        changes={"format": [None, file_format], **counts}, reason=reason,
    )  # fmt: skip
    stem = f"{study.slug}-{timezone.now():%Y%m%d}" + ("-SIMULATED" if study.is_simulated else "")
    ending = "xlsx" if file_format == "xlsx" else f"{file_format}.zip"
    return File(f"{stem}.{ending}", FORMATS[file_format], content)


def sheets_of(study: Study, patients: models.QuerySet[Patient], *, viewer: User) -> dict[str, Sheet]:
    """The tables of these patients, in constantly many queries."""
    sees = can_view_labels_in(viewer, study)
    labelled = set(labelled_patients_in_reach(viewer=viewer).filter(study=study).values_list("pk", flat=True))
    rows = {
        "patients": _patients(patients, labelled if sees else set()),
        "lesions": _children(Lesion, patients),
        "exams": _children(Exam, patients),
        "clip_readings": _clip_readings(patients, viewer),
        "readings": _readings(patients, labelled if sees else set()),
        "queries": _queries(patients, viewer),
    }
    found = {}
    for name in TABLES:
        if columns := columns_of(name, with_pathology=sees):
            readers = [reader(column.path) for column in columns]
            found[name] = Sheet(columns, [[_plain(read(row)) for read in readers] for row in rows[name]])
    return found


def _patients(patients: models.QuerySet[Patient], labelled: set[UUID]) -> Iterator[dict[str, Any]]:
    for patient in patients.prefetch_related("specimens__labels"):
        label = label_of_record(patient) if patient.pk in labelled else None
        yield {"patient": patient, "clinical": getattr(patient, "clinical", None), "label": label}


def _children(model: type[models.Model], patients: models.QuerySet[Patient]) -> Iterator[dict[str, Any]]:
    rows = model._default_manager.filter(patient__in=patients.order_by().values("pk"))
    for row in rows.select_related("patient__site").order_by("patient__code", "number"):
        yield {"patient": row.patient, "row": row}


def _clip_readings(patients: models.QuerySet[Patient], viewer: User) -> Iterator[dict[str, Any]]:
    """Readers' tracks: who read, how far, and where somebody saw no lesion."""
    rows = tracks_in_reach(viewer=viewer).filter(
        clip__exam__patient__in=patients.order_by().values("pk"), is_deleted=False
    )
    rows = rows.exclude(source=Track.Source.MODEL).select_related("reader", "clip__exam__patient__site")
    for row in rows.order_by("clip__exam__patient__code", "clip__created_at", "source", "created_at"):
        yield {"patient": row.clip.exam.patient, "row": row, "clip_id": str(row.clip_id)}


def _readings(patients: models.QuerySet[Patient], labelled: set[UUID]) -> Iterator[dict[str, Any]]:
    rows = Specimen.objects.filter(patient__in=patients.order_by().values("pk"))
    rows = rows.select_related("patient__site").prefetch_related("labels").order_by("patient__code", "number")
    for specimen in rows:
        if specimen.patient_id in labelled:
            readings: list[Label | None] = list(specimen.labels.all()) or [None]
            for label in readings:
                yield {"patient": specimen.patient, "specimen": specimen, "label": label}


def _queries(patients: models.QuerySet[Patient], viewer: User) -> Iterator[dict[str, Any]]:
    rows = queries_in_reach(viewer=viewer).filter(patient__in=patients.order_by().values("pk"))
    for row in rows.select_related("patient__site").order_by("patient__code", "created_at"):
        yield {"patient": row.patient, "row": row}


def _plain(value: Any) -> Any:
    """Containers as JSON text, an empty text as missing; everything else keeps its type."""
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, sort_keys=True) if value else None
    return None if value == "" else value


def _about(study: Study, sheets: dict[str, Sheet]) -> list[str]:
    lines = [f"Study: {study.title} ({study.slug})", f"Exported: {timezone.now():%Y-%m-%d %H:%M} UTC"]
    lines += [RESEARCH_USE, *([SIMULATED] if study.is_simulated else [])]
    lines += [f"{name}: {len(sheet.rows)} rows" for name, sheet in sheets.items()]
    return [*lines, "An empty cell means: not recorded. The data dictionary describes every column."]


def _dictionary_rows(sheets: dict[str, Sheet]) -> list[list[Any]]:
    lines = dictionary({name: sheet.columns for name, sheet in sheets.items()})
    return [[line[name] for name in DICTIONARY_COLUMNS] for line in lines]


def _csv_text(columns: Iterable[str], rows: Iterable[list[Any]]) -> bytes:
    """A CSV that spreadsheets open as UTF-8 and in which no cell runs."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(list(columns))
    writer.writerows([_cell(value) for value in row] for row in rows)
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def _cell(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    return value.isoformat() if isinstance(value, date) else safe_cell(value)


def _names(sheet: Sheet) -> list[str]:
    return [*STUDY_COLUMNS, *(column.name for column in sheet.columns)]


def _csv_zip(study: Study, sheets: dict[str, Sheet]) -> bytes:
    """One CSV a table, the dictionary, and a README."""
    files = {
        f"{name}.csv": _csv_text(
            _names(sheet), ([study.slug, study.is_simulated, *row] for row in sheet.rows)
        )
        for name, sheet in sheets.items()
    }
    return _zip(study, sheets, files)


def _zip(study: Study, sheets: dict[str, Sheet], files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("README.txt", "\n".join(_about(study, sheets)) + "\n")
        archive.writestr("data_dictionary.csv", _csv_text(DICTIONARY_COLUMNS, _dictionary_rows(sheets)))
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def _workbook(study: Study, sheets: dict[str, Sheet]) -> bytes:
    """A sheet on what the data are, one a table, and the dictionary."""
    book = Workbook(write_only=True)
    about = book.create_sheet("About")
    for line in _about(study, sheets):
        about.append([line])
    for name, sheet in sheets.items():
        page = book.create_sheet(name)
        page.freeze_panes = "B2"
        page.append(_names(sheet))
        for row in sheet.rows:
            page.append([study.slug, study.is_simulated, *map(_excel_cell, row)])
    page = book.create_sheet("data_dictionary")
    page.append(list(DICTIONARY_COLUMNS))
    for row in _dictionary_rows(sheets):
        page.append([safe_cell(value) for value in row])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _excel_cell(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.replace(tzinfo=None)
    return float(value) if isinstance(value, Decimal) else safe_cell(value)


def _parquet_zip(study: Study, sheets: dict[str, Sheet]) -> bytes:
    """One Parquet file a table; types, units and labels are in its schema."""
    files = {f"{name}.parquet": _parquet(study, name, sheet) for name, sheet in sheets.items()}
    return _zip(study, sheets, files)


def _parquet(study: Study, name: str, sheet: Sheet) -> bytes:
    fields = [
        pa.field(
            column.name,
            _arrow_type(column.field),
            metadata={key: str(value) for key, value in column.describe(name).items() if value != ""},
        )
        for column in sheet.columns
    ]
    note = {"use": RESEARCH_USE, "study": study.slug, "simulated": SIMULATED if study.is_simulated else "no"}
    schema = pa.schema(fields, metadata=note)
    values = zip(*sheet.rows, strict=True) if sheet.rows else [[] for _ in fields]
    arrays = [
        pa.array([float(v) if isinstance(v, Decimal) else v for v in column], type=field.type)
        for field, column in zip(fields, values, strict=True)
    ]
    out = io.BytesIO()
    pq.write_table(pa.Table.from_arrays(arrays, schema=schema), out)
    return out.getvalue()


def _arrow_type(field: models.Field) -> pa.DataType:
    return next((make() for kind, make in ARROW if isinstance(field, kind)), pa.string())
