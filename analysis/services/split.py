"""Drawing the split: stratified by outcome, seeded, linked patients kept on one side."""

from collections.abc import Iterable, Mapping
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction

from analysis.models import Job
from analysis.pipeline.splits import split_patients
from analysis.selectors import index_clip
from analysis.services.jobs import job_enqueue
from analysis.services.links import linked_patients
from studies.errors import RuleViolationError
from studies.models import Clip, Membership, Study
from studies.services.labels_of_record import outcomes_of
from studies.services.membership import NEWCOMERS, membership_assign, study_freeze_base
from studies.services.recruitment import eligible_patients

RULE = "stratified 4:1 by outcome, seed {seed}, linked patients together"
TOO_FEW = "There are {n} patients with a final HER2 label; label more of them before drawing the split."


@transaction.atomic
def study_split(*, actor: User, study: Study) -> int:
    """Put every patient with a final outcome on the training or the test side; return how many.

    Raises RuleViolationError when the study is split already or labels are too few.
    """
    if Membership.objects.filter(patient__study=study).exists():
        raise RuleViolationError("The split is drawn already; a patient never moves.")
    patients = eligible_patients(study)
    outcomes = outcomes_of(patients, study.label_rule)
    known = [p for p in patients.order_by("code") if outcomes[p.pk] is not None]
    labels = [int(bool(outcomes[p.pk])) for p in known]
    if min(labels.count(0), labels.count(1)) < 2:
        raise RuleViolationError(TOO_FEW.format(n=len(known)))
    links = linked_patients(study)
    split = split_patients(
        [p.code for p in known], labels, groups=[links[p.pk] for p in known], seed=study.split_seed
    )
    base = common_base([index_clip(known[i]) for i in split.training])
    study_freeze_base(actor=actor, study=study, base=base)
    sides = {known[i].pk: Membership.Side.TRAINING for i in split.training}
    sides |= {known[i].pk: Membership.Side.TEST for i in split.test}
    rule = RULE.format(seed=study.split_seed)
    count = membership_assign(actor=actor, study=study, sides=sides, rule=rule)
    for clip in Clip.objects.filter(exam__patient__study=study, n_frames__gt=1):
        job_enqueue(actor=None, kind=Job.Kind.DESCRIBE, study=study, clip=clip)
    return count


def newcomers_join(*, actor: User | None, study: Study) -> int:
    """Put labelled patients who came after the seal where the study's stored rule says; return how many."""
    ready = newcomers_ready(study)
    if not ready:
        return 0
    side, rule = NEWCOMERS[Study.NewcomerRule(study.newcomer_rule)]
    return membership_assign(actor=actor, study=study, sides=dict.fromkeys(ready, side), rule=rule)


def newcomers_ready(study: Study) -> list[UUID]:
    """Labelled patients without a side who get the one that the study's rule says.

    A newcomer who is linked to a patient of another side gets none, so that nobody stands on two.
    """
    rule = Study.NewcomerRule(study.newcomer_rule)
    if not study.is_sealed or rule not in NEWCOMERS:
        return []
    side, _words = NEWCOMERS[rule]
    outcomes = outcomes_of(eligible_patients(study).filter(membership__isnull=True), study.label_rule)
    newcomers = [pk for pk, outcome in outcomes.items() if outcome is not None]
    if not newcomers:
        return []
    links = linked_patients(study)
    elsewhere = _links_of_others(study, side, links)
    return [pk for pk in newcomers if links[pk] not in elsewhere]


def _links_of_others(study: Study, side: str, links: Mapping[UUID, str]) -> set[str]:
    """Groups that have a member on another side: a linked newcomer must not join this one."""
    members = Membership.objects.filter(patient__study=study).exclude(side=side)
    return {links[pk] for pk in members.values_list("patient_id", flat=True)}


def common_base(clips: Iterable[Clip | None]) -> dict[str, object]:
    """Return the units that every training clip can meet: hz and mm only where all of them know theirs.

    fmax: half the slowest frame rate of the training clips (SCIENCE 2.5), None on cycles.
    """
    known = [clip for clip in clips if clip is not None]
    rates = [clip.fps for clip in known]
    timed = bool(rates) and all(rate is not None for rate in rates)
    calibrated = bool(known) and all(clip.spacing_mm is not None for clip in known)
    return {
        "time_base": "hz" if timed else "cycles",
        "spacing_base": "mm" if calibrated else "px",
        "fmax": min(rate for rate in rates if rate is not None) / 2 if timed else None,
    }
