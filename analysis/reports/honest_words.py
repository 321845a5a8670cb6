"""Words that the application refuses to print of a study, unless its rows support them (HONESTY D.7).

Five rules, in English and Chinese: an independent test set, a significant difference, an interval without
its method, "validated", and accuracy without the reference of the commoner class. A text that denies the
claim ("not an independent test set") is no claim.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from django.utils.translation import gettext as _


@dataclass(frozen=True, slots=True)
class Claims:
    """What the rows of a study support.

    looks: counted looks at the test side; other_centre_or_time: the test patients come from other centres
    or from a later time than all training patients.
    """

    looks: int = 0
    other_centre_or_time: bool = False


@dataclass(frozen=True, slots=True)
class Refusal:
    """One refused wording: the words as they stand in the text, and the rule that they break."""

    words: str
    rule: str
    start: int
    stop: int

    @property
    def why(self) -> str:
        """Why, and what to write instead, in the language of the page."""
        return _reasons()[self.rule]


@dataclass(frozen=True, slots=True)
class _Rule:
    """found: what is refused; excused: whether the claims, or the text around it, make it true."""

    name: str
    found: re.Pattern[str]
    excused: Callable[[str, str, Claims], bool]


SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z“(])|[。！？；\n]")
DENIED = re.compile(r"\b(?:no|not|never|neither|nor|without|cannot|isn’t|isn't)\b[^,.;]*$|[不非无未]\S{0,8}$")
PATIENT_LEVEL_TEST = re.compile(
    r"DeLong|McNemar|bootstrap|permutation|Obuchowski|Fisher|Mann.Whitney|自助|置换检验", re.IGNORECASE
)
INTERVAL_METHOD = re.compile(
    r"DeLong|Wilson|Clopper|Wald|bootstrap|percentile|BCa|profile|Hanley|Newcombe|Jeffreys|Obuchowski|Simel"
    r"|jackknife|exact|自助|百分位|精确",
    re.IGNORECASE,
)
MAJORITY_REFERENCE = re.compile(
    r"majority|commoner class|no.information rate|call\w* every(?:body|one)|多数类|较多的一类|全部判为",
    re.IGNORECASE,
)
INDEPENDENT = re.compile(
    r"\bindependent(?:ly)?[\s-]+(?:and\s+)?(?:external[\s-]+)?(?:test(?:ing|ed)?|validat\w+|hold[\s-]?out"
    r"|evaluat\w+)(?:[\s-]+(?:set|cohort|sample|data(?:set)?|patients|group|side)s?)?"
    r"|\bexternal(?:ly)?[\s-]+(?:validat\w+|test(?:ing|ed)?\b|evaluat\w+)"
    r"|独立(?:的)?(?:外部)?(?:测试|验证|检验|评估)(?:集|组|队列|样本|数据)?|外部(?:验证|测试|检验)",
    re.IGNORECASE,
)
SIGNIFICANT = re.compile(
    r"\b(?:statistically\s+)?significant(?:ly)?\s+(?:\w+\s+){0,2}?(?:better|superior|higher|greater|lower"
    r"|worse|more|improv\w+|outperform\w*|increas\w+|differen\w+)"
    r"|\b(?:outperform\w*|superior|better)\b[^.;]{0,40}?\bsignificant(?:ly)?|\bstatistically significant"
    r"|(?:显著|明显)(?:地)?(?:优于|高于|低于|好于|提高|提升|改善|优越|更好|更高)"
    r"|(?:有|具有|存在)(?:显著)?统计学(?:意义|差异|显著性)|显著(?:性)?差异",
    re.IGNORECASE,
)
INTERVAL = re.compile(
    r"\b95\s*%\s*(?:CIs?\b|confidence\s+intervals?|confidence\s+limits)|\bconfidence\s+intervals?"
    r"|95\s*%\s*(?:的)?(?:CI\b|置信区间|可信区间)|置信区间|可信区间",
    re.IGNORECASE,
)
VALIDATED = re.compile(
    r"(?<!cross.)(?<!cross)\bvalidated\b|(?:已|经|得到|通过)(?:过|了)?(?:临床|外部|内部)?(?<!交叉)验证",
    re.IGNORECASE,
)
ACCURACY = re.compile(
    r"(?<!diagnostic )\baccuracy\b|\bdiagnostic accuracy\b(?!\s+stud)|准确[率度性](?!研究)", re.IGNORECASE
)

RULES = (
    _Rule("independent", INDEPENDENT, lambda _s, _t, claims: claims.other_centre_or_time),
    _Rule("significant", SIGNIFICANT, lambda sentence, _t, _c: bool(PATIENT_LEVEL_TEST.search(sentence))),
    _Rule("interval", INTERVAL, lambda sentence, _t, _c: bool(INTERVAL_METHOD.search(sentence))),
    _Rule("validated", VALIDATED, lambda _s, _t, claims: claims.looks == 1),
    _Rule("accuracy", ACCURACY, lambda _s, text, _c: bool(MAJORITY_REFERENCE.search(text))),
)
DENIABLE = frozenset({"independent", "significant", "validated"})
STRUCK = "[…]"


def refusals(text: str, claims: Claims) -> tuple[Refusal, ...]:
    """Every wording in a text that the rows do not support, in the order of the text; none is empty."""
    found = [
        Refusal(match.group(), rule.name, match.start(), match.end())
        for rule in RULES
        for match in rule.found.finditer(text)
        if not _is_excused(rule, match, text, claims)
    ]
    return tuple(sorted(found, key=lambda refusal: (refusal.start, refusal.rule)))


def struck(text: str, claims: Claims) -> str:
    """The text with every refused wording struck out: for texts that were stored before they were asked."""
    for refusal in reversed(refusals(text, claims)):
        text = text[: refusal.start] + STRUCK + text[refusal.stop :]
    return text


def _is_excused(rule: _Rule, match: re.Match[str], text: str, claims: Claims) -> bool:
    before, sentence = _sentence_around(match, text)
    if rule.name in DENIABLE and DENIED.search(before):
        return True
    return rule.excused(sentence, text, claims)


def _sentence_around(match: re.Match[str], text: str) -> tuple[str, str]:
    """What stands before the match in its sentence, and the whole sentence."""
    start = max((end.end() for end in SENTENCE_END.finditer(text, 0, match.start())), default=0)
    after = SENTENCE_END.search(text, match.end())
    return text[start : match.start()], text[start : after.start() if after else len(text)]


def _reasons() -> dict[str, str]:
    return {
        "independent": _(
            "The test patients come from the same centres and the same time as the training patients. Write "
            "“held-out patients of the same centres”."
        ),
        "significant": _(
            "A difference needs a test on patients, named in the same sentence: DeLong, exact McNemar, a "
            "bootstrap or a permutation of patients."
        ),
        "interval": _(
            "An interval needs its method in the same sentence, such as DeLong, Wilson or a bootstrap of "
            "patients."
        ),
        "validated": _(
            "Nothing is validated by a test side that nobody has looked at, nor by one that was looked at "
            "more than once. Write what was measured, and after how many looks."
        ),
        "accuracy": _(
            "Accuracy says nothing without its reference: say beside it what calling everybody the majority "
            "class would give."
        ),
    }
