"""The pages: what each shows to whom, in both languages, without inline style, in constantly many queries."""

import re
from html import unescape
from types import SimpleNamespace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from analysis.models import Evaluation
from analysis.pipeline.metrics import evaluate, jsonable
from studies.models import AuditEvent, ClinicalRecord, Upload
from studies.services.audit import audit_record
from studies.views.changes import recent_changes
from tests.factories import (
    logged_in,
    make_clip,
    make_job,
    make_label,
    make_membership,
    make_model_track,
    make_patient,
    make_person,
    make_site,
    make_specimen,
    make_study,
    make_upload,
    make_world,
)

pytestmark = pytest.mark.django_db

CHINESE = re.compile("[\u4e00-\u9fff]")
BREAKS_POLICY = re.compile(r"\sstyle=|<style|\son[a-z]+=|<script(?![^>]*(?:src=|application/json))")
CONSISTENT = {"age_years": 50, "menopause": 1, "size_cm": 2.5, "c_t": 2, "c_n": 0, "c_tnm": "IIA"}
PAGES_OF = {
    "coordinator": (
        "home", "study", "study-create", "cohort", "patient-create", "patient", "clinical-edit", "upload",
        "pixels", "clip-pixels",
        "hospital-find", "hospital-number", "results", "models", "detectors", "jobs", "job", "split",
        "pathology", "specimen", "prediction", "curves", "queries", "query", "query-create",
        "screening", "patient-screening", "jobs-summary",
        "label-tables",
    ),
    "sonographer": (
        "home", "study", "cohort", "patient", "upload", "worklist", "clip", "jobs", "curves", "query-create",
    ),
    "pathologist": (
        "home", "study", "cohort", "patient", "pathology", "specimen", "specimen-create", "jobs", "query",
    ),
    "clinician": (
        "home", "study", "cohort", "patient", "results", "reports", "models", "jobs", "prediction", "curves",
        "specimen", "report-checklists",
    ),
    "administrator": (
        "home", "study", "cohort", "patient", "results", "models", "detectors", "jobs", "job", "people",
        "audit", "prediction", "curves", "audit-chain",
    ),
}  # fmt: skip
FRAGMENTS = {"prediction", "curves", "jobs-summary", "audit-chain", "report-checklists"}
PAGES = [(role, page) for role, pages in PAGES_OF.items() for page in pages]


@pytest.fixture
def world() -> SimpleNamespace:
    """Every kind of row, with the model of record judged out of fold."""
    world = make_world()
    world.study = world.alpha
    judge(world)
    return world


def judge(world: SimpleNamespace) -> None:
    """Make the version the one of record, with figures like those that learning stores."""
    version, model = world.version, "fused:SVM+LR"
    labels, scores = [0, 1, 0, 1], [0.2, 0.7, 0.4, 0.6]
    figures = jsonable(evaluate(model, "oof", labels, scores, 0.5, replicates=0))
    version.name, version.is_active = model, True
    version.summary = {"chosen": model, "cutoffs": {model: 0.5}, "n_training": 2}
    version.save()
    predictions = world.evaluation.predictions | {
        "patients": [str(world.patient.pk)] * 4, "labels": labels, "scores": {model: scores},
        "probability": scores,
    }  # fmt: skip
    Evaluation.objects.filter(pk=world.evaluation.pk).update(
        n_positive=2,
        n_negative=2,
        results={"evaluations": {model: figures}, "selection": None},
        predictions=predictions,
    )


def address(world: SimpleNamespace, page: str) -> str:
    """The address of a page by its name."""
    rows = {
        "patient": world.patient, "clinical-edit": world.patient, "prediction": world.patient,
        "patient-screening": world.patient,
        "hospital-number": world.patient, "specimen-create": world.patient, "specimen": world.specimen,
        "lesion-create": world.patient, "lesion": world.patient.lesions.first(),
        "exam-create": world.patient, "exam": world.patient.exams.first(),
        "import": world.table, "query": world.query, "query-create": world.patient, "job": world.job,
        "clip": world.clip, "curves": world.clip, "clip-pixels": world.clip,
    }  # fmt: skip
    if page in ("home", "study-create"):
        return reverse(page)
    return reverse(page, args=[rows[page].pk if page in rows else world.alpha.slug])


