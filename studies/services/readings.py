"""The readings of one specimen together: who may read, who sees what, whether they agree, which counts.

In a study with two readers per specimen neither sees the other's reading before both are locked. Where their
calls (or the paper's labels) then differ, the reading of record is the adjudicated one and nothing before it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from django.contrib.auth.models import User

from studies.models import Label, RoleGrant, Specimen, Study
from studies.permissions import Role, can_enter_pathology, has_role

DECISIVE = ("call", "paper_label")
"""Readings that differ in one of these need an adjudication: one of the two rules trains on them."""
COMPARED = (
    *DECISIVE, "ihc_score", "category", "ish_group", "ihc_percent", "ihc_intensity", "ihc_completeness",
    "faint_incomplete_percent", "probe", "cells", "her2_copies", "cep17_copies", "ratio", "controls_ok",
    "comment",
)  # fmt: skip
NEVER_A_DIFFERENCE = {"comment"}
PATHOLOGISTS_CACHE = "_pathologists"


@dataclass(frozen=True)
class Readings:
    """The readings of one specimen; None where there is none of that role."""

    specimen: Specimen
    first: Label | None
    second: Label | None
    adjudicated: Label | None
    needed: int

    @property
    def pair(self) -> list[Label]:
        """The independent readings that there are, the first before the second."""
        return [label for label in (self.first, self.second) if label is not None]

    @property
    def is_complete(self) -> bool:
        """Whether as many readers as the study asks for have locked, and nobody else has begun."""
        return _is_complete(self.pair, self.needed)

    @property
    def differences(self) -> tuple[str, ...]:
        """Fields in which the two readings differ; empty until both are locked."""
        if len(self.pair) < 2 or not self.is_complete:
            return ()
        a, b = self.pair
        names = (name for name in COMPARED if name not in NEVER_A_DIFFERENCE)
        return tuple(name for name in names if getattr(a, name) != getattr(b, name))

    @property
    def disagree(self) -> bool:
        """Whether the two readings differ in what a label rule trains on."""
        return self.is_complete and _disagree(self.pair)

    @property
    def needs_adjudication(self) -> bool:
        """Whether the readings disagree and nobody has decided between them."""
        return self.disagree and not _locked(self.adjudicated)

    @property
    def of_record(self) -> Label | None:
        """The reading that counts; None as long as anything is open."""
        return reading_of_record(self.first, self.second, self.adjudicated, self.needed)

    @property
    def is_overtaken(self) -> bool:
        """Whether a reading changed after the adjudication decided between them."""
        decided = self.adjudicated.locked_at if self.adjudicated else None
        return decided is not None and any(
            label.locked_at is None or label.locked_at > decided for label in self.pair
        )

    @property
    def reader_ids(self) -> set[int | None]:
        """Who read independently."""
        return {label.reader_id for label in self.pair}


class ReadingRow(Protocol):
    """What of a reading says whether it counts: a Label, or a row of its values."""

    status: str
    call: str
    paper_label: str


Reading = TypeVar("Reading", bound=ReadingRow)


def reading_of_record(
    first: Reading | None, second: Reading | None, adjudicated: Reading | None, needed: int
) -> Reading | None:
    """The reading that counts of one specimen; None as long as anything is open."""
    if _locked(adjudicated):
        return adjudicated
    pair = [reading for reading in (first, second) if reading is not None]
    return first if _is_complete(pair, needed) and not _disagree(pair) else None


def _is_complete(pair: Sequence[ReadingRow], needed: int) -> bool:
    return len(pair) >= needed and all(_locked(label) for label in pair)


def _disagree(pair: Sequence[ReadingRow]) -> bool:
    return len(pair) > 1 and any(len({getattr(label, name) for label in pair}) > 1 for name in DECISIVE)


def _locked(label: ReadingRow | None) -> bool:
    return label is not None and label.status == Label.Status.LOCKED


def readings_of(specimen: Specimen, needed: int) -> Readings:
    """Sort the labels of a specimen by role; uses `specimen.labels.all()`, so that callers can prefetch."""
    by_role = {label.role: label for label in specimen.labels.all()}
    return Readings(
        specimen,
        by_role.get(Label.Role.FIRST),
        by_role.get(Label.Role.SECOND),
        by_role.get(Label.Role.ADJUDICATED),
        needed,
    )


def reading_state(specimen: Specimen) -> Readings:
    """As `readings_of`, with the number of readers that the specimen's study asks for."""
    return readings_of(specimen, specimen.patient.study.readers_per_specimen)


def role_for(readings: Readings, user: User) -> str | None:
    """The role in which a pathologist may read this specimen now; None: nothing is left for this user."""
    if not can_enter_pathology(user, readings.specimen.patient):
        return None
    study = readings.specimen.patient.study
    own = next((label for label in readings.pair if label.reader_id == user.pk), None)
    if own is not None:
        return own.role
    if readings.first is None or is_free(readings.first, study):
        return Label.Role.FIRST
    if readings.needed > 1 and (readings.second is None or is_free(readings.second, study)):
        return Label.Role.SECOND
    if readings.needs_adjudication and _free_to_adjudicate(readings, user):
        return Label.Role.ADJUDICATED
    if readings.adjudicated is not None and readings.adjudicated.reader_id == user.pk:
        return Label.Role.ADJUDICATED
    return None


def _free_to_adjudicate(readings: Readings, user: User) -> bool:
    """Nobody adjudicates yet, or the user does; a reader of the specimen is no third person."""
    if user.pk in readings.reader_ids:
        return False
    return readings.adjudicated is None or readings.adjudicated.reader_id in (None, user.pk)


def is_free(label: Label, study: Study) -> bool:
    """Whether a draft has no pathologist behind it (it came out of a file): whoever opens it reads it."""
    drafted = label.status == Label.Status.DRAFT
    return drafted and (label.reader_id is None or label.reader_id not in _pathologists(study))


def _pathologists(study: Study) -> set[int]:
    """Users who hold a pathologist's grant, read once per study object."""
    cached: set[int] | None = getattr(study, PATHOLOGISTS_CACHE, None)
    if cached is None:
        grants = RoleGrant.objects.filter(study=study, role=Role.PATHOLOGIST)
        cached = set(grants.values_list("user_id", flat=True))
        setattr(study, PATHOLOGISTS_CACHE, cached)
    return cached


def is_reader_of(viewer: User, specimen: Specimen) -> bool:
    """Whether the viewer may read here as a pathologist, and stays blind to others until all have locked."""
    patient = specimen.patient
    return has_role(viewer, patient.study, {Role.PATHOLOGIST}, patient.site)


def visible_readings(readings: Readings, viewer: User) -> list[Label]:
    """The readings that the viewer may see; a pathologist sees others' only when all are locked.

    Call it for viewers who may see labels of the patient at all (`can_view_labels`).
    """
    labels: Iterable[Label] = (*readings.pair, *([readings.adjudicated] if readings.adjudicated else []))
    if readings.needed < 2 or readings.is_complete or not is_reader_of(viewer, readings.specimen):
        return list(labels)
    study = readings.specimen.patient.study
    return [label for label in labels if label.reader_id == viewer.pk or is_free(label, study)]
