"""What waits for whom: the counts behind the home page and the study overview."""

from dataclasses import dataclass, field
from datetime import datetime

from django.contrib.auth.models import AbstractBaseUser
from django.db.models import Min, Q
from django.urls import reverse
from django.utils.translation import gettext as _

from studies.models import Screening, Specimen, Study, Upload
from studies.permissions import Role, can_manage_cohort, can_view_results, is_blinded, roles_in
from studies.reading_list import clips_to_read
from studies.selectors import clips_unchecked, patients_for, studies_for
from studies.services.specimen_list import states_to_read, without_specimen
from studies.views.query_counts import queries_by_site

SHOWN_FIRST = 5
"""So many of the oldest are named below their count."""
TO_READ = ("mine", "recount", "second", "unread")
TO_SETTLE = ("cosign", "adjudicate", "consensus")
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
    first: list[tuple[str, str]] = field(default_factory=list)
    """The oldest of them: name and address."""


@dataclass(frozen=True, slots=True)
class Board:
    """The work of one user in one study."""

    study: Study
    roles: list[str]
    tasks: list[Task] = field(default_factory=list)

    shows_results: bool = False
    is_empty: bool = False
    may_add: bool = False

    @property
    def waiting(self) -> int:
        """How many things wait in all."""
        return sum(task.count for task in self.tasks)

    @property
    def todo(self) -> list[Task]:
        """What waits, the oldest first; what has no date comes after, in the order of the work."""
        waiting = [task for task in self.tasks if task.count]
        return sorted(waiting, key=lambda task: (task.oldest is None, task.oldest))

    @property
    def done(self) -> list[Task]:
        """The kinds of work of which nothing waits."""
        return [task for task in self.tasks if not task.count]


def boards_for(*, viewer: AbstractBaseUser) -> list[Board]:
    """One board a study, studies with the most waiting first."""
    boards = [
        Board(
            study,
            sorted(roles_in(viewer, study)),
            tasks_in(study, viewer=viewer),
            can_view_results(viewer, study),
            not study.patients.exists(),
            can_manage_cohort(viewer, study),
        )
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
    oldest = list(todo.select_related("exam__patient")[:SHOWN_FIRST])
    return [
        Task(
            label=_("Clips that need you"),
            count=todo.count(),
            url=reverse("clip", args=[oldest[0].pk]) if oldest else reverse("worklist", args=[study.slug]),
            oldest=oldest[0].created_at if oldest else None,
            act=_("Read the next one"),
            first=[(clip.patient.code, reverse("clip", args=[clip.pk])) for clip in oldest],
        )
    ]


def _pathology_tasks(study: Study, viewer: AbstractBaseUser) -> list[Task]:
    if is_blinded(viewer, study):
        return []
    states = states_to_read(study, viewer=viewer)
    todo = [pk for pk, state in states.items() if state in TO_READ]
    settle = [pk for pk, state in states.items() if state in TO_SETTLE]
    found = Specimen.objects.select_related("patient").in_bulk(todo[:SHOWN_FIRST])
    oldest = [found[pk] for pk in todo[:SHOWN_FIRST]]
    page = reverse("pathology", args=[study.slug])
    without = without_specimen(patients_for(study, viewer=viewer))
    return [
        Task(
            label=_("Specimens for you to read"),
            count=len(todo),
            url=reverse("specimen", args=[oldest[0].pk]) if oldest else page,
            oldest=oldest[0].created_at if oldest else None,
            act=_("Enter the next one"),
            first=[(specimen.patient.code, reverse("specimen", args=[specimen.pk])) for specimen in oldest],
        ),
        Task(_("Readings that differ"), len(settle), page, act=_("Settle them")),
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
