"""What an event of the audit trail changed, in words: fields, stored codes, kinds of objects."""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django import template
from django.apps import apps
from django.core.exceptions import FieldDoesNotExist
from django.db.models import Model
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from studies.models import AuditEvent
from studies.rules.eligibility import BY_CODE
from studies.templatetags.cells import reason_word
from studies.templatetags.words import call_label, category_label, field_label, verdict_label

register = template.Library()

NOTHING = "–"
IDENTIFIER = re.compile(r"[0-9a-f]{64}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
IDENTIFIER_SHOWN = 8


@dataclass(frozen=True, slots=True)
class Change:
    """One field that an event changed; `name` is its stored name."""

    name: str
    label: str
    old: str
    new: str


@register.simple_tag
def changes_of(event: AuditEvent) -> list[Change]:
    """Return what the event changed, in the language of the page."""
    return [_change(event, name, pair) for name, pair in event.changes.items()]


@register.simple_tag
def object_word(object_type: str) -> str:
    """Return which kind of thing an event is about."""
    return _object_words_in(get_language()).get(object_type, object_type)


def _change(event: AuditEvent, name: str, pair: Any) -> Change:
    old, new = pair if isinstance(pair, list) and len(pair) == 2 else (None, pair)
    words = [_value_words(event.object_type, name, value) for value in (old, new)]
    return Change(name, _label(event.object_type, name), *words)


def _label(object_type: str, name: str) -> str:
    """A field's name, of this kind of object where it has one of its own; a statement has its topic's."""
    named = _field_words_in(get_language())
    if f"{object_type}.{name}" in named:
        return named[f"{object_type}.{name}"]
    label = field_label(name)
    if label != name:
        return label
    topics = _choices(object_type, "topic") if object_type == "statement" else {}
    return topics.get(name) or named.get(name, name)


def _value_words(object_type: str, name: str, value: Any) -> str:
    if value is None or value == "" or value == [] or value == {}:
        return NOTHING
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, dict):
        return "; ".join(f"{field_label(key)}: {_plain(item)}" for key, item in value.items())
    if isinstance(value, list):
        return ", ".join(map(_plain, value))
    if (worded := _code_words(name, value)) is not None:
        return worded
    return _choices(object_type, name).get(value, _plain(value))


def _code_words(name: str, value: Any) -> str | None:
    """Words for codes that are not choices of a field."""
    if name in BY_CODE:
        return verdict_label(value)
    if name == "call":
        return call_label(value)
    if name == "category":
        return category_label(value)
    return {("hospital_number", "set"): _("stored"), ("site", "all"): _("all sites")}.get((name, value))


def _plain(value: Any) -> str:
    text = str(value)
    return f"{text[:IDENTIFIER_SHOWN]}…" if IDENTIFIER.fullmatch(text) else reason_word(text)


def _choices(object_type: str, name: str) -> dict[Any, str]:
    model = _models().get(object_type)
    try:
        field = model._meta.get_field(name) if model else None
    except FieldDoesNotExist:
        return {}
    return {value: str(words) for value, words in getattr(field, "flatchoices", ())}


@lru_cache(maxsize=1)
def _models() -> dict[str, type[Model]]:
    found = (model for name in ("studies", "analysis") for model in apps.get_app_config(name).get_models())
    return {model._meta.model_name or "": model for model in found}


@lru_cache(maxsize=8)
def _object_words_in(_language: str | None) -> dict[str, str]:
    """The words of the language that is active."""
    return {
        "clinicalrecord": _("clinical values"),
        "clip": _("clip"),
        "dataquery": _("query"),
        "detection": _("detector’s boxes"),
        "exam": _("visit"),
        "job": _("job"),
        "label": _("HER2 reading"),
        "lesion": _("lesion"),
        "look": _("look at the test side"),
        "modelversion": _("trained model"),
        "patient": _("patient"),
        "report": _("report"),
        "rolegrant": _("role"),
        "savedview": _("saved view"),
        "screening": _("screening"),
        "site": _("site"),
        "specimen": _("specimen"),
        "statement": _("statement for the report"),
        "study": _("study"),
        "supplement": _("further analysis"),
        "tableimport": _("imported table"),
        "track": _("track"),
        "upload": _("file sent in"),
        "user": _("user"),
    }


@lru_cache(maxsize=8)
def _field_words_in(_language: str | None) -> dict[str, str]:
    """Names of what only the audit trail holds, in the language that is active."""
    return {
        "active": _("model of record"),
        "blanked_regions": _("wiped regions"),
        "events": _("events"),
        "facts": _("digest of the facts"),
        "feature_base": _("frozen units and band"),
        "from": _("taken over from"),
        "kept_warnings": _("warnings kept"),
        "name": _("name"),
        "no_lesion": _("no lesion seen"),
        "number": _("number"),
        "pack_sha256": _("digest of the frames"),
        "parameters": _("filters and order"),
        "seal_hash": _("hash of the seal"),
        "shared": _("shared with others"),
        "supplement.cohort": _("patients it is about"),
        "supplement.kind": _("kind of analysis"),
        "temporal": _("temporal test"),
        "test": _("test"),
        "training": _("training"),
    }