def text_of(answer) -> str:
    """What a reader sees: the page without its tags."""
    body = re.sub(r"<(script|head)\b.*?</\1>", "", answer.content.decode(), flags=re.DOTALL)
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", " ", body)))


@pytest.mark.parametrize("role", PAGES_OF)
def test_each_page_of_a_role_renders_in_both_languages(world, role):
    client = logged_in(world.people[role])
    for page in PAGES_OF[role]:
        path = address(world, page)
        english = client.get(path, headers={"Accept-Language": "en"})
        chinese = client.get(path, headers={"Accept-Language": "zh-CN"})
        assert (english.status_code, chinese.status_code) == (200, 200), page
        assert not CHINESE.search(text_of(english).replace("中文", "")), page
        assert CHINESE.search(text_of(chinese)), page
        for answer in (english, chinese):
            assert not BREAKS_POLICY.search(answer.content.decode()), page
        if page not in FRAGMENTS:
            html = english.content.decode()
            assert html.count("<h1") == 1 or page == "clip", page
            assert re.search(r"<title>[^<·]+ · .*HER2Web</title>", html), page
            assert 'lang="zh-hans"' in chinese.content.decode(), page


def test_the_language_switch_is_remembered(world):
    client = logged_in(world.people["clinician"])
    client.post(reverse("set_language"), {"language": "zh-hans", "next": "/"})
    assert "待办事项" in client.get("/").content.decode()
    client.post(reverse("set_language"), {"language": "en", "next": "/"})
    assert "What waits for you" in client.get("/").content.decode()


def test_every_input_has_a_label(world):
    for role, page in PAGES:
        if page == "clip":  # its fields lie inside their labels; axe looks at them in the viewer's tests
            continue
        html = logged_in(world.people[role]).get(address(world, page)).content.decode()
        for control in re.findall(r"<(?:input|select|textarea)\b[^>]*>", html):
            if re.search(r'type="(hidden|submit)"', control) or "aria-label" in control:
                continue
            found = re.search(r'\bid="([^"]+)"', control)
            assert found, (role, page, control)
            assert f'for="{found[1]}"' in html, (role, page, control)


def queries_of(user, path: str) -> int:
    client = logged_in(user)
    client.get(path)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert client.get(path).status_code == 200
    return len(queries)


@pytest.mark.parametrize(
    ("role", "page"),
    [
        ("coordinator", "cohort"),
        ("sonographer", "worklist"),
        ("pathologist", "pathology"),
        ("administrator", "jobs"),
        ("coordinator", "upload"),
        ("clinician", "study"),
        ("coordinator", "screening"),
        ("clinician", "label-tables"),
        ("coordinator", "pathology"),
    ],
)
def test_the_number_of_queries_does_not_grow_with_the_list(role, page):
    study = make_study("queries")
    site, user = make_site(study), make_person(study, role)
    path = reverse(page, args=[study.slug])
    counts = []
    for wanted in (3, 30):
        while study.patients.count() < wanted:
            patient = make_patient(site)
            clip = make_clip(patient)
            make_model_track(clip)
            make_specimen(patient)
            make_label(patient, "NEGATIVE", kind="excision")
            make_membership(patient)
            make_job(study, "detect", clip=clip, status="succeeded")
            make_upload(study, patient, status="accepted", clip=clip)
        counts.append(queries_of(user, path))
    assert counts[0] == counts[1]


def test_a_blinded_reader_sees_no_label_and_no_prediction(world):
    client = logged_in(world.people["sonographer"])
    for page in ("home", "study", "cohort", "patient", "jobs", "upload"):
        text = text_of(client.get(address(world, page)))
        assert "HER2 positive" not in text
        assert "HER2 labels" not in text
        assert "Prediction" not in text
        assert "surgical excision" not in text


