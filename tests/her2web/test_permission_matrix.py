"""Who may open what: every address of the project against every kind of person, as one literal table.

An address without a row fails, a method without a row must be refused, and rows of another study are never
there. The table itself is in `permission_table.py`.
"""

import json
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.urls import NoReverseMatch, URLPattern, get_resolver, reverse

from tests.factories import logged_in, make_world, picture_zip
from tests.her2web.permission_table import PEOPLE, TABLE

pytestmark = pytest.mark.django_db
OPEN = frozenset({"login", "logout", "healthz", "set_language"})
"""Addresses that say nothing of any study and take what they do not know for a GET."""
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
NAME_OF = {"results-part": "tables", **dict.fromkeys(("table-csv", "table-xlsx", "table-tex"), "table1")}
"""What an address with a name is asked for; a figure otherwise."""
REASON = {"reason": "because"}
OBJECT_OF = {
    "patient_id": "patient", "clip_id": "clip", "track_id": "own", "upload_id": "upload", "job_id": "job",
    "specimen_id": "specimen", "version_id": "version", "grant_id": "grant",
    "query_id": "query", "import_id": "table", "lesion_id": "lesion", "exam_id": "exam",
    "file_id": "report_file",
}  # fmt: skip
ROW_OF = {
    "studies": "study", "sites": "site", "patients": "patient", "lesions": "lesion", "exams": "exam",
    "clinical-records": "clinical", "memberships": "membership", "looks": "look", "uploads": "upload",
    "clips": "clip", "revisions": "revision", "specimens": "specimen", "labels": "label",
    "audit-events": "event", "jobs": "job", "feature-sets": "features", "model-versions": "version",
    "evaluations": "evaluation", "predictions": "prediction", "data-queries": "query",
    "screenings": "screening", "criterion-rows": "criterion",
}  # fmt: skip


def rows() -> list[tuple[str, str, dict[str, int]]]:
    """(URL name, method, person -> expected status) of every row."""
    found = []
    for line in TABLE.strip().splitlines():
        if line and not line.startswith("#"):
            name, method, *statuses = line.split()
            found.append((name, method, dict(zip(PEOPLE, map(int, statuses), strict=True))))
    return found


def patterns() -> Iterator[URLPattern]:
    """Every address of the project outside the admin."""

    def walk(entries):
        for entry in entries:
            if isinstance(entry, URLPattern):
                yield entry
            elif entry.namespace != "admin":
                yield from walk(entry.url_patterns)

    return walk(get_resolver().url_patterns)


def arguments(pattern: URLPattern, study: SimpleNamespace) -> dict[str, object]:
    """What the address asks for, out of the rows of one study."""
    found: dict[str, object] = {}
    for name in pattern.pattern.converters:
        if name == "slug":
            found[name] = study.study.slug
        elif name == "index":
            found[name] = 0
        elif name == "name" and pattern.name == "clinical-cell":
            found[name] = "age_years"
        elif name == "name":
            found[name] = NAME_OF.get(pattern.name, "roc")
        elif name == "pk":
            plural = pattern.name.removeprefix("api-").rsplit("-", 1)[0]
            found[name] = getattr(study, ROW_OF[plural]).pk
        else:
            found[name] = getattr(study, _object_of(pattern.name, name)).pk
    return found


def _object_of(address: str, name: str) -> str:
    return "waiting" if address == "upload-assign" else OBJECT_OF[name]


def addresses(study: SimpleNamespace) -> dict[str, str]:
    """URL name -> address."""
    found = {}
    for pattern in patterns():
        # includes may prefix a pattern with arguments; none of this project's do
        found[pattern.name] = reverse(pattern.name, kwargs=arguments(pattern, study))
    return found


