"""Navigation of a study: the links that a user's roles open."""

from dataclasses import dataclass

from django import template
from django.urls import reverse
from django.utils.translation import gettext as _

from studies import permissions

register = template.Library()


@dataclass(frozen=True)
class Link:
    """One entry of the main navigation."""

    label: str
    url: str
    current: bool


@register.simple_tag(takes_context=True)
def study_links(context) -> list[Link]:
    """Return the links of the current study that the user may follow."""
    return _links(context["request"], context["study"])


@register.simple_tag(takes_context=True)
def study_shortcuts(context, study) -> list[Link]:
    """Return the links of a study that is listed on the home page."""
    return _links(context["request"], study)


def _links(request, study) -> list[Link]:
    user = request.user
    entries = [
        (_("Overview"), "study", permissions.can_view_study(user, study)),
        (_("Cohort"), "cohort", permissions.can_view_study(user, study)),
        (_("Queries"), "queries", permissions.can_view_study(user, study)),
        (_("Screening"), "screening", permissions.can_manage_cohort(user, study)),
        (_("Reading"), "worklist", permissions.has_role(user, study, {permissions.Role.SONOGRAPHER})),
        (_("Upload"), "upload", permissions.can_upload(user, study)),
        (_("Pathology"), "pathology", _is_pathologist(user, study)),
        (_("Results"), "results", permissions.can_view_results(user, study)),
        (_("Models"), "models", permissions.can_view_models(user, study)),
        (_("Jobs"), "jobs", permissions.can_view_jobs(user, study)),
        (_("People"), "people", permissions.can_administer(user, study)),
        (_("Audit"), "audit", permissions.can_administer(user, study)),
    ]
    return [
        Link(label, url := reverse(name, args=[study.slug]), _is_current(name, url, request.path))
        for label, name, allowed in entries
        if allowed
    ]


def _is_current(name: str, url: str, path: str) -> bool:
    """Whether the page is open, or a part of the results below it."""
    return path == url or (name == "results" and path.startswith(url))


def _is_pathologist(user, study) -> bool:
    blinded = permissions.is_blinded(user, study)
    return not blinded and permissions.has_role(user, study, {permissions.Role.PATHOLOGIST})
