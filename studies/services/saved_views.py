"""Writes of saved views of the cohort table."""

from collections.abc import Mapping

from django.contrib.auth.models import User
from django.db import transaction

from studies.errors import RuleViolationError
from studies.models import SavedView, Study
from studies.services.audit import audit_record

KEPT = ("q", "site", "show", "side", "missing", "sort")
"""What a view remembers; not the page."""


@transaction.atomic
def saved_view_save(
    *, actor: User, study: Study, name: str, parameters: Mapping[str, str], is_shared: bool = False
) -> SavedView:
    """Keep filters and order under a name; the same name replaces what it stood for."""
    if not name.strip():
        raise RuleViolationError("Give the view a name.")
    kept = {key: parameters[key] for key in KEPT if parameters.get(key)}
    view = SavedView.objects.filter(study=study, owner=actor, name=name.strip()).first()
    view = view or SavedView(study=study, owner=actor, name=name.strip())
    before = view.parameters
    view.parameters, view.is_shared = kept, is_shared
    view.full_clean()
    view.save()
    changes = {"parameters": [before, kept], "shared": [None, is_shared]}
    audit_record(actor=actor, action="view.save", target=view, study=study, changes=changes)
    return view


@transaction.atomic
def saved_view_delete(*, actor: User, view: SavedView) -> None:
    """Forget a view of one's own."""
    if view.owner_id != actor.pk:
        raise RuleViolationError("This view belongs to somebody else; save one of your own.")
    changes = {"name": [view.name, None]}
    audit_record(actor=actor, action="view.delete", target=view, study=view.study, changes=changes)
    view.delete()
