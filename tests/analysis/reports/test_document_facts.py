"""The facts of a report: counted from rows, and silent about the sealed test side until somebody looked."""

import pytest
from django.contrib.auth.models import User

from analysis.pipeline.metrics import jsonable
from analysis.reports.document.gather import gather
from analysis.services.reports import facts_digest, statement_save
from studies.models import Label, Membership, RoleGrant, Screening, Study
from studies.services.audit import audit_record
from studies.services.membership import NEW_PATIENT_RULE, look_take
from tests.analysis.reports.reported_study import TEST, TRAINING, outcome, reported_study
from tests.factories import make_feature_set, make_label, make_patient, make_study

pytestmark = pytest.mark.django_db

TRAINING_POSITIVE = sum(outcome(number) for number in range(TRAINING))
TEST_POSITIVE = sum(outcome(number) for number in range(TRAINING, TRAINING + TEST))


@pytest.fixture
def reported():
    return reported_study()


@pytest.fixture
def unlooked():
    return reported_study(look=False)


def facts_of(study: Study):
    return gather(Study.objects.get(pk=study.pk)).facts


def test_the_flow_adds_up_to_everybody_registered(reported):
    patients = facts_of(reported.study).patients
    outside = sum(patients.outside.values())
    assert patients.training.assigned + patients.test.assigned + outside == patients.registered
    assert (patients.training.positive, patients.test.positive) == (TRAINING_POSITIVE, TEST_POSITIVE)
    assert (patients.training.used, patients.test.used) == (TRAINING, TEST)
    assert patients.outside == {"no_label": 1}
    assert patients.lesions == TRAINING + TEST + 1


def test_before_a_look_nothing_tells_the_classes_of_the_test_side(unlooked):
    facts = facts_of(unlooked.study)
    assert facts.patients.test.positive is None
    assert facts.patients.test.used is None
    assert "test" not in facts.evaluations
    assert sum(facts.reference.calls.values()) == TRAINING
    before = jsonable(facts)
    labels = Label.objects.filter(specimen__patient__membership__side="test")
    changed = {label.pk: "NEGATIVE" if label.call == "POSITIVE" else "POSITIVE" for label in labels}
    for pk, call in changed.items():
        Label.objects.filter(pk=pk).update(call=call, ihc_score="3+" if call == "POSITIVE" else "0")
    after = jsonable(facts_of(unlooked.study))
    assert after == before  # the whole of the facts is blind to them, digests included


def test_a_look_opens_the_classes(unlooked):
    look_take(actor=unlooked.people["coordinator"], study=unlooked.study, reason="first")
    patients = facts_of(unlooked.study).patients
    assert patients.test.positive == TEST_POSITIVE


def test_blinding_is_counted_from_grants(reported):
    conduct = facts_of(reported.study).conduct
    assert (conduct.pathologists_granted, conduct.pathologists_seeing_predictions) == (1, 0)
    RoleGrant.objects.create(user=reported.people["pathologist"], role="clinician", study=reported.study)
    assert facts_of(reported.study).conduct.pathologists_seeing_predictions == 1
    RoleGrant.objects.create(user=reported.people["pathologist"], role="sonographer", study=reported.study)
    assert facts_of(reported.study).conduct.pathologists_seeing_predictions == 0  # that grant blinds


def test_denials_and_late_joiners_are_counted(reported):
    audit_record(
        actor=reported.people["sonographer"],
        action="permission.denied",
        target=reported.study,
        study=reported.study,
    )
    late = make_patient(reported.sites[0])
    Membership.objects.create(patient=late, side="training", rule=NEW_PATIENT_RULE)
    facts = facts_of(reported.study)
    assert (facts.conduct.denials, facts.conduct.denied_people) == (1, 1)
    assert facts.patients.late_joiners == 1


def test_a_broken_seal_is_seen(reported):
    assert facts_of(reported.study).conduct.seal_intact is True
    Study.objects.filter(pk=reported.study.pk).update(seal_hash="0" * 64)
    assert facts_of(reported.study).conduct.seal_intact is False


def test_the_screening_counts_decisions_and_first_criteria(reported):
    excluded, included = reported.patients[:2]
    Screening.objects.create(
        patient=excluded, decision="excluded", reason="exclusion_d", reasons=["exclusion_d"]
    )
    Screening.objects.create(patient=included, decision="included")
    patients = facts_of(reported.study).patients
    assert patients.decisions["excluded"] == patients.decisions["included"] == 1
    assert sum(patients.decisions.values()) == patients.registered
    assert patients.excluded_by == {"exclusion_d": 1}


def test_mixed_parameters_are_told_apart(reported):
    used = reported.version.training_snapshot["patients"]
    digest = next(iter(used.values()))[0]
    features = reported.patients[0].exams.get().clips.get().feature_sets.model.objects
    features.filter(digest=digest).update(parameters={"mask_kind": "ellipse"})
    assert [n for _parameters, n in facts_of(reported.study).features.parameter_sets] == [
        TRAINING + TEST - 1,
        1,
    ]


def test_features_outside_the_snapshot_are_not_in_use(reported):
    track = reported.patients[0].exams.get().clips.get().tracks.get()
    make_feature_set(track)
    assert facts_of(reported.study).features.sets == TRAINING + TEST


def test_the_newest_statement_counts_and_an_empty_one_takes_it_back(reported):
    actor: User = reported.people["coordinator"]
    for text in ("Approved.", "Approved by the board."):
        statement_save(actor=actor, study=reported.study, topic="ethics", text=text)
    assert facts_of(reported.study).statements == {"ethics": "Approved by the board."}
    statement_save(actor=actor, study=reported.study, topic="ethics", text="")
    assert facts_of(reported.study).statements == {}


def test_equal_facts_have_equal_digests_and_a_label_changes_them(reported):
    first, second = (jsonable(facts_of(reported.study)) for _ in range(2))
    assert facts_digest(first) == facts_digest(second)
    label = Label.objects.filter(specimen__patient=reported.patients[0]).get()
    Label.objects.filter(pk=label.pk).update(inputs_hash="changed")
    third = jsonable(facts_of(reported.study))
    assert facts_digest(third) != facts_digest(first)
    assert third["digests"]["labels"] != first["digests"]["labels"]
    assert third["digests"]["images"] == first["digests"]["images"]


def test_an_empty_study_has_facts_too():
    facts = facts_of(make_study())
    assert facts.fitted is None
    assert facts.evaluations == {}
    assert facts.patients.registered == 0


def test_a_study_without_an_ensemble_tells_why_patients_cannot_be_used():
    study = make_study()
    site = study.sites.create(code="a", name="A")
    labelled, bare = make_patient(site), make_patient(site)
    make_label(labelled, "POSITIVE", kind="excision")
    for patient in (labelled, bare):
        Membership.objects.create(patient=patient, side="training", rule="test")
    assert facts_of(study).patients.training.left_out == {"no_cine": 1, "no_label": 1}
