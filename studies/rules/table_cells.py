"""From the text of one cell to a value: understood, missing for a reason, questioned, or refused.

A question lets the row in without the value and asks a person. An error keeps the row out: what stands there
cannot be true (an impossible date, an age of 300) or must not be taken (a formula).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from studies.errors import StudiesError
from studies.rules.her2_text import MISSING, parse_number, parse_percent, plain_text
from studies.rules.parameters import PARAMETERS
from studies.rules.sentences import Notice, Sentence, decimals, gettext_noop
from studies.rules.staging import n_category, stage_category, t_category
from studies.rules.tables import without_guard

EARLIEST = date(1900, 1, 1)
_FORMULA = re.compile(r"\s*(?:[=@\t\r]|[+-][^0-9.]*[(!|])")
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,31}")
_ISO = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[ T]00:00(?::00)?)?")
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})")
_CHINESE = re.compile(r"(\d{4})年(\d{1,2})月(\d{1,2})日")
_GERMAN = re.compile(r"(?P<day>\d{1,2})\.(?P<month>\d{1,2})\.(?P<year>\d{4})")


@dataclass(frozen=True, slots=True)
class Cell:
    """What a cell says: at most one of value, missing, question and error; none of them = blank."""

    value: Any = None
    missing: str = ""
    question: Notice | None = None
    error: Notice | None = None


Read = Callable[[str, str], Cell]
"""(text, name of the field) -> Cell."""
BLANK = Cell()


def read_cell(text: str, field: str, read: Read) -> Cell:
    """Read one cell; blanks, words for "no value" and formulas are the same for every field."""
    text = without_guard(text)
    plain = plain_text(text)
    if reason := MISSING.get(plain):
        return BLANK if reason == "blank" else Cell(missing=reason)
    if _FORMULA.match(text):
        template = gettext_noop("“%(text)s” begins like a formula; it is not taken. Enter the value itself.")
        return _error(field, "formula", template, text=text[:40])
    return read(text.strip(), field)


def _error(field: str, code: str, template: str, **values: object) -> Cell:
    return Cell(error=Notice(code, Sentence(template, **values), (field,)))


def _question(field: str, code: str, template: str, **values: object) -> Cell:
    return Cell(question=Notice(code, Sentence(template, **values), (field,)))


def read_code(text: str, field: str) -> Cell:
    """A pseudonymous code."""
    if _CODE.fullmatch(text):
        return Cell(text)
    template = gettext_noop(
        "“%(text)s” is no code: use at most 32 letters, digits, dots, dashes or underscores."
    )
    return _error(field, "code_invalid", template, text=text[:40])


def read_text(text: str, field: str, most: int = 100) -> Cell:
    """Free text."""
    if len(text) > most:
        template = gettext_noop("The text has %(n)d characters; at most %(most)d are kept. Shorten it.")
        return _error(field, "text_too_long", template, n=len(text), most=most)
    return Cell(text)


def read_number(text: str, field: str) -> Cell:
    """A number in the unit of its field; a bound or words are questioned, out of range is refused."""
    parameter = PARAMETERS[field]
    parsed = parse_percent(text, field) if parameter.unit == "%" else parse_number(text, field)
    if parsed.number is None:
        return Cell(question=parsed.queries[0]) if parsed.queries else _bound(field, text)
    if not parameter.low <= parsed.number <= parameter.high:
        template = gettext_noop("%(value)s lies outside the allowed %(low)s to %(high)s.")
        limits = {"low": decimals(parameter.low), "high": decimals(parameter.high)}
        return _error(field, "out_of_range", template, value=text[:40], **limits)
    if parameter.decimals:
        return Cell(round(Decimal(str(parsed.number)), parameter.decimals))
    if parsed.number.is_integer():
        return Cell(int(parsed.number))
    template = gettext_noop("“%(text)s” is no whole number; enter the value that was recorded.")
    return _question(field, "not_whole", template, text=text[:40])


def _bound(field: str, text: str) -> Cell:
    template = gettext_noop("“%(text)s” is a bound or a range; enter the value that was recorded.")
    return _question(field, "bound_not_a_value", template, text=text[:40])


def read_millimetres(text: str, field: str) -> Cell:
    """A size in millimetres, kept in centimetres."""
    parsed = parse_number(re.sub(r"\s*mm$", "", text, flags=re.IGNORECASE), field)
    if parsed.number is None:
        return Cell(question=parsed.queries[0]) if parsed.queries else _bound(field, text)
    return read_number(decimals(parsed.number / 10), field)


def read_centimetres(text: str, field: str) -> Cell:
    """A size in centimetres, with or without the unit."""
    return read_number(re.sub(r"\s*cm$", "", text, flags=re.IGNORECASE), field)


def read_date(text: str, field: str, today: date | None = None) -> Cell:
    """A day: 2020-02-28, 2020/2/28, 20200228, 2020年2月28日, 28.2.2020; other orders are unclear."""
    found = next((m for p in (_ISO, _COMPACT, _CHINESE) if (m := p.fullmatch(text))), None)
    german = _GERMAN.fullmatch(text)
    if found is None and german is None:
        template = gettext_noop("“%(text)s” is no date that can be read one way only; write YYYY-MM-DD.")
        return _error(field, "date_unclear", template, text=text[:40])
    parts = found.groups()[:3] if found else german.group("year", "month", "day")  # type: ignore[union-attr]
    try:
        day = date(*map(int, parts))
    except ValueError:
        template = gettext_noop("“%(text)s” is no day of the calendar.")
        return _error(field, "date_impossible", template, text=text[:40])
    if day < EARLIEST or (today or date.today()) < day:
        template = gettext_noop("“%(text)s” lies in the future or before 1900.")
        return _error(field, "date_impossible", template, text=text[:40])
    return Cell(day)


def words(choices: Mapping[str, Any]) -> Read:
    """A reader of a fixed list of words; a text that begins with one and a space or bracket counts as it.

    A value of None in `choices` stands for a word that is known and has no place in the field: it is asked.
    """

    def read(text: str, field: str) -> Cell:
        plain = plain_text(text)
        first = re.split(r"[\s(（,，;|]", plain, maxsplit=1)[0]
        for word in (plain, first):
            if choices.get(word) is not None:
                return Cell(choices[word])
        template = gettext_noop("“%(text)s” fits none of the choices; choose one, or leave it empty.")
        return _question(field, "no_such_choice", template, text=text[:80])

    return read


def _staging(read: Callable[[Any], str | None], wanted: Callable[[str], Any]) -> Read:
    def read_category(text: str, field: str) -> Cell:
        try:
            category = read(text)
        except StudiesError:
            template = gettext_noop("“%(text)s” is no category of this field; enter the one recorded.")
            return _question(field, "staging_not_understood", template, text=text[:40])
        return Cell(missing="unknown") if category is None else Cell(wanted(category))

    return read_category


read_t = _staging(t_category, lambda category: int(category[1]))
read_n = _staging(n_category, lambda category: int(category[1]))
read_stage = _staging(stage_category, lambda category: category)
"""T and N as numbers, the stage as its word; X is "unknown"."""


def read_side(text: str, field: str) -> Cell:
    """The side of a lesion; both sides are asked about."""
    plain = plain_text(text)
    left = bool(re.search(r"\bleft\b|^l$|左", plain))
    right = bool(re.search(r"\bright\b|^r$|右", plain))
    if left != right:
        return Cell("L" if left else "R")
    template = gettext_noop("“%(text)s” names no single side; enter the side of the lesion.")
    return _question(field, "side_unclear", template, text=text[:80])


def read_clock(text: str, field: str) -> Cell:
    """A clock position: 3, 3 o'clock, 3点."""
    return read_number(re.sub(r"\s*(o'?\s*clock|点钟?|h)$", "", text, flags=re.IGNORECASE), field)
