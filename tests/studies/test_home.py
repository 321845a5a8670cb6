"""Home: what waits, the oldest first, and what changed since the last visit."""

from datetime import timedelta

import pytest
from django.utils import timezone

from studies.models import Visit
from studies.services.audit import audit_record
from studies.services.visits import visit_note
from studies.views.boards import boards_for
from studies.views.changes import CHANGES_SHOWN, recent_changes
from tests.factories import (
    logged_in,
    make_clip,
    make_label,
    make_patient,
    make_person,
    make_site,
    make_specimen,
    make_study,
    make_user,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def site():
    return make_site(make_study("alpha"))


def ago(**amount) -> object:
    return timezone.now() - timedelta(**amount)


def test_the_first_visit_has_no_before_and_the_next_one_does():
    user = make_user()
    assert visit_note(user=user) is None
    Visit.objects.filter(user=user).update(at=ago(days=2))
    before = visit_note(user=user)
    assert timezone.now() - before > timedelta(days=1)
    assert timezone.now() - Visit.objects.get(user=user).at < timedelta(minutes=1)


def test_since_stays_the_same_until_the_next_login(site):
    coordinator, reader = (make_person(site.study, role) for role in ("coordinator", "sonographer"))
    Visit.objects.create(user=coordinator, at=ago(hours=5))
    audit_record(actor=reader, action="track.sign", target=site.study, study=site.study)
    client = logged_in(coordinator)
    for _ in range(2):
        html = client.get("/").content.decode()
        assert "What changed since you were last here" in html
        assert html.index("signed a track") > html.index("since you were last here")
        assert "Nothing: nobody else did anything" not in html
    assert "Nothing: nobody else did anything" in logged_in(coordinator).get("/").content.decode()


def test_somebody_who_was_never_here_sees_what_others_did_lately(site):
    coordinator, reader = (make_person(site.study, role) for role in ("coordinator", "sonographer"))
    audit_record(actor=reader, action="track.sign", target=site.study, study=site.study)
    html = logged_in(coordinator).get("/").content.decode()
    assert "What others did lately" in html
    assert "signed a track" in html


def test_new_changes_are_all_told_and_old_ones_fill_up_the_rest(site):
    coordinator = make_person(site.study, "coordinator")
    people = [make_person(site.study, "sonographer") for _ in range(CHANGES_SHOWN + 3)]
    for person in people:
        audit_record(actor=person, action="track.sign", target=site.study, study=site.study)
    told = recent_changes(viewer=coordinator, since=ago(hours=1))
    assert [change.is_new for change in told] == [True] * len(people)
    told = recent_changes(viewer=coordinator, since=timezone.now() + timedelta(hours=1))
    assert [change.is_new for change in told] == [False] * CHANGES_SHOWN


def test_a_change_leads_only_where_its_reader_may_go(site):
    administrator = make_person(site.study, "administrator")
    audit_record(actor=administrator, action="look.take", target=site.study, study=site.study)
    for role, url in (("clinician", "/studies/alpha/results/"), ("sonographer", "")):
        (change,) = recent_changes(viewer=make_person(site.study, role))
        assert change.url == url


def test_what_waits_comes_oldest_first_and_names_its_first(site):
    pathologist = make_person(site.study, "pathologist")
    late, early = make_patient(site, "late"), make_patient(site, "early")
    make_specimen(late)
    specimen = make_specimen(early)
    type(specimen).objects.filter(pk=specimen.pk).update(created_at=ago(days=3))
    (board,) = boards_for(viewer=pathologist)
    assert [task.label for task in board.todo] == ["Specimens for you to read"]
    assert [name for name, _url in board.todo[0].first] == ["early", "late"]
    assert board.todo[0].url == board.todo[0].first[0][1]
    assert [task.label for task in board.done] == ["Readings that differ", "Patients without a specimen"]
    html = logged_in(pathologist).get("/").content.decode()
    assert "early</a> · <a" in html


def test_tasks_without_a_date_come_after_the_dated_ones(site):
    both = make_person(site.study, "coordinator", "pathologist")
    make_label(make_patient(site), "POSITIVE")
    make_specimen(make_patient(site))
    (board,) = boards_for(viewer=both)
    dated = [task.oldest is not None for task in board.todo]
    assert dated == sorted(dated, reverse=True)
    assert dated[0]
    assert not dated[-1]


def test_only_who_sees_results_is_shown_what_was_computed(site):
    make_clip(make_patient(site))
    for role, asked in (("clinician", True), ("administrator", True), ("sonographer", False)):
        html = logged_in(make_person(site.study, role)).get("/").content.decode()
        assert ("/studies/alpha/waiting/" in html) is asked
