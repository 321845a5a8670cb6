"""Drawing the split: stratified by outcome, seeded, linked patients kept on one side."""

from collections import defaultdict

from django.contrib.auth.models import AbstractBaseUser

from analysis.pipeline.splits import split_patients
from studies.errors import RuleViolationError
from studies.models import Clip, Membership, Patient, Study
from studies.services.labels_of_record import label_of_record, outcome_of
from studies.services.membership import membership_assign

RULE = "stratified 4:1 by outcome, seed {seed}, linked patients together"
TOO_FEW = "There are {n} patients with a final HER2 label; label more of them before drawing the split."


def study_split(*, actor: AbstractBaseUser, study: Study) -> int:
    """Put every patient with a final outcome on the training or the test side; return how many.

    Raises RuleViolationError when the study is split already or labels are too few.
    """
    if Membership.objects.filter(patient__study=study).exists():
        raise RuleViolationError("The split is drawn already; a patient never moves.")
    patients = list(study.patients.prefetch_related("specimens__labels").order_by("code"))
    outcomes = {p: outcome_of(label_of_record(p), study.label_rule) for p in patients}
    known = [p for p in patients if outcomes[p] is not None]
    labels = [int(bool(outcomes[p])) for p in known]
    if min(labels.count(0), labels.count(1)) < 2:
        raise RuleViolationError(TOO_FEW.format(n=len(known)))
    links = linked_patients(study)
    split = split_patients(
        [p.code for p in known], labels, groups=[links[p.pk] for p in known], seed=study.split_seed
    )
    sides = {known[i].pk: Membership.Side.TRAINING for i in split.training}
    sides |= {known[i].pk: Membership.Side.TEST for i in split.test}
    return membership_assign(actor=actor, study=study, sides=sides, rule=RULE.format(seed=study.split_seed))


def linked_patients(study: Study) -> dict[object, str]:
    """Return patient id to group name; patients that share a file or look-alike clips share a group."""
    parent: dict[object, object] = {
        pk: pk for pk in Patient.objects.filter(study=study).values_list("pk", flat=True)
    }

    def root(pk: object) -> object:
        while parent[pk] != pk:
            pk = parent[pk]
        return pk

    owners: dict[tuple[str, str], list[object]] = defaultdict(list)
    clips = Clip.objects.filter(exam__patient__study=study)
    for pk, source, looks in clips.values_list("exam__patient_id", "source_sha256", "perceptual_hash"):
        owners["file", source].append(pk)
        if looks:
            owners["looks", looks].append(pk)
    for linked in owners.values():
        for pk in linked[1:]:
            parent[root(pk)] = root(linked[0])
    return {pk: str(root(pk)) for pk in parent}
