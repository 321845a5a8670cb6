"""The cohort table: filter, sort, count, one page of rows with what stands beside them, in few queries."""

from collections.abc import Mapping
from typing import Any

from django.contrib.auth.models import User
from django.core.paginator import Page, Paginator
from django.db.models import Count, Exists, OuterRef, Q, QuerySet, prefetch_related_objects

from studies import permissions
from studies.models import Clip, DataQuery, Label, Membership, Patient, SavedView, Study
from studies.selectors import patients_for, queries_in_reach
from studies.services.completeness import FIELDS, NEEDED, filled_fields, is_empty
from studies.services.labels_of_record import label_of_record
from studies.views.boards import clinical_missing
from studies.views.cohort_cells import cells_of

PAGE_SIZE = 50
SORTS = {
    "code": "code",
    "-code": "-code",
    "site": "site__code",
    "age": "clinical__age_years",
    "-age": "-clinical__age_years",
    "size": "clinical__size_cm",
    "-size": "-clinical__size_cm",
    "newest": "-created_at",
}


def filtered(study: Study, chosen: Mapping[str, str], *, viewer: User) -> QuerySet[Patient]:
    """The patients that pass the filters, in the order asked for."""
    patients = patients_for(study, viewer=viewer)
    if text := chosen.get("q", "").strip():
        patients = patients.filter(code__icontains=text)
    if chosen.get("site"):
        patients = patients.filter(site__code=chosen["site"])
    if chosen.get("side") in Membership.Side.values:
        patients = patients.filter(membership__side=chosen["side"])
    if chosen.get("missing") in FIELDS:
        patients = patients.filter(is_empty(chosen["missing"], "clinical__"))
    condition = _conditions(study, viewer).get(chosen.get("show", ""))
    patients = patients if condition is None else patients.filter(condition)
    return patients.order_by(SORTS.get(chosen.get("sort", ""), "code"), "pk")


def _conditions(study: Study, viewer: User) -> dict[str, Any]:
    clips = Clip.objects.filter(exam__patient=OuterRef("pk"))
    locked = Label.objects.filter(specimen__patient=OuterRef("pk"), status=Label.Status.LOCKED)
    asked = queries_in_reach(viewer=viewer).filter(patient=OuterRef("pk"))
    found = {
        "missing": clinical_missing(),
        "no_cine": ~Exists(clips),
        "queries": Exists(asked.exclude(status=DataQuery.Status.CLOSED)),
    }
    if permissions.can_view_labels_in(viewer, study):
        found["no_label"] = ~Exists(locked)
    return found


def page_of(patients: QuerySet[Patient], number: str | None, *, study: Study, viewer: User) -> Page:
    """One page, each patient with its counts; how many queries it takes does not depend on the cohort."""
    page = Paginator(patients.select_related("screening"), PAGE_SIZE).get_page(number)
    rows = list(page.object_list)
    page.object_list = rows
    ids = [row.pk for row in rows]
    clips, read, asked = _clips_of(ids), _read_of(ids), _asked_of(ids, viewer)
    if sees_labels := permissions.can_view_labels_in(viewer, study):
        prefetch_related_objects(rows, "specimens__labels")
    for row in rows:
        row.study = study
        row.n_clips, row.n_read, row.n_asked = clips.get(row.pk, 0), read.get(row.pk, 0), asked.get(row.pk, 0)
        row.n_filled, row.n_needed = filled_fields(getattr(row, "clinical", None)), len(NEEDED)
        row.cells = cells_of(row)
        is_seen = sees_labels and permissions.can_view_labels(viewer, row)
        row.label = label_of_record(row) if is_seen else None
    return page


def _clips_of(ids: list[object]) -> dict[object, int]:
    return _counted(Clip.objects.filter(exam__patient__in=ids))


def _read_of(ids: list[object]) -> dict[object, int]:
    signed = Q(tracks__status="signed") & ~Q(tracks__source="model")
    return _counted(Clip.objects.filter(signed, exam__patient__in=ids))


def _counted(clips: QuerySet[Clip]) -> dict[object, int]:
    rows = clips.order_by().values_list("exam__patient").annotate(n=Count("pk", distinct=True))
    return dict(rows)


def _asked_of(ids: list[object], viewer: User) -> dict[object, int]:
    rows = queries_in_reach(viewer=viewer).filter(patient__in=ids).exclude(status=DataQuery.Status.CLOSED)
    return dict(rows.order_by().values_list("patient").annotate(n=Count("pk")))


def views_of(study: Study, *, viewer: User) -> list[SavedView]:
    """The viewer's own saved views and those that others share, by name."""
    seen = Q(owner=viewer) | Q(is_shared=True)
    return list(SavedView.objects.filter(seen, study=study).select_related("owner"))