def body_of(name: str, method: str, world: SimpleNamespace) -> dict[str, object]:
    """A body that is accepted from whoever may send it."""
    patient = str(world.patient.pk)
    bodies = {
        "api-token": {"username": "coordinator", "password": "coordinator"},
        "api-clip-presence": {"tab": "t"},
        "api-track-revert": {"to_number": 1},
        "api-track": {"patch": {}},
        "api-track-sign": {"active_seconds": 2.5},
        "api-studies-list": {"slug": "new", "title": "New"},
        "api-sites-list": {"study": str(world.alpha.pk), "code": "new", "name": "New"},
        "api-patients-list": {"site": str(world.a1.pk), "code": "new"},
        "api-exams-list": {"patient": patient, "phase": "baseline"},
        "api-clinical-records-detail": {"age_years": 51},
        "api-looks-list": {"study": str(world.alpha.pk), **REASON},
        "api-uploads-assign": {"patient": patient},
        "api-specimens-list": {"patient": patient, "kind": "core"},
        "api-labels-lock": {"password": "pathologist"},
        "api-labels-list": {"specimen": str(world.specimen.pk), "ihc_score": "0"},
        "set_language": {"language": "en"},
        "study-create": {
            "slug": "new",
            "title": "New",
            "readers_per_clip": 1,
            "readers_per_specimen": 1,
            "label_rule": "asco_cap",
        },
        "site-add": {"code": "new", "name": "New"},
        "people": {"username": "clinician", "role": "coordinator"},
        "patient-create": {"code": "new", "site": str(world.a1.pk)},
        "clinical-edit": {"age_years": 51},
        "query-create": {"about": "clinical.age_years", "text": "Really?"},
        "query": {"act": "answer", "text": "Yes."},
        "queries": {"query": str(world.query.pk), "text": "Settled."},
        "api-screenings-list": {"patient": patient, "mass": True},
        "api-criterion-rows-list": {
            "patient": patient,
            "criterion": "exclusion_d",
            "verdict": "met",
            "note": "MRI.",
        },
        "api-data-queries-list": {"patient": patient, "field": "age_years", "text": "Really?"},
        "api-data-queries-answer": {"text": "Yes."},
        "api-data-queries-close": {"text": "Settled."},
        "api-data-queries-reopen": {"text": "Not yet."},
        "cohort-bulk": {"act": "missing", "field": "grade", "reason": "unknown", "patient": patient},
        "cohort-views": {"name": "mine"},
        "clinical-cell": {"age_years": 51},
        "exam-create": {"phase": "baseline"},
        "exam": {"phase": "baseline"},
        "lesion-create": {"laterality": "L"},
        "lesion": {"laterality": "L"},
        "export": {"format": "csv"},
        "import": {"act": "discard"},
        "hospital-find": {"number": "0815"},
        "hospital-number": {"act": "set", "number": "0815"},
        "specimen-create": {"kind": "core"},
        "upload-assign": {"patient": patient},
        "statement-save": {"topic": "ethics", "text": "Approved."},
        "specimen": {"ihc_score": "0", "controls_ok": "on"},
        "call-preview": {"ihc_score": "0"},
        "login": {"username": "coordinator", "password": "coordinator"},
    }
    if name == "import-start" and method == "POST":
        return {"file": SimpleUploadedFile("table.csv", b"patient,age\nNEW,50\n")}
    if name in ("upload", "api-uploads-list") and method == "POST":
        return {"patient": patient, "file": SimpleUploadedFile("cine.zip", picture_zip(n_frames=1))}
    return bodies.get(name, REASON)


def ask(client, name: str, method: str, address: str, body: dict[str, object]):
    """Send one request and undo what it did."""
    options: dict[str, object] = {}
    if method not in ("GET", "DELETE"):
        options["data"] = body
        if name.startswith("api-") and name != "api-uploads-list":
            options = {"data": json.dumps(body), "content_type": "application/json"}
    if name == "api-clip-presence" and method == "DELETE":
        address += "?tab=t"
    headers = {"If-Match": "1", "Idempotency-Key": "k"}
    with transaction.atomic():
        answer = getattr(client, method.lower())(address, headers=headers, **options)
        transaction.set_rollback(True)
    return answer


@pytest.fixture
def world(monkeypatch) -> SimpleNamespace:
    """The two studies and their people; beside them what only an address of the API shows."""
    # what the schema says is tests/studies/api/test_schema.py's business, and it takes half a second
    monkeypatch.setattr("drf_spectacular.generators.SchemaGenerator.get_schema", lambda *_, **__: {})
    made = make_world()
    for study in (made, made.other):
        study.site, study.lesion = study.patient.site, study.patient.lesions.get()
        study.exam, study.clinical = study.patient.exams.get(), study.patient.clinical
        study.revision = study.own.revisions.get()
        study.look = study.study.all_looks.create(number=1, reason="test", seal_hash="0" * 64)
    return made


