"""What waits for whom: the counts behind the home page and the study overview."""

from dataclasses import dataclass, field
from datetime import datetime

from django.contrib.auth.models import AbstractBaseUser
from django.db.models import Min, Q
from django.urls import reverse
from django.utils.translation import gettext as _

from studies.models import AuditEvent, Screening, Study, Upload
from studies.permissions import Role, is_blinded, roles_in
from studies.reading_list import clips_to_read
from studies.selectors import clips_unchecked, patients_for, studies_for
from studies.services.specimen_list import specimens_to_read
from studies.views.query_counts import queries_by_site

CHANGES_SHOWN = 12
EVENTS_READ = 500
QUIET_ACTIONS = ("patient.view", "revision.append", "track.patch", "permission.denied", "upload.verdict")
BLIND_ACTIONS = Q(action__startswith="label.") | Q(action__startswith="specimen.")
CLINICAL_NEEDED = ("age_years", "menopause", "size_cm", "c_t", "c_n")


@dataclass(frozen=True, slots=True)
class Task:
    """One kind of waiting work: how much, since when, and where to start."""

    label: str
    count: int
    url: str
    oldest: datetime | None = None
    act: str = ""
    parts: list[tuple[str, int]] = field(default_factory=list)
    """The count by site, where it has parts."""


@dataclass(frozen=True, slots=True)
class Board:
    """The work of one user in one study."""

    study: Study
    roles: list[str]
    tasks: list[Task] = field(default_factory=list)

    @property
    def waiting(self) -> int:
        """How many things wait in all."""
        return sum(task.count for task in self.tasks)


def boards_for(*, viewer: AbstractBaseUser) -> list[Board]:
    """One board a study, studies with the most waiting first."""
    boards = [
        Board(study, sorted(roles_in(viewer, study)), tasks_in(study, viewer=viewer))
        for study in studies_for(viewer=viewer)
    ]
    return sorted(boards, key=lambda board: -board.waiting)


def tasks_in(study: Study, *, viewer: AbstractBaseUser) -> list[Task]:
    """The waiting work of the viewer's roles in a study."""
    builders = {
        Role.SONOGRAPHER: _reading_tasks,
        Role.PATHOLOGIST: _pathology_tasks,
        Role.COORDINATOR: _cohort_tasks,
    }
    roles = roles_in(viewer, study)
    return [task for role, build in builders.items() if role in roles for task in build(study, viewer)]


def _reading_tasks(study: Study, viewer: AbstractBaseUser) -> list[Task]:
    clips = clips_to_read(study, viewer=viewer)
    todo = clips.filter(state__in=("open", "waiting")).order_by("created_at")
    first = todo.first()
    return [
        Task(
            label=_("Clips that need you"),
            count=todo.count(),
            url=reverse("clip", args=[first.pk]) if first else reverse("worklist", args=[study.slug]),
            oldest=first.created_at if first else None,
            act=_("Read the next one"),
        )
    ]


def _pathology_tasks(study: Study, viewer: AbstractBaseUser) -> list[Task]:
    if is_blinded(viewer, study):
        return []
    rows = specimens_to_read(study, viewer=viewer).order_by("rank", "created_at")
    todo = rows.filter(state__in=("mine", "recount", "second", "unread"))
    settle = rows.filter(state__in=("cosign", "adjudicate", "consensus"))
    first = todo.first()
    page = reverse("pathology", args=[study.slug])
    without = patients_for(study, viewer=viewer).filter(specimens__isnull=True)
    return [
        Task(
            label=_("Specimens for you to read"),
            count=todo.count(),
            url=reverse("specimen", args=[first.pk]) if first else page,
            oldest=first.created_at if first else None,
            act=_("Enter the next one"),
        ),
        Task(_("Readings that differ"), settle.count(), page, act=_("Settle them")),
        Task(_("Patients without a specimen"), without.count(), page, act=_("Register specimens")),
    ]


def _cohort_tasks(study: Study, viewer: AbstractBaseUser) -> list[Task]:
    patients = patients_for(study, viewer=viewer).exclude(screening__decision=Screening.Decision.EXCLUDED)
    cohort = reverse("cohort", args=[study.slug])
    screening = reverse("screening", args=[study.slug])
    upload = reverse("upload", args=[study.slug])
    missing = patients.filter(clinical_missing())
    by_site = queries_by_site(study, viewer=viewer)
    waiting = [count for count in by_site if count.unsettled]
    unassigned = study.uploads.filter(patient__isnull=True, status=Upload.Status.QUEUED)
    refused = study.uploads.filter(status=Upload.Status.REFUSED)
    unchecked = clips_unchecked(study, viewer=viewer)
    no_cine = patients.filter(exams__clips__isnull=True).distinct()
    oldest = unassigned.aggregate(at=Min("created_at"))["at"]
    return [
        Task(
            _("Files without a patient"),
            unassigned.count(),
            f"{upload}?waiting=patient",
            oldest,
            _("Assign them"),
        ),
        Task(
            _("Data queries not settled"),
            sum(count.unsettled for count in waiting),
            reverse("queries", args=[study.slug]),
            act=_("Settle them"),
            parts=[(count.site, count.unsettled) for count in waiting] if len(by_site) > 1 else [],
        ),
        Task(_("Refused files"), refused.count(), f"{upload}?state=refused", act=_("See why")),
        Task(
            _("Patients to screen"),
            patients.exclude(screening__decision=Screening.Decision.INCLUDED).count(),
            f"{screening}?show=undecided",
            act=_("Screen them"),
        ),
        Task(
            _("Clips whose pictures nobody checked for names"),
            unchecked.count(),
            reverse("pixels", args=[study.slug]),
            act=_("Look at them"),
        ),
        Task(
            _("Patients with missing clinical values"),
            missing.count(),
            f"{cohort}?show=missing",
            act=_("Complete them"),
        ),
        Task(_("Patients without a cine"), no_cine.count(), f"{cohort}?show=no_cine", act=_("Upload")),
    ]


def clinical_missing() -> Q:
    """Condition on patients: one of the paper's clinical variables is empty."""
    condition = Q(clinical__c_tnm="")
    for name in CLINICAL_NEEDED:
        condition |= Q(**{f"clinical__{name}__isnull": True})
    return condition


@dataclass(frozen=True, slots=True)
class Change:
    """Equal acts of one person in one study on one day, told once: when last, and how often."""

    at: datetime
    actor: AbstractBaseUser
    action: str
    study: Study
    count: int


def recent_changes(*, viewer: AbstractBaseUser) -> list[Change]:
    """What other people did lately in the viewer's studies, without what would unblind the viewer."""
    studies = list(studies_for(viewer=viewer))
    blinded = [study for study in studies if is_blinded(viewer, study)]
    events = (
        AuditEvent.objects.filter(study__in=studies, actor__isnull=False)
        .exclude(action__in=QUIET_ACTIONS)
        .exclude(actor=viewer)
        .exclude(BLIND_ACTIONS & Q(study__in=blinded))
        .select_related("actor", "study")
    )
    groups: dict[tuple[object, ...], list[AuditEvent]] = {}
    for event in events[:EVENTS_READ]:
        groups.setdefault((event.actor_id, event.action, event.study_id, event.at.date()), []).append(event)
    changes = [Change(g[0].at, g[0].actor, g[0].action, g[0].study, len(g)) for g in groups.values()]
    return changes[:CHANGES_SHOWN]
