"""Two readings of one specimen: blind until both are locked, then one label or a decision between them."""

import itertools
from contextlib import suppress

import pytest
from django.contrib.auth.models import User
from hypothesis import given, settings
from hypothesis import strategies as st

from studies.errors import LockedError, NotPermittedError, RuleViolationError
from studies.models import AuditEvent, Label, Signature, Specimen
from studies.selectors import labels_in_reach
from studies.services.labels_of_record import label_of_record, outcomes_of
from studies.services.pathology import label_save
from studies.services.readings import reading_state, role_for, visible_readings
from studies.services.signing import (
    content_digest,
    label_amend,
    label_lock,
    label_recount,
    label_take_over,
)
from studies.services.specimen_list import specimens_to_read
from tests.factories import make_patient, make_person, make_site, make_specimen, make_study, make_user

pytestmark = pytest.mark.django_db
FIRST, SECOND, ADJUDICATED = Label.Role.FIRST, Label.Role.SECOND, Label.Role.ADJUDICATED
POSITIVE, NEGATIVE = {"ihc_score": "3+"}, {"ihc_score": "1+"}
GROUP_2 = {"ihc_score": "2+", "probe": "dual", "cells": 20, "her2_copies": 3.0, "cep17_copies": 1.2}


class Laboratory:
    """One specimen of a study with two readers, and three pathologists."""

    def __init__(self, readers: int = 2):
        self.study = make_study(readers_per_specimen=readers)
        self.site = make_site(self.study)
        self.patient = make_patient(self.site)
        self.specimen_id = make_specimen(self.patient, "excision").pk
        self.a, self.b, self.c = (make_person(self.study, "pathologist") for _ in range(3))
        self.coordinator = make_person(self.study, "coordinator")

    @property
    def specimen(self) -> Specimen:
        """As the database has it now."""
        return Specimen.objects.select_related("patient__study", "patient__site").get(pk=self.specimen_id)

    @property
    def readings(self):
        return reading_state(self.specimen)

    def read(self, user: User, values, role: str | None = None, reason: str = "") -> Label:
        """Save a reading in the role that is the user's."""
        role = role or role_for(self.readings, user)
        return label_save(actor=user, specimen=self.specimen, values=values, role=role, reason=reason)

    def lock(self, user: User, role: str | None = None) -> Label:
        label = Label.objects.get(specimen_id=self.specimen_id, role=role or role_for(self.readings, user))
        return label_lock(actor=user, label=label)

    def sees(self, user: User) -> set[str]:
        """Roles of the readings that the user sees, on pages and over the API."""
        pages = {label.role for label in visible_readings(self.readings, user)}
        api = labels_in_reach(viewer=user).filter(specimen_id=self.specimen_id)
        assert set(api.values_list("role", flat=True)) == pages
        return pages

    def state(self, user: User) -> str:
        return specimens_to_read(self.study, viewer=user).get(pk=self.specimen_id).state

    def of_record(self) -> str | None:
        label = label_of_record(self.specimen.patient)
        return label.call if label else None


@pytest.fixture
def lab() -> Laboratory:
    return Laboratory()


@pytest.fixture
def differing(lab) -> Laboratory:
    """Both have locked, one says positive, the other negative."""
    for user, values in ((lab.a, POSITIVE), (lab.b, NEGATIVE)):
        lab.read(user, values)
        lab.lock(user)
    return lab


def test_neither_reader_sees_the_other_before_both_are_locked(lab):
    assert (lab.state(lab.a), role_for(lab.readings, lab.a)) == ("unread", FIRST)
    lab.read(lab.a, POSITIVE)
    assert (lab.state(lab.a), lab.state(lab.b)) == ("mine", "second")
    assert role_for(lab.readings, lab.b) == SECOND
    lab.read(lab.b, POSITIVE)
    for user, own in ((lab.a, FIRST), (lab.b, SECOND)):
        assert lab.sees(user) == {own}
    assert lab.sees(lab.c) == set()
    assert lab.sees(lab.coordinator) == {FIRST, SECOND}
    lab.lock(lab.a)
    assert (lab.sees(lab.b), lab.state(lab.a), lab.of_record()) == ({SECOND}, "waiting", None)
    lab.lock(lab.b)
    for user in (lab.a, lab.b, lab.c):
        assert lab.sees(user) == {FIRST, SECOND}
        assert lab.state(user) == "done"
    assert lab.of_record() == "POSITIVE"


