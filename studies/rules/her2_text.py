"""HER2 results as hospitals type them (`>6.0`, `not amplified`), made into typed values or queries.

Nothing is dropped: every parsed value keeps the text as entered, and what cannot be a value becomes a
query. Signs of "greater" and "less" are kept as bounds, never turned into a number that nobody measured.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from studies.rules.her2_ihc import Staining, possible_scores
from studies.rules.her2_ish import COPIES_HIGH, COPIES_LOW, RATIO_CUT, group_of
from studies.rules.her2_types import IHC_SCORES, Her2InputError, Ish
from studies.rules.sentences import Notice, Sentence, decimals, gettext_noop

Status = Literal["positive", "negative", "equivocal", "indeterminate"]

MISSING = {
    "": "blank",
    "-": "blank",
    "--": "blank",
    "[not available]": "not available",
    "not available": "not available",
    "n/a": "not available",
    "na": "not available",
    "nan": "not available",
    "none": "not available",
    "null": "not available",
    "无": "not available",
    "[not evaluated]": "not evaluated",
    "not evaluated": "not evaluated",
    "[not applicable]": "not applicable",
    "not applicable": "not applicable",
    "[unknown]": "unknown",
    "unknown": "unknown",
    "不详": "unknown",
    "未知": "unknown",
    "not performed": "not performed",
    "not done": "not performed",
    "未做": "not performed",
    "未检测": "not performed",
}
"""Ways to write "no value", and the reason that each gives."""
STATUS_WORDS: dict[str, Status] = {
    "positive": "positive",
    "pos": "positive",
    "阳性": "positive",
    "negative": "negative",
    "neg": "negative",
    "阴性": "negative",
    "equivocal": "equivocal",
    "borderline": "equivocal",
    "可疑": "equivocal",
    "indeterminate": "indeterminate",
}
_DISCORDANT = {("0", "positive"), ("1+", "positive"), ("3+", "negative")}
_NOT_AMPLIFIED = re.compile(r"\b(not|non|no|un)[\s-]*amplifi|未扩增|无扩增|不扩增")
_AMPLIFIED = re.compile(r"\bamplifi|扩增")
_NUMBER = re.compile(r"(?P<sign>>=|<=|>|<|~)?(?P<number>\d+(?:\.\d*)?|\.\d+)(?::1|x)?")
_RANGE = re.compile(r"(?P<low>\d+(?:\.\d+)?)(?:-|to)(?P<high>\d+(?:\.\d+)?)")
_SCORE = re.compile(
    r"(?:ihc|her2|her-2|score)?:?(?P<score>0|[123])(?P<plus>\+?)(?:positive|negative|equivocal)?"
)


@dataclass(frozen=True)
class ParsedText:
    """One entry: the text as it came, and what it says.

    value: a number (or an IHC score, or a status) where the text is one.
    low, high: bounds that the text gives (`>6.0`: low 6; `10-19%`: 10 and 19); exclusive where `strict`.
    amplified: True or False where words say so.
    missing: the reason where the text says that there is no value.
    """

    raw: str
    number: float | None = None
    word: str | None = None
    low: float | None = None
    high: float | None = None
    strict: bool = False
    amplified: bool | None = None
    missing: str | None = None
    queries: tuple[Notice, ...] = ()


@lru_cache(maxsize=8192)
def plain_text(text: str | None) -> str:
    """Full-width forms, decimal commas, case and spaces brought to one spelling."""
    plain = unicodedata.normalize("NFKC", text or "").strip().lower()
    plain = plain.replace("≥", ">=").replace("≤", "<=").replace("–", "-")
    plain = re.sub(r"(?<=\d),(?=\d{1,2}(\D|$))", ".", plain)
    return " ".join(plain.split())


def _question(raw: str, field: str, code: str, template: str, **values: str) -> ParsedText:
    notice = Notice(code, Sentence(template, text=raw, **values), (field,))
    return ParsedText(raw, queries=(notice,))


@lru_cache(maxsize=8192)
def parse_number(text: str | None, field: str) -> ParsedText:
    """Copies, ratio or cells: a number, a bound, words on amplification, a reason for none, or a query."""
    raw, plain = text or "", plain_text(text)
    if plain in MISSING:
        return ParsedText(raw, missing=MISSING[plain])
    found = _NUMBER.fullmatch(plain.replace(" ", ""))
    if found and found["sign"] is None:
        return ParsedText(raw, number=float(found["number"]))
    if found:
        return _bound(raw, field, found["sign"], float(found["number"]))
    if _NOT_AMPLIFIED.search(plain) or _AMPLIFIED.search(plain):
        return _amplification(raw, field, _NOT_AMPLIFIED.search(plain) is None)
    template = gettext_noop("“%(text)s” is no number; enter the value that was measured.")
    return _question(raw, field, "text_not_understood", template)


def _bound(raw: str, field: str, sign: str, limit: float) -> ParsedText:
    template = gettext_noop("“%(text)s” is a bound or an estimate; enter the value that was measured.")
    notice = Notice("bound_not_a_value", Sentence(template, text=raw), (field,))
    low = limit if sign.startswith(">") else None
    high = limit if sign.startswith("<") else None
    return ParsedText(raw, low=low, high=high, strict=sign in ("<", ">"), queries=(notice,))


def _amplification(raw: str, field: str, amplified: bool) -> ParsedText:
    template = gettext_noop("“%(text)s” is a reading, no number; enter the value that was counted.")
    notice = Notice("words_not_a_number", Sentence(template, text=raw), (field,))
    return ParsedText(raw, amplified=amplified, queries=(notice,))


@lru_cache(maxsize=8192)
def parse_score(text: str | None, field: str = "ihc_score") -> ParsedText:
    """An IHC score as `word` ("0", "1+", "2+", "3+"); "2" and "IHC 2+" are read so, "2-3+" is a query."""
    raw, plain = text or "", plain_text(text)
    if plain in MISSING:
        return ParsedText(raw, missing=MISSING[plain])
    if plain in ("+", "++", "+++"):
        return ParsedText(raw, word=f"{len(plain)}+")
    found = _SCORE.fullmatch(plain.replace(" ", ""))
    if found and not (found["score"] == "0" and found["plus"]):
        return ParsedText(raw, word="0" if found["score"] == "0" else f"{found['score']}+")
    template = gettext_noop("“%(text)s” is no IHC score; enter 0, 1+, 2+ or 3+.")
    return _question(raw, field, "text_not_understood", template)


@lru_cache(maxsize=8192)
def parse_status(text: str | None, field: str) -> ParsedText:
    """A status as `word`: positive, negative, equivocal or indeterminate."""
    raw, plain = text or "", plain_text(text)
    if plain in MISSING:
        return ParsedText(raw, missing=MISSING[plain])
    if plain in STATUS_WORDS:
        return ParsedText(raw, word=STATUS_WORDS[plain])
    if _NOT_AMPLIFIED.search(plain):
        return ParsedText(raw, word="negative", amplified=False)
    if _AMPLIFIED.search(plain):
        return ParsedText(raw, word="positive", amplified=True)
    template = gettext_noop("“%(text)s” is no status; enter positive, negative, equivocal or indeterminate.")
    return _question(raw, field, "text_not_understood", template)


@lru_cache(maxsize=8192)
def parse_percent(text: str | None, field: str = "ihc_percent") -> ParsedText:
    """A percentage, or a range or bound of percentages (`<10%`, `10-19%`), which is no query."""
    raw, plain = text or "", plain_text(text).replace("%", "").replace(" ", "")
    if plain in MISSING or plain_text(text) in MISSING:
        return ParsedText(raw, missing=MISSING.get(plain) or MISSING[plain_text(text)])
    span, found = _RANGE.fullmatch(plain), _NUMBER.fullmatch(plain)
    ends = [float(span["low"]), float(span["high"])] if span else [float(found["number"])] if found else []
    if not ends or max(ends) > 100 or ends != sorted(ends):
        template = gettext_noop("“%(text)s” is no percentage between 0 and 100.")
        return _question(raw, field, "text_not_understood", template)
    if span:
        return ParsedText(raw, low=ends[0], high=ends[1])
    sign = found["sign"] if found else None
    if sign in (None, "~"):
        return ParsedText(raw, number=ends[0])
    low, high = (ends[0], 100.0) if sign.startswith(">") else (0.0, ends[0])
    return ParsedText(raw, low=low, high=high, strict=sign in ("<", ">"))


NAMES: dict[str, Callable[[str | None, str], ParsedText]] = {
    "ihc_score": parse_score,
    "ihc_status": parse_status,
    "ihc_percent": parse_percent,
    "fish_status": parse_status,
    "her2_copies": parse_number,
    "cep17_copies": parse_number,
    "ratio": parse_number,
    "cells": parse_number,
}
"""The entries of one specimen, and what reads each."""
TCGA_COLUMNS = {
    "ihc_score": "her2_ihc_score",
    "ihc_status": "her2_status_by_ihc",
    "ihc_percent": "her2_ihc_percent_positive",
    "fish_status": "her2_fish_status",
    "her2_copies": "her2_copy_number",
    "cep17_copies": "cent17_copy_number",
    "ratio": "her2_cent17_ratio",
    "cells": "her2_and_cent17_cells_count",
}
"""The columns of `tcga_brca_her2.csv` that hold them."""


@dataclass(frozen=True)
class ParsedSpecimen:
    """One specimen as typed values for `her2.classify`, with every entry and every query.

    amplified: by the counts where they say it, else by words (a FISH status, "not amplified"), else None.
    """

    ihc_score: str | None
    ish: Ish | None
    amplified: bool | None
    entries: Mapping[str, ParsedText]
    queries: tuple[Notice, ...]


def parse_specimen(texts: Mapping[str, str | None], probe: str | None = None) -> ParsedSpecimen:
    """Parse the entries of one specimen.

    Args:
        texts: by the names of NAMES; names that are absent count as blank.
        probe: "dual" or "single" where recorded; otherwise a CEP17 count or a ratio shows a dual probe.
    """
    entries = {name: read(texts.get(name), name) for name, read in NAMES.items()}
    queries = [query for entry in entries.values() for query in entry.queries]
    ish = _ish(entries, probe, queries)
    queries += [*_bound_queries(entries), *_status_queries(entries, ish), *_percent_queries(entries)]
    return ParsedSpecimen(entries["ihc_score"].word, ish, _amplified(entries, ish), entries, tuple(queries))


def _ish(entries: Mapping[str, ParsedText], probe: str | None, queries: list[Notice]) -> Ish | None:
    """The count, without the values that no count can give (each of them a query)."""
    names = ("her2_copies", "cep17_copies", "ratio", "cells")
    numbers = {name: entries[name].number for name in names}
    if all(number is None for number in numbers.values()):
        return None
    if probe is None and numbers["cep17_copies"] is None and numbers["ratio"] is None:
        sentence = Sentence(gettext_noop("The probe is not recorded: enter dual or single; the count waits."))
        queries.append(Notice("probe_unknown", sentence, ("probe",)))
        return None
    kept: dict[str, float | int | None] = {}
    for name, number in numbers.items():
        whole = int(number) if name == "cells" and number is not None and number.is_integer() else number
        kept[name] = _possible(name, whole, entries[name].raw, queries)
    return Ish(probe or "dual", **kept)  # type: ignore[arg-type]


def _possible(name: str, number: float | int | None, raw: str, queries: list[Notice]) -> float | int | None:
    try:
        Ish("dual", **{name: number})  # type: ignore[arg-type]
    except Her2InputError:
        sentence = Sentence(gettext_noop("“%(text)s” cannot be the result of a count."), text=raw)
        queries.append(Notice("impossible_value", sentence, (name,)))
        return None
    return number


def _bound_queries(entries: Mapping[str, ParsedText]) -> list[Notice]:
    """Where a bound on the copies leaves only one group with the ratio entered, say so."""
    copies, ratio = entries["her2_copies"], entries["ratio"].number
    if ratio is None or (copies.low is None and copies.high is None):
        return []
    lowest = 0.0 if copies.low is None else copies.low
    highest = float("inf") if copies.high is None else copies.high
    if copies.high is not None and copies.strict:
        highest = _just_below(copies.high)
    groups = {group_of(ratio, lowest), group_of(ratio, highest)}
    if len(groups) > 1:
        return []
    template = gettext_noop("With ratio %(ratio)s, copies “%(text)s” can only be group %(group)d.")
    sentence = Sentence(template, ratio=decimals(ratio), text=copies.raw, group=groups.pop())
    return [Notice("bound_leaves_one_group", sentence, ("her2_copies", "ratio"))]


def entered_status(parsed: ParsedSpecimen) -> str:
    """The hospital's last word: the ISH status where it is positive or negative, else the IHC status, "none"
    where neither was entered."""
    fish, ihc = parsed.entries["fish_status"].word, parsed.entries["ihc_status"].word
    return fish if fish in ("positive", "negative") else ihc or "none"


def _just_below(limit: float) -> float:
    """A value below *limit* and in the same interval between the cut-offs of the copies."""
    below = [cut for cut in (0.0, COPIES_LOW, COPIES_HIGH) if cut < limit]
    return (limit + max(below, default=0.0)) / 2


def _amplified(entries: Mapping[str, ParsedText], ish: Ish | None) -> bool | None:
    ratio = _ratio(ish)
    if ratio is not None:
        return ratio >= RATIO_CUT
    for name in ("fish_status", "her2_copies", "ratio"):
        said = {"positive": True, "negative": False}.get(entries[name].word or "", entries[name].amplified)
        if said is not None:
            return said
    return None


def _ratio(ish: Ish | None) -> float | None:
    if ish is None or ish.probe == "single":
        return None
    if ish.her2_copies is not None and ish.cep17_copies is not None:
        return ish.her2_copies / ish.cep17_copies
    return ish.ratio


def _status_queries(entries: Mapping[str, ParsedText], ish: Ish | None) -> list[Notice]:
    """A status that the score or the ratio beside it contradicts."""
    queries = []
    score, status = entries["ihc_score"].word, entries["ihc_status"].word
    fits = {"0": "negative", "1+": "negative", "2+": "equivocal", "3+": "positive"}
    if score is not None and status is not None and fits[score] != status:
        template = gettext_noop("IHC %(score)s was entered with the status %(status)s; it makes %(fits)s.")
        sentence = Sentence(template, score=score, status=status, fits=fits[score])
        queries.append(Notice("ihc_status_contradicts_score", sentence, ("ihc_status", "ihc_score")))
    if score is None and entries["ihc_score"].missing is not None and status is not None:
        template = gettext_noop("The IHC status %(status)s was entered without a score; enter the score.")
        sentence = Sentence(template, status=status)
        queries.append(Notice("ihc_status_without_score", sentence, ("ihc_score", "ihc_status")))
    ratio, fish = _ratio(ish), entries["fish_status"].word
    if ratio is not None and fish is not None and fish != ("positive" if ratio >= RATIO_CUT else "negative"):
        template = gettext_noop("The ISH ratio %(ratio)s was entered with the status %(status)s.")
        sentence = Sentence(template, ratio=decimals(ratio), status=fish)
        queries.append(Notice("fish_status_contradicts_ratio", sentence, ("fish_status", "ratio")))
    if (score, fish) in _DISCORDANT:
        template = gettext_noop("IHC %(score)s was entered with the ISH status %(status)s: review both.")
        sentence = Sentence(template, score=score, status=fish)
        queries.append(Notice("fish_status_contradicts_score", sentence, ("fish_status", "ihc_score")))
    if ish is None and fish in ("positive", "negative"):
        template = gettext_noop(
            "The ISH status %(status)s was entered without counts; enter copies and cells."
        )
        queries.append(Notice("fish_without_counts", Sentence(template, status=fish), ("fish_status",)))
    return queries


def _percent_queries(entries: Mapping[str, ParsedText]) -> list[Notice]:
    """A score that the percentage beside it excludes, whatever intensity and completeness were."""
    score, percent = entries["ihc_score"].word, entries["ihc_percent"]
    if score not in IHC_SCORES:
        return []
    ends = [percent.number] if percent.number is not None else [percent.low, percent.high]
    if ends == [None, None]:
        return []
    shares = [end for end in ends if end is not None]
    if any(score in possible_scores(Staining(share, None, None, None)) for share in shares):
        return []
    template = gettext_noop(
        "IHC %(score)s was entered with “%(text)s” of the cells stained; that does not fit."
    )
    sentence = Sentence(template, score=score, text=percent.raw)
    return [Notice("ihc_score_contradicts_percent", sentence, ("ihc_score", "ihc_percent"))]
