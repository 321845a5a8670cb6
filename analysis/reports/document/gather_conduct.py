"""Rows of pathology, grants and the trail -> facts: reference standard, blinding, seal and looks."""

from collections import Counter
from collections.abc import Iterable, Sequence

from django.db.models import Min
from django.utils import timezone

from analysis.models import Evaluation, ModelVersion, Prediction
from analysis.reports.document.facts import Conduct, LookFact, Reference
from analysis.reports.document.gather_images import spread
from analysis.reports.document.gather_patients import Case
from analysis.services.judged_inputs import judged_inputs
from studies.models import AuditEvent, Label, Look, Membership, Revision, RoleGrant, Specimen, Study, Track
from studies.permissions import LABEL_ROLES, RESULT_ROLES, Role
from studies.services.audit import audit_first_broken
from studies.services.labels_of_record import outcome_of
from studies.services.membership import labels_are_open, seal_digest

DAY = "%Y-%m-%d"


def gather_reference(study: Study, cases: Sequence[Case], *, opened: bool) -> Reference:
    """The reference standard; calls of the test side only where somebody took a look."""
    labels = Label.objects.filter(specimen__patient__study=study)
    locked = labels.filter(status=Label.Status.LOCKED)
    counted = [c for c in cases if c.label and labels_are_open(c.side, opened=opened)]
    of_record = [case.label for case in counted if case.label]
    pairs = [(outcome_of(label, "asco_cap"), outcome_of(label, "paper")) for label in of_record]
    days = [apart for case in cases if (apart := _days_from_exam(case)) is not None]
    return Reference(
        rule=study.label_rule,
        engines=dict(Counter(locked.values_list("engine_version", flat=True))),
        specimens=dict(Counter(Specimen.objects.filter(patient__study=study).values_list("kind", flat=True))),
        readings=dict(Counter(locked.values_list("role", flat=True))),
        drafts=labels.filter(status=Label.Status.DRAFT).count(),
        readers=locked.exclude(reader=None).values("reader").distinct().count(),
        calls=dict(Counter(label.call for label in of_record)),
        categories=dict(Counter(label.category for label in of_record if label.category)),
        ihc=dict(Counter(label.ihc_score for label in of_record if label.ihc_score)),
        rules_differ=sum(asco != paper for asco, paper in pairs),
        compared=len(pairs),
        days_from_exam=spread(days),
        days_known=len(days),
        after_prediction=_labels_after_prediction(study),
    )


def gather_conduct(study: Study, version: ModelVersion | None) -> Conduct:
    """Seal, looks, blinding by grants, and the audit trail, which is verified from its first event."""
    looks = list(study.looks.select_related("actor").order_by("number"))
    grants = _roles_by_user(study)
    readers = [roles for roles in grants.values() if Role.SONOGRAPHER in roles]
    pathologists = [roles for roles in grants.values() if Role.PATHOLOGIST in roles]
    trainers = [roles for roles in grants.values() if Role.ADMINISTRATOR in roles]
    edited = judged_inputs(version)
    denials = AuditEvent.objects.filter(study=study, action="permission.denied")
    return Conduct(
        split_rules=dict(
            Counter(Membership.objects.filter(patient__study=study).values_list("rule", flat=True))
        ),
        split_seed=study.split_seed,
        sealed_on=study.sealed_at.strftime(DAY) if study.sealed_at else "",
        seal_hash=study.seal_hash,
        seal_intact=seal_digest(study) == study.seal_hash if study.is_sealed else None,
        looks=_look_facts(looks, grants),
        temporal_looks=_look_facts(study.temporal_looks.order_by("number"), grants),
        readers_granted=len(readers),
        readers_unblinded=_readers_unblinded(study, grants),
        pathologists_granted=len(pathologists),
        pathologists_seeing_predictions=sum(_sees(roles, RESULT_ROLES) for roles in pathologists),
        trainers_granted=len(trainers),
        trainers_seeing_labels=sum(_sees(roles, LABEL_ROLES) for roles in trainers),
        denials=denials.count(),
        denied_people=denials.values("actor").distinct().count(),
        test_box_edits=_test_edits(study, looks[0].created_at if looks else timezone.now()),
        test_edits=edited.edits,
        test_inputs_known=edited.known,
        temporal_edits=judged_inputs(version, Evaluation.Cohort.TEMPORAL).edits,
        events=AuditEvent.objects.filter(study=study).count(),
        trail_intact=audit_first_broken() is None,
    )


def _look_facts(looks: Iterable[Look], grants: dict[int, frozenset[str]]) -> tuple[LookFact, ...]:
    return tuple(
        LookFact(
            look.number,
            look.created_at.strftime(DAY),
            _role_of(grants.get(look.actor_id, frozenset())),
            look.reason,
        )
        for look in looks
    )


def _roles_by_user(study: Study) -> dict[int, frozenset[str]]:
    found: dict[int, set[str]] = {}
    for user, role in RoleGrant.objects.filter(study=study).values_list("user_id", "role"):
        found.setdefault(user, set()).add(role)
    return {user: frozenset(roles) for user, roles in found.items()}


def _sees(roles: frozenset[str], open_to: frozenset[str]) -> bool:
    """Whether these roles open something: a sonographer's grant closes it whatever else is held."""
    return Role.SONOGRAPHER not in roles and bool(roles & open_to)


def _role_of(roles: frozenset[str]) -> str:
    order = (Role.ADMINISTRATOR, Role.COORDINATOR, Role.CLINICIAN)
    return next((str(role) for role in order if role in roles), "")


def _readers_unblinded(study: Study, grants: dict[int, frozenset[str]]) -> int:
    """Readers with a signed track whose roles as they are now would show them labels or predictions."""
    signed = Track.objects.filter(
        clip__exam__patient__study=study, source=Track.Source.READER, status=Track.Status.SIGNED
    )
    readers = set(signed.values_list("reader_id", flat=True))
    return sum(_sees(grants.get(reader, frozenset()), LABEL_ROLES | RESULT_ROLES) for reader in readers)


def _labels_after_prediction(study: Study) -> int:
    """Patients whose label was signed after a prediction of them existed."""
    first = Prediction.objects.filter(patient__study=study).values("patient").annotate(at=Min("created_at"))
    made = {row["patient"]: row["at"] for row in first.order_by()}
    locked = Label.objects.filter(specimen__patient__in=made, status=Label.Status.LOCKED)
    signed = locked.values_list("specimen__patient", "locked_at")
    return len({patient for patient, at in signed if at > made[patient]})


def _test_edits(study: Study, since) -> int:
    """Revisions by people of boxes on cines of test patients since the first look."""
    revisions = Revision.objects.filter(
        track__clip__exam__patient__study=study,
        track__clip__exam__patient__membership__side=Membership.Side.TEST,
        author__isnull=False,
        created_at__gt=since,
    )
    return revisions.count()


def _days_from_exam(case: Case) -> int | None:
    """Days from the first dated exam to the tissue of the label of record."""
    days = [exam.performed_on for exam in case.patient.exams.all() if exam.performed_on]
    taken = case.label.specimen.taken_on if case.label else None
    return (taken - min(days)).days if days and taken else None