def test_whoever_coordinates_and_reads_stays_blind_too(lab):
    both = make_person(lab.study, "pathologist", "coordinator")
    lab.read(lab.a, POSITIVE)
    assert lab.sees(both) == set()


def test_a_disagreement_has_no_label_until_a_third_decides_with_a_reason(differing):
    lab = differing
    assert lab.readings.differences[:2] == ("call", "paper_label")
    assert lab.of_record() is None
    states = [lab.state(user) for user in (lab.a, lab.b, lab.c, lab.coordinator)]
    assert states == ["consensus", "consensus", "adjudicate", "disagree"]
    lab.read(lab.c, POSITIVE)
    with pytest.raises(RuleViolationError, match="Say why"):
        lab.lock(lab.c)
    lab.read(lab.c, POSITIVE, reason="Intense and complete in a third of the cells.")
    label = lab.lock(lab.c)
    assert (label.basis, label.status, lab.of_record()) == ("third", "locked", "POSITIVE")
    assert label.signatures.get().meaning == "adjudication"
    assert {lab.state(user) for user in (lab.a, lab.b, lab.c)} == {"done"}
    assert [lab.readings.first.call, lab.readings.second.call] == ["POSITIVE", "NEGATIVE"]


def test_a_consensus_counts_once_both_readers_have_signed_it(differing):
    lab = differing
    lab.read(lab.a, NEGATIVE, ADJUDICATED, "The first slide was another block.")
    assert lab.lock(lab.a, ADJUDICATED).status == "cosign"
    assert (lab.of_record(), lab.state(lab.a), lab.state(lab.b)) == (None, "waiting", "cosign")
    with pytest.raises(LockedError, match="other reader"):
        lab.lock(lab.a, ADJUDICATED)
    with pytest.raises(NotPermittedError, match="two readers"):
        lab.lock(lab.c, ADJUDICATED)
    with pytest.raises(LockedError, match="second signature"):
        lab.read(lab.a, POSITIVE, ADJUDICATED)
    assert lab.lock(lab.b, ADJUDICATED).status == "locked"
    assert lab.of_record() == "NEGATIVE"
    signatures = Signature.objects.filter(label=lab.readings.adjudicated)
    assert {row.signer for row in signatures} == {lab.a, lab.b}
    assert len({row.content_digest for row in signatures}) == 1


def test_a_consensus_that_is_taken_back_needs_both_signatures_again(differing):
    lab = differing
    label = lab.read(lab.a, NEGATIVE, ADJUDICATED, "Another block.")
    lab.lock(lab.a, ADJUDICATED)
    label_amend(actor=lab.b, label=label, reason="Not what we agreed.")
    with pytest.raises(NotPermittedError, match="began this reading"):
        lab.read(lab.b, POSITIVE, ADJUDICATED)
    lab.read(lab.a, POSITIVE, ADJUDICATED, "Positive after all.")
    lab.lock(lab.a, ADJUDICATED)
    assert (lab.state(lab.b), lab.of_record()) == ("cosign", None)
    lab.lock(lab.b, ADJUDICATED)
    assert lab.of_record() == "POSITIVE"


def test_there_is_nothing_to_adjudicate_before_two_locked_readings_differ(lab):
    lab.read(lab.a, POSITIVE)
    with pytest.raises(RuleViolationError, match="nothing to adjudicate"):
        lab.read(lab.c, POSITIVE, ADJUDICATED, "because")
    lab.lock(lab.a)
    lab.read(lab.b, POSITIVE)
    lab.lock(lab.b)
    with pytest.raises(RuleViolationError, match="nothing to adjudicate"):
        lab.read(lab.c, POSITIVE, ADJUDICATED, "because")


def test_readings_that_differ_in_a_detail_alone_agree(lab):
    for user, score in ((lab.a, "0"), (lab.b, "1+")):
        lab.read(user, {"ihc_score": score})
        lab.lock(user)
    assert lab.readings.differences
    assert not lab.readings.disagree
    assert (lab.of_record(), lab.state(lab.c)) == ("NEGATIVE", "done")


