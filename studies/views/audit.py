"""The audit trail: search, the state of its chain, and the events as a file."""

from collections.abc import Iterator
from datetime import date

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.dateparse import parse_date
from django.views.decorators.http import require_safe

from studies.downloads import csv_response
from studies.guards import require
from studies.models import AuditEvent, Study
from studies.permissions import can_administer, can_administer_installation
from studies.selectors import audit_in_reach, study_get
from studies.services.audit import audit_record, audit_verify
from studies.services.audit_search import AuditSearch, audit_events, patients_of

PAGE_SIZE = 100
SHOWN_FIELDS = ("actor", "action", "patient", "object", "text", "since", "until")


@login_required
@require_safe
def audit(request: HttpRequest, slug: str) -> HttpResponse:
    """Search the audit trail of a study."""
    study = _readable(request, slug)
    searched = _searched(request, study)
    events = audit_events(searched, _search(request), viewer=request.user)
    page = Paginator(events, PAGE_SIZE).get_page(request.GET.get("page"))
    patients = patients_of(page.object_list)
    for event in page:
        event.patient = patients.get(event.object_id)
    events = audit_in_reach(viewer=request.user).filter(study=searched)
    context = {
        "study": study,
        "page": page,
        "is_installation": searched is None,
        "keeps_installation": can_administer_installation(request.user),
        "chosen": {name: request.GET.get(name, "").strip() for name in SHOWN_FIELDS},
        "is_searched": not _search(request).is_empty,
        "actions": list(events.order_by("action").values_list("action", flat=True).distinct()),
        "kinds": list(events.order_by("object_type").values_list("object_type", flat=True).distinct()),
    }
    return render(request, "studies/audit.html", context)


@login_required
@require_safe
def chain(request: HttpRequest, slug: str) -> HttpResponse:
    """Walk the whole chain now and say whether it is whole."""
    study = _readable(request, slug)
    context = {"study": study, "state": audit_verify()}
    return render(request, "studies/partials/audit_chain.html", context)


@login_required
@require_safe
def events_csv(request: HttpRequest, slug: str) -> HttpResponse:
    """The events that pass the search, with old and new values, as a file."""
    study = _readable(request, slug)
    searched = _searched(request, study)
    events = audit_events(searched, _search(request), viewer=request.user)
    lines = list(_lines(events))
    audit_record(
        actor=request.user,
        action="export.audit",
        target=study,
        study=study,
        changes={"events": [None, len({line[0] for line in lines[1:]})]},
        reason=request.GET.urlencode()[:500],
    )
    return csv_response(lines, name=f"{searched.slug if searched else 'installation'}-audit.csv", study=study)


def _lines(events) -> Iterator[list[object]]:
    """Header, then a line a changed field; an event without one has a line too."""
    yield [
        "number", "at (UTC)", "who", "from", "what", "object", "object id", "field", "old", "new", "reason",
        "digest",
    ]  # fmt: skip
    for event in events.iterator(chunk_size=2000):
        for name, pair in (event.changes or {"": ["", ""]}).items():
            yield _line(event, name, pair)


def _line(event: AuditEvent, name: str, pair: list[object]) -> list[object]:
    old, new = (pair[0], pair[1]) if len(pair) == 2 else ("", pair)
    return [
        event.sequence, event.at.strftime("%Y-%m-%d %H:%M:%S"),
        event.actor.get_username() if event.actor else "", event.remote_address or "", event.action,
        event.object_type, event.object_id, name, old, new, event.reason, event.digest,
    ]  # fmt: skip


def _readable(request: HttpRequest, slug: str) -> Study:
    study = study_get(slug, viewer=request.user)
    require(request, can_administer(request.user, study), action="read audit", target=study, study=study)
    return study


def _searched(request: HttpRequest, study: Study) -> Study | None:
    """The study whose events are searched; None for those of the installation, which belong to no study."""
    if request.GET.get("of") != "installation":
        return study
    allowed = can_administer_installation(request.user)
    require(request, allowed, action="read audit of the installation", target=study, study=study)
    return None


def _search(request: HttpRequest) -> AuditSearch:
    chosen = {name: request.GET.get(name, "").strip() for name in SHOWN_FIELDS}
    days = {name: _date(chosen.pop(name)) for name in ("since", "until")}
    return AuditSearch(**chosen, **days)


def _date(text: str) -> date | None:
    """Return the day written as ISO, or None when it is none."""
    try:
        return parse_date(text)
    except ValueError:
        return None
