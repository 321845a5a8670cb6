"""The pages of a study in the order of the menu, and which of them a user may open."""

from dataclasses import dataclass

from django.contrib.auth.models import AbstractBaseUser
from django.urls import reverse
from django.utils.translation import gettext as _

from studies import permissions
from studies.models import Study

UNDER = {"reports": "results", "split": "study", "agreement": "cohort", "detectors": "models"}
"""Pages without an entry of their own in the menu, and the entry they belong to."""
SECTIONS = {
    "cohort": (
        "patient",
        "clinical-edit",
        "hospital-number",
        "hospital-find",
        "completeness",
        "export",
        "import-start",
        "import",
        "lesion",
        "lesion-create",
        "exam",
        "exam-create",
        "prediction",
        "explanation",
    ),
    "queries": ("query", "query-create"),
    "screening": ("patient-screening",),
    "upload": ("pixels", "clip-pixels"),
    "worklist": ("clip",),
    "pathology": ("specimen", "specimen-create", "recount"),
    "jobs": ("job",),
}
"""Entries of the menu, and the URL names of pages that lie under them by meaning, not by address."""
SECTION_OF = {name: section for section, names in SECTIONS.items() for name in names}


@dataclass(frozen=True, slots=True)
class StudyPage:
    """One page: its URL name and address; label: of its entry in the menu, empty where it has none.

    entry: URL name of the entry of the menu that it belongs to.
    """

    name: str
    label: str
    url: str

    @property
    def entry(self) -> str:
        """The page itself, or the one under which it is found."""
        return UNDER.get(self.name, self.name)


def pages_of(user: AbstractBaseUser, study: Study) -> list[StudyPage]:
    """The pages that the user may open, in the order of the menu."""
    return [
        StudyPage(name, label, reverse(name, args=[study.slug]))
        for name, label, allowed in _pages(user, study)
        if allowed
    ]


def _pages(user: AbstractBaseUser, study: Study) -> list[tuple[str, str, bool]]:
    sees_study, sees_results = (
        permissions.can_view_study(user, study),
        permissions.can_view_results(user, study),
    )
    administers = permissions.can_administer(user, study)
    reads = permissions.has_role(user, study, {permissions.Role.SONOGRAPHER})
    return [
        ("study", _("Overview"), sees_study),
        ("cohort", _("Cohort"), sees_study),
        ("queries", _("Queries"), sees_study),
        ("screening", _("Screening"), permissions.can_manage_cohort(user, study)),
        ("worklist", _("Reading"), reads),
        ("upload", _("Upload"), permissions.can_upload(user, study)),
        ("pathology", _("Pathology"), _is_pathologist(user, study)),
        ("results", _("Results"), sees_results),
        ("reports", "", sees_results),
        ("split", "", permissions.can_seal(user, study)),
        (
            "agreement",
            "",
            permissions.can_manage_cohort(user, study) and not permissions.is_blinded(user, study),
        ),
        ("models", _("Models"), permissions.can_view_models(user, study)),
        ("detectors", "", permissions.can_view_models(user, study)),
        ("jobs", _("Jobs"), permissions.can_view_jobs(user, study)),
        ("people", _("People"), administers),
        ("audit", _("Audit"), administers),
    ]


def _is_pathologist(user: AbstractBaseUser, study: Study) -> bool:
    blinded = permissions.is_blinded(user, study)
    return not blinded and permissions.has_role(user, study, {permissions.Role.PATHOLOGIST})
