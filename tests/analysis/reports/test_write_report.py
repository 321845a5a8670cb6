"""The job of a report: both languages, HTML and PDF, stored once, and nothing where a wording is refused."""

import contextlib
import hashlib
import re
import zlib
from types import SimpleNamespace

import pytest
from django.utils import translation

from analysis.models import Job, Report
from analysis.reports.document import write_report as module
from analysis.reports.document.printing import PDF_START, PrintingError, printed_pdf
from analysis.runners.work import run_job
from analysis.services.reports import report_request, statement_save, stored_bytes
from studies.errors import RuleViolationError
from studies.models import AuditEvent
from studies.templatetags.stored_sentences import translated
from tests.analysis.reports.reported_study import reported_study

pytestmark = pytest.mark.django_db

SMALL = '<!doctype html><html lang="en"><head><title>A</title></head><body><h1>A</h1><p>{}</p></body></html>'


@pytest.fixture
def reported():
    return reported_study()


@pytest.fixture
def quick_pdf(monkeypatch):
    """Printing itself is tested below; here it would take seconds a file."""
    monkeypatch.setattr(module, "printed_pdf", lambda html: PDF_START + html[:20].encode())


def written(reported: SimpleNamespace, **typed: str) -> Job:
    options = {"title": "", "comment": "", "address": "https://her2.example"} | typed
    job = report_request(actor=reported.people["clinician"], study=reported.study, **options)
    run_job(str(job.pk), module.write_report)
    job.refresh_from_db()
    return job


def test_one_click_writes_both_languages_with_digests(reported, quick_pdf):
    job = written(reported)
    assert (job.status, job.percent) == (Job.Status.SUCCEEDED, 100), job.message
    report = Report.objects.get()
    assert (report.number, report.n_looks, report.version) == (1, 1, reported.version)
    assert report.title == f"Methods and results: {reported.study.title}"
    assert report.seal_hash == reported.study.seal_hash
    files = {(file.language, file.format): file for file in report.files.all()}
    assert set(files) == {(lang, kind) for lang in ("en", "zh-hans") for kind in ("html", "pdf")}
    for file in files.values():
        content = stored_bytes(file)
        assert hashlib.sha256(content).hexdigest() == file.sha256
        assert len(content) == file.size_bytes
    assert report.facts_digest in stored_bytes(files["en", "html"]).decode()
    assert {sum(counts.values()) for counts in report.checklists.values()} == {52, 44, 48}
    assert AuditEvent.objects.filter(action="report.store", object_id=report.pk).count() == 1


def test_the_message_is_said_in_both_languages(reported, quick_pdf):
    message = written(reported).message
    assert message.startswith("Report 1 is printed; ")
    with translation.override("zh-hans"):
        assert translated(message).startswith("报告 1 已印制")


def test_reports_are_numbered_and_earlier_ones_stay(reported, quick_pdf):
    written(reported)
    first = Report.objects.get()
    kept = stored_bytes(first.files.get(language="en", format="html"))
    written(reported, title="Second")
    assert list(Report.objects.values_list("number", "title")) == [(2, "Second"), (1, first.title)]
    assert stored_bytes(first.files.get(language="en", format="html")) == kept


def test_a_job_that_is_delivered_twice_writes_one_report(reported, quick_pdf):
    job = written(reported)
    run_job(str(job.pk), module.write_report)
    assert Report.objects.count() == 1


@pytest.mark.parametrize("where", ["title", "comment"])
def test_a_refused_wording_stops_the_job_with_the_reason(reported, quick_pdf, where):
    job = written(reported, **{where: "Tested on an independent test set."})
    assert job.status == Job.Status.FAILED
    assert "independent test set" in job.message
    assert "held-out patients of the same centres" in job.message
    assert not Report.objects.exists()


def test_a_statement_is_asked_again_when_the_looks_have_changed(reported, quick_pdf):
    statement_save(
        actor=reported.people["coordinator"], study=reported.study, topic="interpretation", text="Validated."
    )
    assert written(reported).status == Job.Status.SUCCEEDED  # one look
    reported.study.all_looks.create(number=2, reason="again", seal_hash=reported.study.seal_hash)
    assert written(reported).status == Job.Status.FAILED


