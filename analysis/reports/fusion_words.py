"""The late fusions that can be chosen before training (SCIENCE 4.4), in words."""

from django.utils.translation import gettext as _

from analysis.pipeline.kernels.combiner import METHODS


def fusion_rules() -> dict[str, str]:
    """Fusion to its rule, as it stands inside a sentence."""
    return {
        "mean": _("the mean of both probabilities"),
        "logit_mean": _("the mean of both log-odds"),
        "stack": _("a logistic regression on both log-odds, fitted out of fold"),
        "weighted": _("a weighted mean, the weight chosen out of fold"),
    }


def fusion_rule(fusion: str) -> str:
    """The rule of one fusion; an unknown one under its own name, empty where none is recorded."""
    return fusion_rules().get(fusion, fusion)


def fusion_choices() -> list[tuple[str, str]]:
    """Fusion and rule, the usual one first."""
    return [(method, fusion_rules()[method]) for method in METHODS]


def fusion_note(fusion: str) -> str:
    """One sentence below a table of fused models, empty where the fusion is not recorded."""
    return (
        _("Late fusion: %(rule)s, frozen before training.") % {"rule": fusion_rule(fusion)} if fusion else ""
    )
