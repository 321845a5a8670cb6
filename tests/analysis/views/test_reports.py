"""The reports page: one click, refused words keep what was typed, files are byte for byte and audited."""

import re

import pytest
from django.urls import reverse

from analysis.models import Job, Statement
from studies.models import AuditEvent
from tests.analysis.reports.reported_study import reported_study
from tests.factories import logged_in, make_report

pytestmark = pytest.mark.django_db

REFUSED = "Tested on an independent test set."


@pytest.fixture
def reported():
    return reported_study()


def page(reported) -> str:
    return reverse("reports", args=[reported.study.slug])


def test_one_click_queues_the_report_with_the_address_of_the_site(reported):
    client = logged_in(reported.people["clinician"])
    assert "No report yet" in client.get(page(reported)).content.decode()
    answer = client.post(page(reported), {"title": "", "comment": ""})
    assert (answer.status_code, answer["Location"]) == (302, page(reported))
    job = Job.objects.get(kind="report")
    assert job.parameters == {"title": "", "comment": "", "address": "http://testserver"}
    assert AuditEvent.objects.filter(action="job.report").count() == 1
    assert 'hx-trigger="every 2s"' in client.get(page(reported)).content.decode()


def test_a_second_click_while_one_is_written_adds_nothing(reported):
    client = logged_in(reported.people["clinician"])
    for _ in range(2):
        client.post(page(reported), {})
    assert Job.objects.filter(kind="report").count() == 1


def test_refused_words_are_named_and_nothing_typed_is_lost(reported):
    client = logged_in(reported.people["clinician"])
    answer = client.post(page(reported), {"title": REFUSED, "comment": "A comment to keep."})
    html = answer.content.decode()
    assert answer.status_code == 422
    assert "“independent test set”: The test patients come from the same centres" in html
    assert f'value="{REFUSED}"' in html
    assert "A comment to keep.</textarea>" in html
    assert not Job.objects.filter(kind="report").exists()


def test_the_list_alone_answers_htmx_and_stops_asking_when_nothing_runs(reported):
    make_report(reported.study)
    client = logged_in(reported.people["clinician"])
    html = client.get(page(reported), headers={"HX-Request": "true"}).content.decode()
    assert html.lstrip().startswith('<section class="panel" id="reports"')
    assert "hx-trigger" not in html
    assert "CLAIM 2024 3" in html


def test_a_printed_file_is_shown_byte_for_byte_under_a_policy_of_its_own(reported):
    content = b"<!doctype html><style>p { color: red; }</style><p>A report.</p>"
    row = make_report(reported.study, content)
    client = logged_in(reported.people["clinician"])
    answer = client.get(reverse("report-file", args=[row.pk]))
    assert answer.content == content
    policy = answer["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "script" not in policy
    assert "unsafe" not in policy
    assert answer["Content-Disposition"] == 'inline; filename="reported-report-1-en.html"'
    assert client.get(reverse("report-file", args=[row.pk]) + "?download=1")[
        "Content-Disposition"
    ].startswith("attachment")
    assert AuditEvent.objects.filter(action="export.report", object_id=row.pk).count() == 2


def test_a_changed_file_is_refused_with_a_sentence(reported):
    row = make_report(reported.study)
    with row.file.open("wb") as stored:
        stored.write(b"other")
    client = logged_in(reported.people["clinician"])
    answer = client.get(reverse("report-file", args=[row.pk]), follow=True)
    assert "was changed since it was printed" in answer.content.decode()


def test_the_checklists_show_what_is_open_first(reported):
    client = logged_in(reported.people["clinician"])
    address = reverse("report-checklists", args=[reported.study.slug])
    opened, everything = (client.get(address + query).content.decode() for query in ("", "?show=all"))
    rows = [len(re.findall(r"<tr><td>\d", html)) for html in (opened, everything)]
    assert rows[1] == 52 + 44 + 48
    assert 10 < rows[0] < rows[1]
    assert "TRIPOD+AI" in opened
    assert 'class="status status-ok"' not in opened


def test_a_coordinator_states_and_others_only_read(reported):
    address = reverse("statement-save", args=[reported.study.slug])
    typed = {"topic": "ethics", "text": "Approved by the board, 2025-17."}
    client = logged_in(reported.people["coordinator"])
    answer = client.post(address, typed, headers={"HX-Request": "true"})
    assert 'id="statement-ethics"' in answer.content.decode()
    assert ">saved</span>" in answer.content.decode()
    assert Statement.objects.get().text == typed["text"]
    assert AuditEvent.objects.filter(action="statement.save").count() == 1
    html = logged_in(reported.people["clinician"]).get(page(reported)).content.decode()
    assert typed["text"] in html
    assert 'name="text"' not in html


def test_a_refused_statement_stays_in_its_field_unsaved(reported):
    address = reverse("statement-save", args=[reported.study.slug])
    client = logged_in(reported.people["coordinator"])
    answer = client.post(
        address, {"topic": "interpretation", "text": REFUSED}, headers={"HX-Request": "true"}
    )
    html = answer.content.decode()
    assert f"{REFUSED}</textarea>" in html
    assert "“independent test set”" in html
    assert not Statement.objects.exists()


def test_an_unknown_topic_is_refused_with_a_sentence(reported):
    client = logged_in(reported.people["coordinator"])
    address = reverse("statement-save", args=[reported.study.slug])
    answer = client.post(address, {"topic": "weather", "text": "Fine."}, follow=True)
    assert "There is no such topic" in answer.content.decode()


def test_whoever_is_blinded_or_no_reader_of_results_gets_nothing(reported):
    row = make_report(reported.study)
    for role in ("sonographer", "pathologist"):
        client = logged_in(reported.people[role])
        assert client.get(page(reported)).status_code == 403
        assert client.get(reverse("report-file", args=[row.pk])).status_code == 404
