"""The worklist of pathology: every specimen with what it needs of this viewer, in one query."""

from uuid import UUID

from django.contrib.auth.models import User
from django.db.models import (
    Case,
    Exists,
    F,
    FilteredRelation,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Value,
    When,
)
from django.db.models.functions import Coalesce

from studies.models import Label, Patient, RoleGrant, Screening, Signature, Specimen, Study
from studies.permissions import Role, has_role, is_blinded
from studies.selectors import patients_for

READING_STATES = (
    "mine", "cosign", "recount", "adjudicate", "consensus", "second", "unread", "disagree", "waiting", "done",
)  # fmt: skip
"""Of a specimen for one viewer, in the order of the worklist.

mine: a draft of the viewer; cosign: a consensus that the viewer signs; recount: a second observer is wanted;
adjudicate: two readings differ and the viewer is neither reader; consensus: they differ and the viewer is
one; second, unread: waits for that reader; disagree: differs, for viewers who do not read; waiting: others
are at it; done.
"""
TO_DO = ("mine", "cosign", "recount", "adjudicate", "consensus", "second", "unread")
NOBODY = 0
"""No user has this number: comparisons with a missing reader stay true or false, never unknown."""
ROLES = {"first": Label.Role.FIRST, "second": Label.Role.SECOND, "decided": Label.Role.ADJUDICATED}


def specimens_to_read(study: Study, *, viewer: User) -> QuerySet[Specimen]:
    """Specimens at the viewer's sites with `state` (one of READING_STATES) and `rank`, its place there."""
    reads = not is_blinded(viewer, study) and has_role(viewer, study, {Role.PATHOLOGIST})
    patients = patients_for(study, viewer=viewer).order_by().values("pk")
    rows = Specimen.objects.filter(patient__in=patients).annotate(**_readings())
    rows = rows.annotate(**_facts()).annotate(state=_state(study, viewer, reads))
    ranks = [When(state=state, then=Value(rank)) for rank, state in enumerate(READING_STATES)]
    return rows.annotate(rank=Case(*ranks, output_field=IntegerField()))


def states_to_read(study: Study, *, viewer: User) -> dict[UUID, str]:
    """Specimen id to `state`, in the order of the worklist: one query for pages that ask it several times."""
    rows = specimens_to_read(study, viewer=viewer).order_by("rank", "created_at")
    return dict(rows.values_list("pk", "state"))


def without_specimen(patients: QuerySet[Patient]) -> QuerySet[Patient]:
    """Those of the patients for whom a specimen should be registered: without one, and not excluded."""
    excluded = Screening.objects.filter(decision=Screening.Decision.EXCLUDED).values("patient")
    return patients.filter(specimens__isnull=True).exclude(pk__in=excluded)


def _readings() -> dict[str, FilteredRelation]:
    """The label of each role, joined once: at most one a specimen."""
    return {name: FilteredRelation("labels", condition=Q(labels__role=role)) for name, role in ROLES.items()}


def _facts() -> dict[str, F | Coalesce]:
    """`<role>_<field>` of the label of each role; null where there is none, the reader then NOBODY."""
    found: dict[str, F | Coalesce] = {}
    for name in ROLES:
        found[f"{name}_reader"] = Coalesce(f"{name}__reader_id", NOBODY, output_field=IntegerField())
        for field in ("pk", "status", "call", "paper_label", "updated_at"):
            found[f"{name}_{field}"] = F(f"{name}__{field}")
    return found


def _state(study: Study, viewer: User, reads: bool) -> Case:
    me = viewer.pk
    locked, draft, cosign = Label.Status.LOCKED, Label.Status.DRAFT, Label.Status.COSIGN
    both = Q(first_status=locked, second_status=locked)
    differ = both & (~Q(first_call=F("second_call")) | ~Q(first_paper_label=F("second_paper_label")))
    one = Q(first_status=locked, second_status__isnull=True)
    complete = both if study.readers_per_specimen > 1 else both | one
    am_reader = Q(first_reader=me) | Q(second_reader=me)
    own_draft = Q(first_reader=me, first_status=draft) | Q(second_reader=me, second_status=draft)
    signed = Signature.objects.filter(
        label=OuterRef("decided_pk"), signer=me, created_at__gte=OuterRef("decided_updated_at")
    )
    others = ~Q(decided_reader__in=(me, NOBODY))
    unread = Q(first_pk__isnull=True) | _free("first", study)
    second = Q(second_pk__isnull=True) | _free("second", study)
    wants = study.readers_per_specimen > 1
    return Case(
        When(Q(decided_status=locked), then=Value("done")),
        When(_only(reads) & Q(decided_status=cosign) & am_reader & ~Exists(signed), then=Value("cosign")),
        When(Q(decided_status=cosign), then=Value("waiting")),
        When(_only(reads) & differ & Q(decided_reader=me), then=Value("mine")),
        When(_only(reads) & differ & am_reader & ~others, then=Value("consensus")),
        When(_only(reads) & differ & ~am_reader & ~others, then=Value("adjudicate")),
        When(differ, then=Value("waiting" if reads else "disagree")),
        When(complete, then=Value("done")),
        When(_only(reads) & own_draft, then=Value("mine")),
        When(unread, then=Value("unread")),
        When(_only(reads and wants) & ~am_reader & second, then=Value("second")),
        When(_only(reads) & Exists(_recounts(me)), then=Value("recount")),
        default=Value("waiting"),
    )


def _only(condition: bool) -> Q:
    """A condition that holds for all rows or for none."""
    return Q(pk__isnull=not condition)


def _free(role: str, study: Study) -> Q:
    """A draft that came out of a file: no pathologist is behind it."""
    pathologists = RoleGrant.objects.filter(study=study, role=Role.PATHOLOGIST).values("user_id")
    return Q(**{f"{role}_status": Label.Status.DRAFT}) & ~Q(**{f"{role}_reader__in": pathologists})


def _recounts(me: int) -> QuerySet[Label]:
    """Drafts of others that ask for a second observer's count."""
    wanted = Label.objects.filter(
        specimen=OuterRef("pk"), status=Label.Status.DRAFT, call="NEEDS_RECOUNT", recount__isnull=True
    )
    return wanted.exclude(reader_id=me)
