"""Further analyses that may be stored beside an ensemble: what each is called, and whether it was done."""

from django.utils.translation import gettext as _

from analysis.reports.document.facts import StudyFacts
from analysis.reports.document.findings import Finding, Topic, met, unmet


def further_words() -> dict[str, str]:
    """Kind of a further analysis to its words, in the order of the report."""
    return {
        "subgroups": _("subgroups"),
        "confounders": _("length, frame rate and coverage of the recording"),
        "label_rules": _("other label rules"),
        "box_source": _("boxes of the detector and of readers"),
        "box_jitter": _("moved boxes"),
        "masks": _("other masks"),
        "readers": _("several readers (Obuchowski–Rockette)"),
        "shuffle": _("negative control: shuffled labels"),
        "outside": _("negative control: tissue outside the lesion"),
        "learning_curve": _("learning curve"),
        "explanation": _("what drives the video classifier (SHAP)"),
        "rings": _("rings around the lesion"),
        "three_way": _("three-way HER2 (positive, low, zero)"),
    }


def _subgroups(facts: StudyFacts) -> Finding:
    if "subgroups" not in facts.further:
        return unmet(_("No subgroup was judged."), "results")
    return met(_("Subgroups are stored; groups under 20 patients are marked."), "results")


FURTHER_TOPICS: dict[str, Topic] = {"subgroups": _subgroups}
