"""What was edited on the test side after a look, in words: such an evaluation does not count (HONESTY G7)."""

from collections.abc import Iterable, Sequence

from django.utils.translation import gettext as _

from analysis.selectors import active_ensemble
from analysis.services.judged_inputs import BOXES, CLINICAL, LABEL, Edited, JudgedInputs, judged_inputs
from studies.downloads import banner
from studies.models import Study

MOST = 20
"""So many edits are named where there is little room; the results page names all of them."""


def edits_of(study: Study) -> JudgedInputs:
    """Edits that take the newest test evaluation of the ensemble of record its worth."""
    return judged_inputs(active_ensemble(study))


def invalid_words(edits: Sequence[Edited], most: int = MOST) -> str:
    """One sentence that names the edits, empty where there is none."""
    if not edits:
        return ""
    named = "; ".join(edit_lines(edits[:most]))
    more = _(" and %d more") % (len(edits) - most) if len(edits) > most else ""
    return _("INVALID: the test side was edited after somebody had looked at it: %(named)s%(more)s.") % {
        "named": named, "more": more,
    }  # fmt: skip


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
    return " ".join(words for words in (banner(study), invalid_words(edits_of(study).edits)) if words)


def _when(edit: Edited) -> str:
    if edit.before is None:
        return _("after look %d") % edit.after
    return _("between looks %(first)d and %(second)d") % {"first": edit.after, "second": edit.before}