def test_the_home_page_tells_equal_acts_once_and_leaves_the_system_out(world):
    actor, viewer = world.people["coordinator"], world.people["administrator"]
    for _ in range(5):
        audit_record(actor=actor, action="clinical.save", target=world.patient, study=world.alpha)
    audit_record(actor=None, action="track.detect", target=world.track, study=world.alpha)
    changes = recent_changes(viewer=viewer)
    saved = [change for change in changes if change.action == "clinical.save"]
    assert [change.count for change in saved] == [5]
    assert all(change.actor is not None for change in changes)
    text = text_of(logged_in(viewer).get("/"))
    assert "saved clinical values" in text
    assert "track.detect" not in text


def test_every_audited_act_has_words(world):
    acts = (
        "clip.take_over", "export.table", "job.learn", "label.amend", "look.take", "model.store",
        "study.freeze_base", "track.detect", "track.restore_revision_3", "track.edit", "upload.verdict",
    )  # fmt: skip
    for act in acts:
        audit_record(actor=None, action=act, target=world.alpha, study=world.alpha)
    rows = re.findall(r"<tr>.*?</tr>", logged_in(world.people["administrator"]).get(
        reverse("audit", args=["alpha"])
    ).content.decode(), re.DOTALL)  # fmt: skip
    assert not [row for row in rows if re.search(r"<td>\w+\.\w+</td>", row)]


def test_an_administrator_does_not_read_labels_of_a_sealed_test_side_in_the_audit(world):
    world.alpha.sealed_at, world.alpha.seal_hash = world.event.at, "a" * 64
    world.alpha.save()
    audit_record(actor=None, action="label.save", target=world.label, study=world.alpha)
    answer = logged_in(world.people["administrator"]).get(reverse("audit", args=["alpha"]))
    assert "saved a reading" not in text_of(answer)


def clinical_form(**changes) -> dict[str, object]:
    empty = dict.fromkeys(("er_percent", "pr_percent", "ki67_percent", "histology", "grade", "reason"), "")
    return empty | CONSISTENT | changes


def test_what_looks_unlikely_is_asked_and_never_blocks(world):
    client = logged_in(world.people["coordinator"])
    path = reverse("clinical-edit", args=[world.patient.pk])
    answer = client.post(path, clinical_form(c_tnm="IIIC"))
    assert answer["Location"] == path
    assert ClinicalRecord.objects.get(patient=world.patient).c_tnm == "IIIC"
    asked = text_of(client.get(path))
    assert "Stage IIIC was entered; T and N as entered belong to stage IIA." in asked
    answer = client.post(path, clinical_form(c_tnm="IIIC", keep_stage_differs="Referred with this stage."))
    assert answer["Location"] == reverse("patient", args=[world.patient.pk])
    record = ClinicalRecord.objects.get(patient=world.patient)
    assert record.kept_warnings == {"stage_differs": "Referred with this stage."}
    assert "Referred with this stage." in text_of(client.get(answer["Location"]))
    client.post(path, clinical_form())
    assert ClinicalRecord.objects.get(patient=world.patient).kept_warnings == {}


def test_the_form_is_compared_while_typing_and_nothing_is_stored(world):
    client = logged_in(world.people["coordinator"])
    path = reverse("clinical-edit", args=[world.patient.pk])
    headers = {"HX-Request": "true"}
    before = AuditEvent.objects.count()
    odd = client.post(path, clinical_form(age_years=30), headers=headers)
    assert "Postmenopausal at 30 years." in text_of(odd)
    fine = client.post(path, clinical_form(), headers=headers)
    assert "nothing looks unlikely" in text_of(fine)
    half_typed = client.post(path, clinical_form(age_years="abc"), headers=headers)
    assert half_typed.status_code == 200
    assert AuditEvent.objects.count() == before
    assert ClinicalRecord.objects.get(patient=world.patient).c_t is None


def test_the_form_keeps_what_was_typed(world):
    client = logged_in(world.people["coordinator"])
    path = reverse("clinical-edit", args=[world.patient.pk])
    html = client.post(path, clinical_form(age_years=300, histology="NST")).content.decode()
    assert 'value="300"' in html
    assert 'value="NST"' in html
    assert "errorlist" in html
    premenopausal = client.post(path, clinical_form(age_years=300, menopause=0)).content.decode()
    assert re.search(r'<option value="0" selected>premenopausal', premenopausal)