def test_one_person_never_reads_twice(lab):
    lab.read(lab.a, POSITIVE)
    with pytest.raises(RuleViolationError, match="independent"):
        lab.read(lab.a, POSITIVE, SECOND)
    lab.read(lab.b, NEGATIVE)
    with pytest.raises(RuleViolationError, match="independent"):
        label_take_over(actor=lab.b, label=lab.readings.first, reason="on leave")
    with pytest.raises(NotPermittedError, match="began this reading"):
        lab.read(lab.c, NEGATIVE, SECOND)


def test_a_study_with_one_reader_has_no_second_reading():
    lab = Laboratory(readers=1)
    lab.read(lab.a, POSITIVE)
    assert (role_for(lab.readings, lab.b), lab.state(lab.b)) == (None, "waiting")
    with pytest.raises(RuleViolationError, match="no second reading"):
        lab.read(lab.b, POSITIVE, SECOND)
    assert lab.sees(lab.b) == {FIRST}


def test_a_reading_is_signed_and_amended_by_its_reader_and_taken_over_with_a_reason():
    lab = Laboratory(readers=1)
    label = lab.read(lab.a, POSITIVE)
    with pytest.raises(NotPermittedError, match="signed by the pathologist"):
        label_lock(actor=lab.b, label=label)
    lab.lock(lab.a)
    with pytest.raises(NotPermittedError, match="take it over first"):
        label_amend(actor=lab.b, label=label, reason="wrong slide")
    with pytest.raises(RuleViolationError, match="Say why"):
        label_take_over(actor=lab.b, label=label, reason=" ")
    with pytest.raises(RuleViolationError, match="yours already"):
        label_take_over(actor=lab.a, label=label, reason="mine")
    taken = label_take_over(actor=lab.b, label=label, reason="A has left the hospital.")
    assert (taken.reader, taken.status, lab.of_record()) == (lab.b, "draft", None)
    assert lab.lock(lab.b).status == "locked"
    assert [row.signer for row in label.signatures.order_by("created_at")] == [lab.a, lab.b]


def test_a_draft_out_of_a_file_is_read_by_whoever_opens_it_first(lab):
    label_save(actor=lab.coordinator, specimen=lab.specimen, values=POSITIVE)
    assert lab.state(lab.a) == "unread"
    lab.read(lab.a, {"ihc_score": "2+"})
    label = Label.objects.get()
    assert label.reader == lab.a
    event = AuditEvent.objects.filter(action="label.save").first()
    assert event.changes["reader"] == [lab.coordinator.pk, lab.a.pk]


def test_a_signature_stands_for_what_was_signed(lab):
    lab.read(lab.a, POSITIVE)
    label = lab.lock(lab.a)
    assert label.signatures.get().content_digest == content_digest(label)
    label_amend(actor=lab.a, label=label, reason="wrong slide")
    lab.read(lab.a, NEGATIVE)
    assert content_digest(Label.objects.get()) != label.signatures.get().content_digest
    lab.lock(lab.a)
    assert [row.call for row in label.signatures.order_by("created_at")] == ["POSITIVE", "NEGATIVE"]


def test_an_amendment_after_the_other_reading_was_seen_says_so_and_overtakes_the_decision(differing):
    lab = differing
    lab.read(lab.c, POSITIVE, reason="Clear.")
    lab.lock(lab.c)
    label_amend(actor=lab.b, label=lab.readings.second, reason="I was wrong.")
    event = AuditEvent.objects.get(action="label.amend")
    assert event.changes["other_reading_seen"] == [False, True]
    assert lab.readings.is_overtaken
    assert lab.of_record() == "POSITIVE"


def test_a_second_observer_counts_blind(lab):
    label = lab.read(lab.a, GROUP_2)
    assert label.call == "NEEDS_RECOUNT"
    assert lab.state(lab.b) == "second"
    count = {"cells": 25, "her2_copies": 3.1, "cep17_copies": 1.3}
    with pytest.raises(NotPermittedError, match="second observer"):
        label_recount(actor=lab.a, label=label, values=count)
    with pytest.raises(RuleViolationError, match="20 cells"):
        label_recount(actor=lab.c, label=label, values=count | {"cells": 19})
    counted = label_recount(actor=lab.c, label=label, values=count)
    assert (counted.call, counted.comment_required) == ("NEGATIVE", True)
    assert counted.recount["observer"] == lab.c.username
    assert counted.reader == lab.a
    lab.read(lab.a, {"comment": "Group 2 on recount."})
    signed = lab.lock(lab.a)
    with pytest.raises(LockedError, match="signed"):
        label_recount(actor=lab.c, label=signed, values=count)


