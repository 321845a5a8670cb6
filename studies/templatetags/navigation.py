"""Navigation of a study: the links that a user's roles open."""

from dataclasses import dataclass

from django import template

from studies.pages import SECTION_OF, StudyPage, pages_of

register = template.Library()


@dataclass(frozen=True)
class Link:
    """One entry of the main navigation."""

    label: str
    url: str
    current: str
    """What aria-current says: page, true for a page below it, or empty."""


@register.simple_tag(takes_context=True)
def study_links(context) -> list[Link]:
    """Return the links of the current study that the user may follow."""
    return _links(context["request"], context["study"])


@register.simple_tag(takes_context=True)
def study_shortcuts(context, study) -> list[Link]:
    """Return the links of a study that is listed on the home page."""
    return _links(context["request"], study)


def _links(request, study) -> list[Link]:
    pages = pages_of(request.user, study)
    below = [page for page in pages if request.path.startswith(page.url)]
    section = max(below, key=lambda page: len(page.url)).entry if below else ""
    if request.resolver_match is not None:
        section = SECTION_OF.get(request.resolver_match.url_name, section)
    return [Link(page.label, page.url, _current(page, request.path, section)) for page in pages if page.label]


def _current(page: StudyPage, path: str, section: str) -> str:
    if page.url == path:
        return "page"
    return "true" if page.name == section else ""
