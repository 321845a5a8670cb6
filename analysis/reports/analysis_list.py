"""The further analyses of an ensemble, each with its question, what it costs, and what was found so far."""

from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from analysis.models import Evaluation, ModelVersion, Supplement
from analysis.selectors import supplements_for

Kind = Supplement.Kind

SECONDS, MINUTES, LONG = _("seconds"), _("minutes"), _("minutes to hours: every cine is described again")


@dataclass(frozen=True, slots=True)
class Question:
    """What an analysis asks, and how long it takes, roughly."""

    words: Promise
    cost: Promise


QUESTIONS: dict[str, Question] = {
    Kind.EXPLANATION: Question(_("Which textures and rhythms do the classifiers go by?"), SECONDS),
    Kind.SUBGROUPS: Question(
        _("Is the model as good at every site, machine, age, stage and size of lesion?"), SECONDS
    ),
    Kind.CONFOUNDERS: Question(
        _("Do length, frame rate or coverage of the recording alone give the outcome away?"), SECONDS
    ),
    Kind.SHUFFLE: Question(_("Does the pipeline learn from labels that mean nothing?"), MINUTES),
    Kind.LEARNING_CURVE: Question(_("Would more patients help?"), MINUTES),
    Kind.LABEL_RULES: Question(_("Does the result hang on ASCO/CAP or the paper’s rule?"), MINUTES),
    Kind.THREE_WAY: Question(_("Can positive, low and zero be told apart?"), MINUTES),
    Kind.BOX_SOURCE: Question(_("What if the model’s boxes had been used instead of a reader’s?"), MINUTES),
    Kind.READERS: Question(_("How far do the scores of two readers’ boxes agree?"), MINUTES),
    Kind.BOX_JITTER: Question(_("What if the boxes were a little off?"), LONG),
    Kind.MASKS: Question(_("What if the mask were an ellipse, or the segmented lesion?"), LONG),
    Kind.RINGS: Question(_("Does the tissue 1, 3 or 5 mm around the lesion help?"), LONG),
    Kind.OUTSIDE: Question(_("Does the tissue outside the lesion predict as well? It should not."), LONG),
}
"""In the order of the page: quick ones first."""


@dataclass(frozen=True, slots=True)
class AnalysisRow:
    """One analysis of one ensemble: what it asks, and the newest rows out of fold and on the test side."""

    kind: str
    label: str
    question: Question
    found: Supplement | None
    on_test: Supplement | None

    @property
    def is_due(self) -> bool:
        """Whether it is offered first: not done yet, and no cine has to be described again."""
        return self.found is None and self.question.cost is not LONG

    @property
    def reason(self) -> str:
        """Why the newest one gave no figures, empty where it did."""
        return str(self.found.results.get("reason", "")) if self.found else ""

    @property
    def cautions(self) -> list[str]:
        """What to bear in mind."""
        stored: dict[str, Any] = self.found.results if self.found else {}
        return list(stored.get("cautions", []))


def analyses_of(version: ModelVersion, *, viewer: User) -> list[AnalysisRow]:
    """All further analyses, done or not."""
    rows = supplements_for(version, viewer=viewer)
    return [
        AnalysisRow(
            kind,
            Kind(kind).label,
            question,
            rows.get((kind, Evaluation.Cohort.OUT_OF_FOLD)),
            rows.get((kind, Evaluation.Cohort.TEST)),
        )
        for kind, question in QUESTIONS.items()
    ]
