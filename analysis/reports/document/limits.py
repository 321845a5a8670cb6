"""What limits the study, said from its own facts."""

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from analysis.pipeline.metrics import events_per_candidate
from analysis.pipeline.names import DYNAMIC_FEATURES
from analysis.pipeline.types import CLINICAL_VARIABLES
from analysis.reports.document.evidence_further import further_words
from analysis.reports.document.facts import StudyFacts
from analysis.reports.document.methods_data import percent
from analysis.reports.judged_edits import invalid_words

SMALL_CLASS = 100
"""Fewer events than this on the test side is little even by the usual rule of thumb (HONESTY D.5)."""


def limits_of(facts: StudyFacts) -> list[str]:
    """Every limit that the facts show, the weightiest first."""
    found = [
        invalid_words(facts.conduct.test_edits),
        invalid_words(facts.conduct.temporal_edits, cohort="temporal"),
        _simulated(facts),
        _same_centres(facts),
        _looks(facts),
        _few_events(facts),
        *_temporal(facts),
        _selection(facts),
    ]
    found += [_candidates(facts), _gap(facts), _boxes(facts), _timing(facts), _rules(facts), _missing(facts)]
    found += [
        _(
            "Retrospective data. The paper that this study follows does not name its 91 features: those used "
            "here are a documented instance of the family, not the same ones."
        ),
        _not_done(facts),
    ]
    return [text for text in found if text]


def _simulated(facts: StudyFacts) -> str:
    if not facts.study["is_simulated"]:
        return ""
    return _(
        "Simulated patients with a planted difference: no finding here says anything about real disease."
    )


def _same_centres(facts: StudyFacts) -> str:
    if facts.other_centre_or_time:
        return ""
    return _(
        "The test patients were held out at random from the same centres and the same time as the others."
    )


def _looks(facts: StudyFacts) -> str:
    if facts.n_looks < 2:
        return ""
    return _(
        "The test side was looked at %d times; every look after the first may have steered what came later."
    ) % (facts.n_looks)


def _few_events(facts: StudyFacts) -> str:
    test = facts.evaluations.get("test")
    if test is None:
        return _("Nobody has looked at the test side with this version: only out-of-fold figures are known.")
    if test["positive"] >= SMALL_CLASS:
        return ""
    return (
        ngettext(
            "%d HER2-positive patient judges the model; its intervals are wide.",
            "%d HER2-positive patients judge the model; its intervals are wide.",
            test["positive"],
        )
        % (test["positive"])
    )


def _temporal(facts: StudyFacts) -> list[str]:
    """What limits the temporal test: its size, looks that may have steered, and the order of examination."""
    found = facts.patients.temporal
    if found is None:
        return []
    said = [_("Temporal test: %s") % text for text in (found.too_small,) if text]
    if found.n_looks > 1:
        said.append(
            _(
                "The temporal test was looked at %d times; every look after the first may have steered what "
                "came later."
            )
            % found.n_looks
        )
    if found.overlapping:
        said.append(_("Temporal test: %s") % found.when)
    return said


def _selection(facts: StudyFacts) -> str:
    stored = facts.evaluations.get("oof", {}).get("selection")
    if not stored:
        return ""
    return _(
        "The model was chosen among sixteen: corrected for that, the out-of-fold AUC of the best is "
        "%(corrected).3f instead of %(naive).3f."
    ) % {"corrected": stored["corrected"], "naive": stored["naive"]}


def _candidates(facts: StudyFacts) -> str:
    trained = facts.evaluations.get("oof")
    if trained is None:
        return ""
    candidates = len(DYNAMIC_FEATURES) + len(CLINICAL_VARIABLES)
    return _(
        "%(candidates)d candidate predictors for %(events)d events: %(ratio).3f events a candidate, far "
        "below what stable modelling needs."
    ) % {
        "candidates": candidates,
        "events": trained["positive"],
        "ratio": events_per_candidate(trained["positive"], candidates),
    }


def _gap(facts: StudyFacts) -> str:
    areas = {side: row["chosen"]["auc"] for side, row in facts.evaluations.items() if row["chosen"]}
    if "apparent" not in areas or "oof" not in areas:
        return ""
    return _(
        "Apparent AUC on the patients it was fitted on: %(apparent).3f, out of fold: %(oof).3f; only the "
        "second says something about new patients."
    ) % {"apparent": areas["apparent"], "oof": areas["oof"]}


def _boxes(facts: StudyFacts) -> str:
    sources = facts.images.box_sources
    unread = sources.get("model", 0)
    if not unread:
        return ""
    return _("No person has checked the boxes of %s of the cines in use.") % percent(
        unread, sum(sources.values())
    )


def _timing(facts: StudyFacts) -> str:
    images = facts.images
    parts = []
    if images.rate_known < images.cines:
        parts.append(_("the frame rate of %d cines") % (images.cines - images.rate_known))
    if images.spacing_known < images.cines:
        parts.append(_("the pixel spacing of %d cines") % (images.cines - images.spacing_known))
    return _("Not recorded: %s.") % ", ".join(parts) if parts else ""


def _rules(facts: StudyFacts) -> str:
    reference = facts.reference
    if not reference.rules_differ:
        return ""
    return _("Another label rule would change the outcome of %s of the patients.") % percent(
        reference.rules_differ, reference.compared
    )


def _missing(facts: StudyFacts) -> str:
    left = sum(facts.patients.training.left_out.values()) + sum(facts.patients.test.left_out.values())
    if not left:
        return ""
    return ngettext(
        "%d assigned patient could not be used; leaving patients out may bias the figures.",
        "%d assigned patients could not be used; leaving patients out may bias the figures.",
        left,
    ) % (left)


def _not_done(facts: StudyFacts) -> str:
    open_kinds = [words for kind, words in further_words().items() if kind not in facts.further]
    return _("Not done: %s.") % "; ".join(open_kinds) if open_kinds else ""