def test_the_split_page_names_who_stays_together_and_who_is_left_out(world):
    twin = make_patient(world.a1, "TWIN")
    make_clip(twin, source_sha256=world.clip.source_sha256)
    make_membership(twin, "test")
    text = text_of(logged_in(world.people["coordinator"]).get(address(world, "split")))
    assert "TWIN" in text
    assert "the same file on both sides" in text


def test_a_look_is_taken_and_counted_on_the_split_page(world):
    client = logged_in(world.people["coordinator"])
    path = address(world, "split")
    assert "Open the test side" not in text_of(client.get(path))
    client.post(path, {"seal": "1"})
    refused = text_of(client.post(path, {"look": "1", "reason": " "}, follow=True))
    assert "Say why the test side is looked at" in refused
    taken = text_of(client.post(path, {"look": "1", "reason": "Audit of the labels."}, follow=True))
    assert "Look 1 is counted" in taken
    assert "Audit of the labels." in taken


def test_stages_stand_in_the_form_as_they_are_written(world):
    html = logged_in(world.people["coordinator"]).get(address(world, "clinical-edit")).content.decode()
    assert re.search(r'<option value="IIA"[^>]*>IIA</option>', html)
    assert ">cTNM" in html


def test_the_patient_page_lists_the_acquisition_rules_with_their_verdicts(world):
    world.clip.acquisition = {"transducer_type": "LINEAR", "frequency_khz": 5000, "source_format": "DICOM, x"}
    world.clip.save()
    text = text_of(logged_in(world.people["clinician"]).get(address(world, "patient")))
    assert "acquisition protocol: 3 of 6 rules met" in text
    assert re.search(r"Frequency of 7 to 13 MHz Transducer frequency 5 MHz\. not met", text)
    assert re.search(r"Gain of 49 % The file does not record it\. not recorded", text)


def test_the_list_of_files_ends_at_the_viewers_sites_and_filters(world):
    far = make_upload(world.alpha, make_patient(world.a2, "FAR01"), status="refused", verdict="No picture.")
    here = make_upload(world.alpha, world.patient, status="refused", verdict="Too dark.")
    client = logged_in(world.people["sonographer"])
    path = reverse("upload", args=["alpha"])
    text = text_of(client.get(path, {"state": "refused"}))
    assert here.verdict in text
    assert far.verdict not in text
    assert far.patient.code not in text_of(client.get(path))
    waiting = client.get(path, {"waiting": "patient"}).content.decode()
    assert "no patient yet" in waiting
    assert reverse("upload-assign", args=[world.waiting.pk]) in waiting
    assert "No file passes this filter" in text_of(client.get(path, {"q": "NOBODY"}))


def test_a_file_gets_its_patient_on_the_page(world):
    client = logged_in(world.people["coordinator"])
    answer = client.post(
        reverse("upload-assign", args=[world.waiting.pk]), {"patient": str(world.patient.pk)}
    )
    assert answer.status_code == 200
    assert Upload.objects.get(pk=world.waiting.pk).patient == world.patient
    assert world.patient.code in text_of(answer)


def test_a_reading_opens_with_and_without_a_recount(world):
    client = logged_in(world.people["pathologist"])
    specimen = make_specimen(world.patient, "node")
    path = reverse("specimen", args=[specimen.pk])
    assert re.search(r'name="recount_cells"(?![^>]*value=)', client.get(path).content.decode())
    values = {
        "controls_ok": "on", "ihc_score": "2+", "probe": "dual", "cells": 20, "her2_copies": 3.0,
        "cep17_copies": 1.2, "ratio": 2.5, "recount_cells": 25, "recount_ratio": 2.4, "comment": "",
    }  # fmt: skip
    nobody = client.post(path, values | {"save": "1"})
    assert "Say who counted" in text_of(nobody)
    assert 'value="25"' in nobody.content.decode()
    assert client.post(path, values | {"save": "1", "recount_observer": "Dr B"}).status_code == 302
    again = client.get(path).content.decode()
    assert 'name="recount_cells" value="25"' in again
    assert 'name="recount_ratio" value="2.4"' in again


def test_calls_are_said_in_words(world):
    make_label(world.patient, "NEEDS_RECOUNT", kind="node")
    client = logged_in(world.people["pathologist"])
    text = text_of(client.get(reverse("pathology", args=["alpha"]), {"show": "done"}))
    assert "recount needed" in text
    assert "needs_recount" not in text.lower().replace("recount needed", "")