def test_a_recount_waits_in_the_worklist_of_the_others():
    lab = Laboratory(readers=1)
    label = lab.read(lab.a, GROUP_2)
    assert [lab.state(user) for user in (lab.a, lab.b)] == ["mine", "recount"]
    label_recount(actor=lab.b, label=label, values={"cells": 20, "her2_copies": 8.0, "cep17_copies": 2.0})
    assert Label.objects.get().call == "NEEDS_ADJUDICATION"
    assert lab.state(lab.b) == "waiting"


acts = st.lists(
    st.tuples(
        st.sampled_from("abc"),
        st.sampled_from(["save", "lock", "amend", "decide", "sign", "take"]),
        st.sampled_from([POSITIVE, NEGATIVE, {"ihc_score": "2+"}]),
    ),
    max_size=8,
)


@pytest.mark.slow
@settings(max_examples=8, deadline=None)
@given(acts=acts, readers=st.sampled_from([1, 2]))
def test_whatever_they_do_blindness_record_and_history_hold(acts, readers):
    lab = Laboratory(readers)
    users = {name: getattr(lab, name) for name in "abc"}
    for name, act, values in acts:
        before = history()
        with suppress(RuleViolationError, LockedError, NotPermittedError):
            perform(lab, users[name], act, values)
        assert before.items() <= history().items()
        readings = lab.readings
        for user in users.values():
            seen = lab.sees(user)
            if readers == 2 and not readings.is_complete:
                assert all(
                    getattr(readings, role).reader_id == user.pk for role in seen if role != ADJUDICATED
                )
            assert (lab.state(user) == "done") == (readings.of_record is not None), readings
        assert outcomes_of(lab.study.patients.all(), "asco_cap")[lab.patient.pk] == {
            "POSITIVE": True, "NEGATIVE": False,
        }.get(lab.of_record() or "")  # fmt: skip
        if readings.first and readings.second:
            assert readings.first.reader_id != readings.second.reader_id
        for label in Label.objects.filter(status="locked"):
            assert label.signatures.filter(content_digest=content_digest(label), signer=label.reader).exists()


def perform(lab: Laboratory, user: User, act: str, values) -> None:
    """One act of one pathologist, whatever its outcome."""
    labels = {label.role: label for label in Label.objects.filter(specimen_id=lab.specimen_id)}
    own = next((label for label in labels.values() if label.reader_id == user.pk), None)
    if act == "save" and role_for(lab.readings, user):
        lab.read(user, values, reason="because")
    elif act == "lock" and own:
        label_lock(actor=user, label=own)
    elif act == "amend" and own:
        label_amend(actor=user, label=own, reason="because")
    elif act == "decide":
        lab.read(user, values, ADJUDICATED, "because")
    elif act == "sign" and ADJUDICATED in labels:
        label_lock(actor=user, label=labels[ADJUDICATED])
    elif act == "take" and FIRST in labels:
        label_take_over(actor=user, label=labels[FIRST], reason="because")


def history() -> dict[int, str]:
    """Everything that was ever said of readings: it may only grow."""
    return dict(AuditEvent.objects.values_list("sequence", "digest"))


def test_every_pair_of_calls_is_judged_alike_by_page_and_list():
    """The worklist compares in the database, the page in Python: they must say the same."""
    values = [POSITIVE, NEGATIVE, {"ihc_score": "0"}, {}]
    for first, second in itertools.product(values, repeat=2):
        lab = Laboratory()
        for user, entered in ((lab.a, first), (lab.b, second)):
            lab.read(user, entered)
            lab.lock(user)
        assert (lab.state(lab.c) == "adjudicate") == lab.readings.needs_adjudication, (first, second)


def test_nobody_without_the_role_reads(lab):
    assert role_for(lab.readings, lab.coordinator) is None
    assert role_for(lab.readings, make_user()) is None
    blinded = make_person(lab.study, "pathologist", "sonographer")
    assert role_for(lab.readings, blinded) is None
