"""What training again would learn from, what is new since the last time, and what stands in the way."""

from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import User
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from analysis.models import Job, ModelVersion
from analysis.pipeline.splits import MINIMUM_PER_CLASS
from analysis.reports.since_training import SinceTraining, Standing, since_training, standings
from analysis.services.split import newcomers_ready
from studies.models import Label, Membership, Study, Track
from studies.permissions import can_seal


@dataclass(frozen=True, slots=True)
class Condition:
    """Something that must hold before training can start; url: where to see to it, if anywhere."""

    is_met: bool
    words: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """One kind of news since the training: how many, of which patients, and what it means."""

    label: str
    count: int
    meaning: str
    codes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Outlook:
    """What training would use now.

    positive, negative: patients it would learn from; joining: newcomers among them; since: against the
    newest version, None before the first.
    """

    version: ModelVersion | None
    since: SinceTraining | None
    changes: tuple[Change, ...]
    conditions: tuple[Condition, ...]
    positive: int
    negative: int
    joining: int

    @property
    def n(self) -> int:
        """How many patients it would learn from."""
        return self.positive + self.negative

    @property
    def may_start(self) -> bool:
        """Whether every condition is met."""
        return all(condition.is_met for condition in self.conditions)

    @property
    def is_same(self) -> bool:
        """Whether training again would learn from exactly what the newest version learned from."""
        return self.since is not None and self.since.is_empty and not self.joining


def training_outlook(
    study: Study, newest: ModelVersion | None, running: Job | None, *, viewer: User
) -> Outlook:
    """Read the training side and whoever has no side; nothing of the test side. Links suit the viewer."""
    found = standings(study)
    joins = study.newcomer_rule == study.NewcomerRule.TRAINING
    joining = set(newcomers_ready(study)) if joins else set()
    usable = [row for row in found if row.is_usable and (row.on_side or row.pk in joining)]
    positive = sum(bool(row.outcome) for row in usable)
    negative = len(usable) - positive
    since = since_training(study, newest, found) if newest else None
    return Outlook(
        version=newest,
        since=since,
        changes=_changes(study, newest, since, found) if newest and since else (),
        conditions=_conditions(study, positive, negative, running, viewer),
        positive=positive,
        negative=negative,
        joining=sum(not row.on_side for row in usable),
    )


def _conditions(
    study: Study, positive: int, negative: int, running: Job | None, viewer: User
) -> tuple[Condition, ...]:
    enough = min(positive, negative) >= MINIMUM_PER_CLASS
    counts = {"least": MINIMUM_PER_CLASS, "positive": positive, "negative": negative}
    return (
        Condition(True, _("The split is sealed, so no patient changes sides."))
        if study.is_sealed
        else Condition(
            False,
            _("The split is not sealed yet: a coordinator draws and seals it."),
            reverse("split", args=[study.slug]) if can_seal(viewer, study) else "",
        ),
        Condition(
            enough,
            _(
                "At least %(least)s patients of each class have a final label and features: %(positive)s "
                "HER2-positive, %(negative)s HER2-negative."
            )
            % counts
            if enough
            else _(
                "Too few to learn from: %(least)s patients of each class need a final label and features; "
                "there are %(positive)s HER2-positive and %(negative)s HER2-negative. The cohort page shows "
                "what the others lack."
            )
            % counts,
            "" if enough else reverse("cohort", args=[study.slug]),
        ),
        Condition(True, _("No other training is under way."))
        if running is None
        else Condition(
            False, _("A training is under way; wait for it, or cancel it."), reverse("job", args=[running.pk])
        ),
    )


def _changes(
    study: Study, version: ModelVersion, since: SinceTraining, found: list[Standing]
) -> tuple[Change, ...]:
    """What happened since the version was trained, by what it means for the next one."""
    at = version.created_at
    return (
        Change(_("Patients new on the training side"), len(since.new), _("will be learned from"), since.new),
        Change(
            _("Other HER2 outcome than then"), len(since.relabelled), _("will be relearned"), since.relabelled
        ),
        Change(
            _("Other boxes or features than then"),
            len(since.described),
            _("will be relearned"),
            since.described,
        ),
        Change(_("Cannot be used any more"), len(since.lost), _("will be left out"), since.lost),
        Change(
            _("Labelled, but without a side or without features"),
            len(since.waiting),
            _waiting_meaning(study),
            since.waiting,
        ),
        Change(_("HER2 labels signed"), labels_signed(study, at), _("training side, and who has no side")),
        Change(_("Tracks signed"), tracks_signed(study, at), _("training side, and who has no side")),
    )


def _waiting_meaning(study: Study) -> str:
    if study.newcomer_rule == Study.NewcomerRule.TRAINING:
        return _("join when training starts, if they have features and no link to a test patient")
    return _("wait for a later test side, by the rule of this study")


def labels_signed(study: Study, since: datetime) -> int:
    """HER2 labels locked since then, of patients who are not on the test side."""
    labels = Label.objects.filter(specimen__patient__study=study, locked_at__gt=since)
    return labels.exclude(specimen__patient__membership__side=Membership.Side.TEST).count()


def tracks_signed(study: Study, since: datetime) -> int:
    """Tracks that people signed since then, of patients who are not on the test side."""
    tracks = Track.objects.filter(
        clip__exam__patient__study=study, status=Track.Status.SIGNED, signed_at__gt=since
    )
    return tracks.exclude(clip__exam__patient__membership__side=Membership.Side.TEST).count()


def learned_from(outlook: Outlook) -> str:
    """One sentence: how many patients training would learn from now."""
    words = ngettext(
        "It would learn from %(n)s patient: %(positive)s HER2-positive, %(negative)s HER2-negative.",
        "It would learn from %(n)s patients: %(positive)s HER2-positive, %(negative)s HER2-negative.",
        outlook.n,
    )
    return words % {"n": outlook.n, "positive": outlook.positive, "negative": outlook.negative}
