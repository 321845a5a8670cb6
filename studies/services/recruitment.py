"""The recruitment flow of a study, counted from the rows of the screening, and who may train."""

from typing import Literal, cast
from uuid import UUID

from django.contrib.auth.models import User
from django.db.models import Count, QuerySet

from studies.models import Membership, Patient, Screening, Study
from studies.permissions import is_blinded
from studies.rules.eligibility import Decision
from studies.rules.recruitment import FlowBox, FlowRow, Side, recruitment_flow
from studies.selectors import labelled_patients_in_reach, patients_for
from studies.services.bulk import collector_paused
from studies.services.labels_of_record import outcomes_of

LABEL_WORDS: dict[bool | None, Literal["POSITIVE", "NEGATIVE"] | None] = {
    True: "POSITIVE",
    False: "NEGATIVE",
    None: None,
}
DECISIONS = {None: Decision.UNDECIDED, **{decision.value: decision for decision in Decision}}


def is_screening(study: Study) -> bool:
    """Whether anybody of the study was included or excluded yet."""
    decided = Screening.objects.filter(patient__study=study).exclude(decision=Screening.Decision.UNDECIDED)
    return decided.exists()


def eligible_patients(study: Study) -> QuerySet[Patient]:
    """Who may be drawn, trained on and judged: everybody in a study that does not screen, else the included.

    docs/decisions/0006-only-included-patients-train.md says why.
    """
    if not is_screening(study):
        return study.patients.all()
    return study.patients.filter(screening__decision=Screening.Decision.INCLUDED)


@collector_paused()
def flow_of(study: Study, *, viewer: User) -> tuple[FlowBox, ...]:
    """The boxes of the flow at the viewer's sites, without those that would tell hidden labels.

    `FlowBox.patients` holds patient ids as text.
    """
    patients = patients_for(study, viewer=viewer)
    seen = labelled_patients_in_reach(viewer=viewer).filter(study=study).order_by().values("pk")
    included = patients.filter(screening__decision=Screening.Decision.INCLUDED)
    outcomes = outcomes_of(included.filter(pk__in=seen), study.label_rule)
    hidden = patients.exclude(pk__in=seen).order_by().values_list("pk", flat=True)
    boxes = recruitment_flow(_rows(patients, outcomes))
    return _without_hidden_labels(boxes, {str(pk) for pk in hidden}, is_blinded(viewer, study))


def patients_in_box(study: Study, key: str, *, viewer: User) -> QuerySet[Patient] | None:
    """The patients of one box of the flow; None where the viewer has no such box."""
    box = next((box for box in flow_of(study, viewer=viewer) if box.key == key), None)
    return None if box is None else patients_for(study, viewer=viewer).filter(pk__in=box.patients)


def _rows(patients: QuerySet[Patient], outcomes: dict[UUID, bool | None]) -> list[FlowRow]:
    facts = patients.annotate(n=Count("lesions")).values_list(
        "pk", "n", "screening__decision", "screening__reasons", "membership__side"
    )
    return [
        FlowRow(
            str(pk),
            n_lesions,
            DECISIONS[decision],
            tuple(reasons or ()),
            cast("Side | None", side),
            LABEL_WORDS[outcomes.get(pk)],
        )
        for pk, n_lesions, decision, reasons, side in facts
    ]


def _without_hidden_labels(
    boxes: tuple[FlowBox, ...], unseen: set[str], blinded: bool
) -> tuple[FlowBox, ...]:
    """Boxes below a side that holds patients whose label the viewer may not see would tell what is sealed."""
    by_key = {box.key: box for box in boxes}

    def hidden(box: FlowBox) -> bool:
        parent = by_key.get(box.parent or "")
        if parent is None or parent.parent != "included":
            return False
        return blinded or not unseen.isdisjoint(parent.patients)

    return tuple(box for box in boxes if not hidden(box))


def excluded_from(study: Study) -> dict[UUID, tuple[str, ...]]:
    """Patients who hold a side of the split and are not eligible: id to the criteria that exclude them.

    An empty tuple: not decided yet, in a study that screens.
    """
    members = Membership.objects.filter(patient__study=study).exclude(
        patient__in=eligible_patients(study).order_by().values("pk")
    )
    rows = members.values_list("patient_id", "patient__screening__reasons")
    return {pk: tuple(reasons or ()) for pk, reasons in rows}