def test_a_wording_of_the_program_itself_that_slips_in_stores_nothing(reported, quick_pdf, monkeypatch):
    monkeypatch.setattr(module, "render", lambda *_args: SMALL.format("Its accuracy is 90 %."))
    job = written(reported)
    assert job.status == Job.Status.FAILED
    assert "accuracy" in job.message
    assert not Report.objects.exists()


def test_without_the_libraries_of_the_pdf_the_html_is_stored_and_the_reason_said(reported, monkeypatch):
    def broken(_html: str) -> bytes:
        raise PrintingError("The PDF was not ready after 300 s; the HTML file is complete.")

    monkeypatch.setattr(module, "printed_pdf", broken)
    job = written(reported)
    assert job.status == Job.Status.SUCCEEDED
    assert job.message.count("The PDF was not ready") == 1
    assert set(Report.objects.get().files.values_list("format", flat=True)) == {"html"}


def test_a_cancelled_job_stores_nothing(reported, quick_pdf):
    job = report_request(
        actor=reported.people["clinician"], study=reported.study, title="", comment="", address=""
    )
    Job.objects.filter(pk=job.pk).update(cancel_requested=True)
    run_job(str(job.pk), module.write_report)
    job.refresh_from_db()
    assert job.status == Job.Status.CANCELLED
    assert not Report.objects.exists()


def test_two_reports_at_once_do_not_share_a_number(reported, quick_pdf, monkeypatch):
    original = module.report_store

    def late(**options):
        Report.objects.create(
            study=reported.study, number=1, title="Other", n_looks=0, facts={}, facts_digest="a"
        )
        return original(**options)

    monkeypatch.setattr(module, "report_store", late)
    job = written(reported)
    assert job.status == Job.Status.FAILED
    assert "at the same time" in job.message


def test_a_changed_file_is_not_handed_out(reported, quick_pdf):
    written(reported)
    file = Report.objects.get().files.get(language="en", format="html")
    with file.file.open("wb") as stored:
        stored.write(b"other")
    with pytest.raises(RuleViolationError, match="changed since it was printed"):
        stored_bytes(file)


def unpacked(pdf: bytes) -> bytes:
    """A PDF with its packed objects, readable."""
    parts = [pdf]
    for packed in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL):
        with contextlib.suppress(zlib.error):
            parts.append(zlib.decompress(packed))
    return b"\n".join(parts)


@pytest.mark.slow
def test_a_pdf_is_printed_tagged_and_holds_chinese():
    content = printed_pdf(
        SMALL.format("中文 and an image <img src='data:image/gif;base64,R0lGODlhAQABAAAAACw='>")
    )
    assert content.startswith(PDF_START)
    objects = unpacked(content)
    assert b"/MarkInfo" in objects  # tagged
    assert b"pdfuaid" in objects  # and says which standard it follows
    assert b"/FontFile" in objects  # fonts travel with it


@pytest.mark.slow
def test_the_pdf_printer_reads_no_file_and_no_network(tmp_path):
    secret = tmp_path / "secret.svg"
    secret.write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>'
    )
    plain = printed_pdf(SMALL.format(""))
    for address in (secret.as_uri(), "http://127.0.0.1:9/picture.png"):
        with_image = printed_pdf(SMALL.format(f'<img alt="" src="{address}">'))
        assert abs(len(with_image) - len(plain)) < 600


def test_printing_that_takes_too_long_says_so():
    with pytest.raises(PrintingError, match="not ready after 0 s"):
        printed_pdf(SMALL.format("x"), seconds=0)


def test_printing_that_fails_says_what_is_missing(monkeypatch):
    monkeypatch.setattr("analysis.reports.document.printing.sys.executable", "/bin/false")
    with pytest.raises(PrintingError, match="Pango"):
        printed_pdf(SMALL.format("x"))
