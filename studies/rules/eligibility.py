"""The paper's criteria (section 2.1), one row each, evaluated from recorded facts, never from guesses."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Literal

from studies.rules.consistency import MAX_DAYS_BEFORE_SURGERY
from studies.rules.sentences import Sentence, gettext_noop
from studies.rules.verdicts import Verdict, from_bool, together

Pathology = Literal["invasive", "non_invasive", "benign"]


class Kind(StrEnum):
    """An inclusion criterion must be met, an exclusion criterion must not."""

    INCLUSION = "inclusion"
    EXCLUSION = "exclusion"


class Decision(StrEnum):
    """What the rows of one patient come to; undecided as long as anything is not recorded."""

    INCLUDED = "included"
    EXCLUDED = "excluded"
    UNDECIDED = "undecided"


@dataclass(frozen=True)
class Criterion:
    """One criterion of the protocol, with its letter in the paper."""

    code: str
    kind: Kind
    letter: str
    text: str

    @property
    def name(self) -> Sentence:
        """As the paper names it."""
        inclusion = self.kind is Kind.INCLUSION
        template = (
            gettext_noop("inclusion (%(letter)s)") if inclusion else gettext_noop("exclusion (%(letter)s)")
        )
        return Sentence(template, letter=self.letter)


CRITERIA: tuple[Criterion, ...] = (
    Criterion(
        "inclusion_a", Kind.INCLUSION, "a",
        gettext_noop("Ultrasound within one week before surgery, showing a suspected breast lesion"),
    ),
    Criterion("inclusion_b", Kind.INCLUSION, "b", gettext_noop("Clinical data available")),
    Criterion("inclusion_c", Kind.INCLUSION, "c", gettext_noop("Breast cancer surgery intended")),
    Criterion("exclusion_a", Kind.EXCLUSION, "a", gettext_noop("Core needle biopsy before the ultrasound")),
    Criterion("exclusion_b", Kind.EXCLUSION, "b", gettext_noop("Primary clinical data or video missing")),
    Criterion("exclusion_c", Kind.EXCLUSION, "c", gettext_noop("Video acquisition not compliant")),
    Criterion("exclusion_d", Kind.EXCLUSION, "d", gettext_noop("Multifocal or bilateral disease")),
    Criterion(
        "exclusion_e", Kind.EXCLUSION, "e",
        gettext_noop("Pathology shows non-invasive cancer or a benign lesion"),
    ),
    Criterion("exclusion_f", Kind.EXCLUSION, "f", gettext_noop("Non-mass lesion")),
)  # fmt: skip
CODES = tuple(criterion.code for criterion in CRITERIA)
BY_CODE = dict(zip(CODES, CRITERIA, strict=True))


@dataclass(frozen=True)
class Facts:
    """What is recorded of one patient; None = not recorded.

    missing_clinical: names of the primary clinical fields that are known to be missing; None as long as some
        are still to be entered.
    open_clinical: names of those that are still to be entered.
    acquisition: the rows of `acquisition` together, shown as evidence.
    acquisition_compliant: the coordinator's decision on the acquisition, which is what counts for
        exclusion (c).
    biopsied: whether a core needle biopsy was ever taken before surgery.
    """

    ultrasound: date | None = None
    surgery: date | None = None
    biopsy: date | None = None
    biopsied: bool | None = None
    suspected_lesion: bool | None = None
    surgery_intended: bool | None = None
    missing_clinical: tuple[str, ...] | None = None
    open_clinical: tuple[str, ...] = ()
    has_video: bool | None = None
    acquisition: Verdict = Verdict.NOT_RECORDED
    acquisition_compliant: bool | None = None
    multifocal: bool | None = None
    bilateral: bool | None = None
    pathology: Pathology | None = None
    mass: bool | None = None


@dataclass(frozen=True)
class EligibilityRow:
    """One criterion for one patient: `verdict` says whether the criterion (also an exclusion) is met."""

    criterion: Criterion
    verdict: Verdict
    evidence: Sentence

    @property
    def excludes(self) -> bool:
        """True where this row alone keeps the patient out."""
        wrong = Verdict.NOT_MET if self.criterion.kind is Kind.INCLUSION else Verdict.MET
        return self.verdict is wrong


def eligibility_rows(facts: Facts) -> tuple[EligibilityRow, ...]:
    """Every criterion for one patient, in the order of the protocol."""
    found = {
        "inclusion_a": _timing(facts),
        "inclusion_b": _clinical(facts),
        "inclusion_c": _intent(facts),
        "exclusion_a": _biopsy(facts),
        "exclusion_b": _missing(facts),
        "exclusion_c": _acquisition(facts),
        "exclusion_d": _extent(facts),
        "exclusion_e": _pathology(facts),
        "exclusion_f": _shape(facts),
    }
    return tuple(EligibilityRow(criterion, *found[criterion.code]) for criterion in CRITERIA)


def decide(rows: Iterable[EligibilityRow]) -> Decision:
    """What the rows come to: one that excludes suffices; inclusion needs every row on record."""
    listed = tuple(rows)
    if any(row.excludes for row in listed):
        return Decision.EXCLUDED
    if not listed or any(row.verdict is Verdict.NOT_RECORDED for row in listed):
        return Decision.UNDECIDED
    return Decision.INCLUDED


def reasons(rows: Iterable[EligibilityRow]) -> tuple[str, ...]:
    """The codes of all criteria that exclude, in the order of the protocol."""
    return tuple(row.criterion.code for row in rows if row.excludes)


_Found = tuple[Verdict, Sentence]
_YES, _NO, _UNKNOWN = gettext_noop("yes"), gettext_noop("no"), gettext_noop("not recorded")


def _word(value: bool | None) -> str:
    return _UNKNOWN if value is None else _YES if value else _NO


def _intent(facts: Facts) -> _Found:
    sentence = Sentence(gettext_noop("Surgery intended: %(word)s."), word=_word(facts.surgery_intended))
    return from_bool(facts.surgery_intended), sentence


def _timing(facts: Facts) -> _Found:
    """Inclusion (a): 0 to 7 days from ultrasound to surgery, and a suspected lesion."""
    if facts.ultrasound is None or facts.surgery is None:
        in_time, days = None, _UNKNOWN
    else:
        apart = (facts.surgery - facts.ultrasound).days
        in_time, days = 0 <= apart <= MAX_DAYS_BEFORE_SURGERY, str(apart)
    template = gettext_noop("Days from ultrasound to surgery: %(days)s; suspected lesion: %(lesion)s.")
    sentence = Sentence(template, days=days, lesion=_word(facts.suspected_lesion))
    return together((from_bool(in_time), from_bool(facts.suspected_lesion))), sentence


def _clinical(facts: Facts) -> _Found:
    if facts.missing_clinical is None and facts.open_clinical:
        template = gettext_noop("Still to be entered: %(names)s.")
        return Verdict.NOT_RECORDED, Sentence(template, names=facts.open_clinical)
    if facts.missing_clinical is None:
        return Verdict.NOT_RECORDED, Sentence(gettext_noop("No clinical data were entered."))
    if not facts.missing_clinical:
        return Verdict.MET, Sentence(gettext_noop("All primary clinical fields are filled."))
    template = gettext_noop("Missing: %(names)s.")
    return Verdict.NOT_MET, Sentence(template, names=facts.missing_clinical)


def _biopsy(facts: Facts) -> _Found:
    """Exclusion (a); a biopsy on the day of the ultrasound is not decided, the order is not on record."""
    if facts.biopsied is False and facts.biopsy is None:
        return Verdict.NOT_MET, Sentence(gettext_noop("No core needle biopsy was taken."))
    if facts.biopsy is None or facts.ultrasound is None:
        return Verdict.NOT_RECORDED, Sentence(
            gettext_noop("The date of the biopsy or the ultrasound is missing.")
        )
    values = {"biopsy": facts.biopsy.isoformat(), "ultrasound": facts.ultrasound.isoformat()}
    if facts.biopsy == facts.ultrasound:
        template = gettext_noop(
            "Biopsy and ultrasound on the same day, %(biopsy)s; which came first is not recorded."
        )
        return Verdict.NOT_RECORDED, Sentence(template, biopsy=values["biopsy"])
    template = gettext_noop("Biopsy on %(biopsy)s, ultrasound on %(ultrasound)s.")
    return from_bool(facts.biopsy < facts.ultrasound), Sentence(template, **values)


def _missing(facts: Facts) -> _Found:
    """Exclusion (b): met as soon as one of the two is known to be missing."""
    clinical = None if facts.missing_clinical is None else not facts.missing_clinical
    there = together((from_bool(clinical), from_bool(facts.has_video)))
    opposite = {Verdict.MET: Verdict.NOT_MET, Verdict.NOT_MET: Verdict.MET}
    template = gettext_noop("Clinical data complete: %(clinical)s; video present: %(video)s.")
    sentence = Sentence(template, clinical=_word(clinical), video=_word(facts.has_video))
    return opposite.get(there, there), sentence


def _acquisition(facts: Facts) -> _Found:
    decided = None if facts.acquisition_compliant is None else not facts.acquisition_compliant
    template = gettext_noop("Rules of the acquisition: %(rules)s; compliant by the coordinator: %(word)s.")
    sentence = Sentence(template, rules=str(facts.acquisition), word=_word(facts.acquisition_compliant))
    return from_bool(decided), sentence


def _extent(facts: Facts) -> _Found:
    template = gettext_noop("Multifocal: %(multifocal)s; bilateral: %(bilateral)s.")
    sentence = Sentence(template, multifocal=_word(facts.multifocal), bilateral=_word(facts.bilateral))
    if facts.multifocal or facts.bilateral:
        return Verdict.MET, sentence
    known = facts.multifocal is not None and facts.bilateral is not None
    return (Verdict.NOT_MET if known else Verdict.NOT_RECORDED), sentence


def _pathology(facts: Facts) -> _Found:
    shown = {"invasive": gettext_noop("invasive cancer"), "non_invasive": gettext_noop("non-invasive cancer")}
    word = _UNKNOWN if facts.pathology is None else shown.get(facts.pathology, gettext_noop("benign lesion"))
    excluded = None if facts.pathology is None else facts.pathology != "invasive"
    return from_bool(excluded), Sentence(gettext_noop("Pathology: %(word)s."), word=word)


def _shape(facts: Facts) -> _Found:
    excluded = None if facts.mass is None else not facts.mass
    return from_bool(excluded), Sentence(gettext_noop("Mass lesion: %(word)s."), word=_word(facts.mass))