def test_results_name_the_model_and_count_the_looks(world):
    text = text_of(logged_in(world.people["clinician"]).get(address(world, "results")))
    assert "Model of record: SVM + LR" in text
    assert "Read with care: 2 HER2-positive patients judge this model." in text
    assert "fused:" not in text


@pytest.mark.parametrize(
    "page", ["cohort", "upload", "pathology", "jobs", "worklist", "results", "models", "home"]
)
def test_an_empty_study_says_what_to_do_next(page):
    study = make_study("empty")
    user = make_person(study, "sonographer" if page == "worklist" else "coordinator")
    path = "/" if page == "home" else reverse(page, args=["empty"])
    answer = logged_in(user).get(path)
    assert answer.status_code == 200
    assert re.search(r'class="[^"]*(empty|task)', answer.content.decode())


def test_a_person_signs_pictures_or_has_regions_wiped(world):
    client, path = logged_in(world.people["coordinator"]), reverse("clip-pixels", args=[world.clip.pk])
    seen = {"seen": world.clip.pack_sha256}
    refused = client.post(path, seen | {"wipe": "1", "region": ["1,2,3"]})
    assert "A region needs four whole numbers" in text_of(refused)
    assert 'value="1,2,3"' in refused.content.decode()  # what was typed stays
    refused = client.post(path, seen | {"clean": "1", "region": ["1,2,30,40"]})
    assert "Wipe them first" in text_of(refused)
    client.post(path, seen | {"wipe": "1", "region": ["1,2,30,40"]})
    check = world.clip.pixel_checks.get()
    assert (check.status, check.regions) == ("waiting", [[1, 2, 30, 40]])
    assert "being wiped" in text_of(client.get(path))
    assert client.get(path, headers={"HX-Request": "true"}).status_code == 204
    check.status = "done"
    check.save()
    assert client.get(path, headers={"HX-Request": "true"})["HX-Refresh"] == "true"
    assert client.post(path, seen | {"clean": "1"}).status_code == 302
    assert world.clip.pixel_checks.filter(outcome="clean", pack_sha256=world.clip.pack_sha256).count() == 1


def test_the_history_of_a_patient_holds_changes_and_no_refusals():
    study = make_study()
    patient = make_patient(make_site(study))
    client = logged_in(make_person(study, "coordinator"))
    assert client.get(reverse("specimen-create", args=[patient.pk])).status_code == 403
    assert AuditEvent.objects.filter(action="permission.denied", object_id=str(patient.pk)).exists()
    assert "was refused" not in client.get(reverse("patient", args=[patient.pk])).content.decode()


def test_a_refused_site_keeps_what_was_typed_and_says_what_is_wrong(world):
    client = logged_in(world.people["coordinator"])
    answer = client.post(reverse("site-add", args=["alpha"]), {"code": "no good", "name": "Zwickau"})
    page = answer.content.decode()
    assert 'value="no good"' in page
    assert 'value="Zwickau"' in page
    assert 'aria-describedby="id_code_error"' in page
    assert "Use letters, digits, dots" in text_of(answer)
    twice = client.post(reverse("site-add", args=["alpha"]), {"code": "a1", "name": "Again"})
    assert 'value="Again"' in twice.content.decode()
    assert "form-fault" in twice.content.decode()


def test_a_new_study_says_what_comes_first():
    study = make_study("fresh")
    client = logged_in(make_person(study, "coordinator", name="first"))
    text = text_of(client.get(reverse("study", args=["fresh"])))
    assert "First steps of a study: Add its sites" in text
    make_site(study, "A")
    assert "done Add its sites" in text_of(client.get(reverse("study", args=["fresh"])))
    assert "Read the results" not in text


def test_the_thinnest_place_is_one_that_the_reader_can_do_something_about(world):
    world.patient.specimens.all().delete()
    for role, may in (("pathologist", True), ("clinician", False)):
        text = text_of(logged_in(world.people[role]).get(reverse("study", args=["alpha"])))
        assert ("Thinnest place: Patients with a signed HER2 label" in text) is may, role
