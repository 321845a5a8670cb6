"""What of a held-out side was edited after a look, in words: then its evaluation does not count (G7)."""

from collections.abc import Iterable, Sequence

from django.utils.translation import gettext as _

from analysis.models import Evaluation
from analysis.selectors import active_ensemble
from analysis.services.judged_inputs import BOXES, CLINICAL, LABEL, Edited, JudgedInputs, judged_inputs
from studies.downloads import banner
from studies.models import Study

HELD_OUT = (Evaluation.Cohort.TEST, Evaluation.Cohort.TEMPORAL)
MOST = 20
"""So many edits are named where there is little room; the results page names all of them."""


def edits_of(study: Study, cohort: str = Evaluation.Cohort.TEST) -> JudgedInputs:
    """Edits that take the newest evaluation of the ensemble of record on a held-out side its worth."""
    return judged_inputs(active_ensemble(study), cohort)


def invalid_words(edits: Sequence[Edited], most: int = MOST, *, cohort: str = Evaluation.Cohort.TEST) -> str:
    """One sentence that names the edits, empty where there is none."""
    if not edits:
        return ""
    named = "; ".join(edit_lines(edits[:most]))
    more = _(" and %d more") % (len(edits) - most) if len(edits) > most else ""
    said = {
        Evaluation.Cohort.TEST: _(
            "INVALID: the test side was edited after somebody had looked at it: %(named)s%(more)s."
        ),
        Evaluation.Cohort.TEMPORAL: _(
            "INVALID: the temporal test was edited after somebody had looked at it: %(named)s%(more)s."
        ),
    }
    return said[Evaluation.Cohort(cohort)] % {"named": named, "more": more}


def edit_lines(edits: Iterable[Edited]) -> list[str]:
    """Patient, what changed, and between which looks."""
    parts = {BOXES: _("boxes"), LABEL: _("label"), CLINICAL: _("clinical values")}
    return [f"{edit.code} ({parts[edit.part]}, {_when(edit)})" for edit in edits]


def unknown_words(found: JudgedInputs) -> str:
    """Said where an evaluation was stored without digests, empty otherwise."""
    if found.known:
        return ""
    return _(
        "This evaluation was stored without digests of what was judged, so edits of the test side since then "
        "cannot be found by them; the audit trail lists every edit."
    )


def export_banner(study: Study) -> str:
    """What every export of results says of itself: simulated, research use, and invalid where it is."""
    said = [invalid_words(edits_of(study, side).edits, cohort=side) for side in HELD_OUT]
    return " ".join(words for words in (banner(study), *said) if words)


def _when(edit: Edited) -> str:
    if edit.before is None:
        return _("after look %d") % edit.after
    return _("between looks %(first)d and %(second)d") % {"first": edit.after, "second": edit.before}