@pytest.mark.parametrize("person", PEOPLE)
def test_every_address_answers_each_person_as_the_table_says(world, person, settings):
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}
    known, client, wrong = addresses(world), logged_in(world.people[person]), []
    for name, method, expected in rows():
        if name == "logout":
            continue  # it ends the session that the other rows need; its own test is below
        got = ask(client, name, method, known[name], body_of(name, method, world)).status_code
        if got != expected[person]:
            wrong.append(f"{method} {name}: expected {expected[person]}, got {got}")
    assert not wrong, "\n".join(wrong)


def test_every_address_has_a_row_and_every_row_an_address():
    listed = {name for name, _method, _statuses in rows()}
    named = {pattern.name for pattern in patterns()}
    assert None not in named
    assert named - listed == set(), "addresses without a row in permission_table.py"
    assert listed - named == set(), "rows without an address"


def test_every_method_of_the_api_has_a_row():
    listed = {(name, method) for name, method, _statuses in rows()}
    for pattern in patterns():
        actions = getattr(pattern.callback, "actions", None) or {
            method.lower(): ""
            for method in METHODS
            if hasattr(getattr(pattern.callback, "cls", None), method.lower())
        }
        for method in actions:
            if method != "head":
                assert (pattern.name, method.upper()) in listed, f"{method} {pattern.name} has no row"


@pytest.mark.parametrize("person", ["coordinator", "administrator"])
def test_a_method_without_a_row_is_refused(world, person):
    listed = {(name, method) for name, method, _statuses in rows()}
    client = logged_in(world.people[person])
    for name, address in addresses(world).items():
        for method in METHODS:
            if (name, method) not in listed and name not in OPEN:
                answer = ask(client, name, method, address, {})
                assert answer.status_code in (403, 404, 405), f"{method} {name}: {answer.status_code}"


@pytest.mark.parametrize(
    "person", ["coordinator", "sonographer", "pathologist", "clinician", "administrator"]
)
def test_what_belongs_to_another_study_is_not_there(world, person):
    client, known = logged_in(world.people[person]), addresses(world.other)
    with_rows = {pattern.name for pattern in patterns() if pattern.pattern.converters}
    for name, method, expected in rows():
        if name in with_rows:
            answer = ask(client, name, method, known[name], body_of(name, method, world))
            refused = (404,) if expected[person] < 400 else (403, 404)
            assert answer.status_code in refused, f"{method} {name}: {answer.status_code}"


def test_the_admin_is_closed_to_everybody_without_an_account_there(world):
    for person in ("anonymous", "administrator"):
        client = logged_in(world.people[person])
        for pattern in get_resolver().namespace_dict["admin"][1].url_patterns:
            for name in _admin_names(pattern):
                address = _admin_address(name)
                if address is not None:
                    answer = client.get(address)
                    assert answer.status_code in (302, 404), f"{name}: {answer.status_code}"
                    assert answer.status_code == 404 or "/login/" in answer["Location"], name


def _admin_names(pattern) -> Iterator[str]:
    if isinstance(pattern, URLPattern):
        if pattern.name and pattern.name not in ("login", "logout"):
            yield pattern.name
    else:
        for entry in pattern.url_patterns:
            yield from _admin_names(entry)


def _admin_address(name: str) -> str | None:
    for keywords in (
        {},
        {"object_id": "1"},
        {"app_label": "studies"},
        {"content_type_id": 1, "object_id": 1},
    ):
        try:
            return reverse(f"admin:{name}", kwargs=keywords)
        except NoReverseMatch:
            continue
    return None


def test_logging_out_needs_post_and_ends_the_session(world):
    client = logged_in(world.people["coordinator"])
    assert client.get(reverse("logout")).status_code == 405
    assert client.post(reverse("logout")).status_code == 302
    assert client.get(reverse("home")).status_code == 302
