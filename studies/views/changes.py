"""What other people did in the viewer's studies, told once a day, person and kind of act."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import AbstractBaseUser
from django.db.models import Q

from studies.models import AuditEvent, Study
from studies.pages import pages_of
from studies.permissions import is_blinded
from studies.selectors import studies_for

CHANGES_SHOWN = 12
EVENTS_READ = 500
QUIET_ACTIONS = (
    "patient.view", "revision.append", "track.patch", "permission.denied", "upload.verdict", "view.save",
    "export.table", "export.report",
)  # fmt: skip
BLIND_ACTIONS = Q(action__startswith="label.") | Q(action__startswith="specimen.")
PAGES: Mapping[str, str] = {
    "clip": "cohort", "clinical": "cohort", "patient": "cohort", "exam": "cohort", "import": "cohort",
    "screening": "screening", "criterion": "screening", "query": "queries", "upload": "upload",
    "label": "pathology", "specimen": "pathology", "track": "worklist", "detection": "worklist",
    "job": "jobs", "model": "models", "look": "results", "supplement": "results", "report": "reports",
    "statement": "reports", "grant": "people", "study": "study", "site": "study", "membership": "split",
}  # fmt: skip
"""First part of an audited act to the page that shows what came of it."""


@dataclass(frozen=True, slots=True)
class Change:
    """Equal acts of one person in one study on one day: when last, how often, and where to look.

    is_new: the last of them came after the viewer was last here; url: empty where the viewer may not go.
    """

    at: datetime
    actor: AbstractBaseUser
    action: str
    study: Study
    count: int
    is_new: bool = False
    url: str = ""


def recent_changes(*, viewer: AbstractBaseUser, since: datetime | None = None) -> list[Change]:
    """What other people did lately in the viewer's studies, without what would unblind the viewer.

    Everything after `since` is told, as far as the last EVENTS_READ events go, and some of what was before.
    """
    studies = list(studies_for(viewer=viewer))
    pages = {study.pk: {page.name: page.url for page in pages_of(viewer, study)} for study in studies}
    groups: dict[tuple[object, ...], list[AuditEvent]] = {}
    for event in _events(viewer, studies)[:EVENTS_READ]:
        is_new = since is not None and event.at > since
        key = (event.actor_id, event.action, event.study_id, event.at.date(), is_new)
        groups.setdefault(key, []).append(event)
    changes = [
        Change(
            events[0].at,
            events[0].actor,
            events[0].action,
            events[0].study,
            len(events),
            bool(key[-1]),
            pages[events[0].study_id].get(PAGES.get(events[0].action.split(".")[0], ""), ""),
        )
        for key, events in groups.items()
    ]
    new = [change for change in changes if change.is_new]
    return new + [change for change in changes if not change.is_new][: max(0, CHANGES_SHOWN - len(new))]


def _events(viewer: AbstractBaseUser, studies: list[Study]):
    blinded = [study for study in studies if is_blinded(viewer, study)]
    return (
        AuditEvent.objects.filter(study__in=studies, actor__isnull=False)
        .exclude(action__in=QUIET_ACTIONS)
        .exclude(actor=viewer)
        .exclude(BLIND_ACTIONS & Q(study__in=blinded))
        .select_related("actor", "study")
    )
