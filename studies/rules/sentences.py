"""Sentences that the rules say to people: English that keeps its template, so that a page can translate it.

`gettext_noop` marks a template for the message catalogue and returns it unchanged (the catalogue tools look
for that name; this package may not import Django). A page shows `gettext(s.template) % s.values`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any


def gettext_noop(template: str) -> str:
    """Mark *template* for translation; returns it as it is."""
    return template


class Sentence(str):
    """A finished English sentence that remembers its `template` (with `%(name)s` holes) and its `values`."""

    template: str
    values: Mapping[str, Any]
    __slots__ = ("template", "values")

    def __new__(cls, template: str, **values: Any) -> Sentence:
        held = {name: tuple(v) if isinstance(v, list) else v for name, v in values.items()}
        text = super().__new__(cls, template % {name: _said(v, str) for name, v in held.items()})
        text.template = template
        text.values = MappingProxyType(held)
        return text

    def translated(self, gettext: Callable[[str], str]) -> str:
        """The sentence in another language: its template and its values that are words, through *gettext*.

        A value that is a tuple of words is a list: each word is translated, then they are joined.
        """
        return gettext(self.template) % {name: _said(v, gettext) for name, v in self.values.items()}

    def as_dict(self) -> dict[str, Any]:
        """For a JSON column; `from_dict` brings it back."""
        return {"template": self.template, "values": dict(self.values)}

    @classmethod
    def from_dict(cls, found: Mapping[str, Any]) -> Sentence:
        """The sentence that `as_dict` stored."""
        return cls(found["template"], **found["values"])

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuilt, (self.template, dict(self.values))


def _said(value: Any, gettext: Callable[[str], str]) -> Any:
    if isinstance(value, tuple):
        return ", ".join(gettext(str(word)) for word in value)
    return gettext(value) if isinstance(value, str) and value else value


def _rebuilt(template: str, values: dict[str, Any]) -> Sentence:
    return Sentence(template, **values)


@dataclass(frozen=True)
class Notice:
    """Something that a person should look at: a data query or a warning. It never blocks by itself.

    `code` is stable and meant for programs, `sentence` is for people, `fields` names the inputs concerned.
    """

    code: str
    sentence: Sentence
    fields: tuple[str, ...] = ()

    def __str__(self) -> str:
        return str(self.sentence)


def decimals(value: float) -> str:
    """*value* as people write it: at most four decimals, no trailing zeros.

    All decimals where rounding would make it whole: 1.99999 must not read as the cut-off 2.
    """
    rounded = round(value, 4)
    shown = value if rounded != value and rounded.is_integer() else rounded
    return repr(float(shown)).removesuffix(".0")
