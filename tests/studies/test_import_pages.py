"""The pages of an import: a file that cannot be read, the columns, the verdicts, the import itself."""

import io
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.urls import reverse
from openpyxl import Workbook

from studies.models import Patient, TableImport
from studies.services.imports import import_run
from studies.tasks import run_import
from tests.factories import logged_in, make_import, make_person
from tests.studies.test_pages import text_of

pytestmark = pytest.mark.django_db
GOOD = b"patient,site,age,size_cm\nN1,a1,51,2.5\nN2,a2,60,3.1\n"


def upload(client, content: bytes, name: str = "table.csv", **fields):
    path = reverse("import-start", args=["alpha"])
    return client.post(path, {"file": SimpleUploadedFile(name, content), **fields})


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("patient,名\nP1,绝经\n".encode("gb18030"), "Row 1, column “2”: The file is not UTF-8"),
        (
            "patient,histology\nP1,a\nP2,绝经\n".encode("gb18030"),
            "Row 3, column “histology”: The file is not",
        ),
        (b"patient,age\n" + b"P,1\n" * 1_000_000, "The table has more than 50000 rows"),
        (b"patient,age\nP1,1,2\n", "Row 2: The row has 3 cells, the header 2"),
        (b'patient,age\nP1,"1\n', "Row 2: The row cannot be taken apart"),
        (b"patient,age,age\nP1,1,1\n", "Row 1, column “age”: Two columns are called “age”"),
        (b"patient,age\n", "a header but no rows"),
        (b"\xd0\xcf\x11\xe0 old", "an old Excel file"),
        (b"%PDF-1.7", "a PDF document"),
        (b"a\0b", "no text file"),
        (b"PK\x03\x04 nothing", "damaged or no workbook"),
        (b"", "empty"),
    ],
)
def test_a_file_that_cannot_be_read_says_where_and_nothing_is_stored(world, coordinator, content, says):
    before = TableImport.objects.count()
    answer = upload(coordinator, content)
    assert says in text_of(answer)
    assert TableImport.objects.count() == before
    chinese = coordinator.post(
        reverse("import-start", args=["alpha"]),
        {"file": SimpleUploadedFile("t.csv", content)},
        headers={"Accept-Language": "zh-CN"},
    )
    assert says.split(": ")[-1] not in text_of(chinese)


def test_another_coding_can_be_chosen(world, coordinator):
    content = "编号,年龄,绝经状态\nN9,51,绝经后\n".encode("gb18030")
    page = upload(coordinator, content, encoding="gb18030")["Location"]
    row = TableImport.objects.latest("created_at")
    assert set(row.mapping.values()) == {"patient.code", "clinical.age_years", "clinical.menopause"}
    assert "绝经后" in text_of(coordinator.get(page))


def workbook(*rows: tuple) -> bytes:
    book = Workbook()
    for row in rows:
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def test_an_excel_file_is_read_and_its_formulas_are_refused(world, coordinator):
    page = upload(coordinator, workbook(("patient", "age"), ("N1", 51), ("N2", 60.0)), "t.xlsx")["Location"]
    assert "2 rows, 2 columns" in text_of(coordinator.get(page))
    refused = upload(coordinator, workbook(("patient", "age"), ("N1", 51), ("N2", "=1+1")), "t.xlsx")
    assert "Row 3, column “age”: The cell holds a formula (=1+1)" in text_of(refused)


def test_from_the_file_to_the_cohort(world, coordinator, django_capture_on_commit_callbacks):
    page = upload(coordinator, GOOD + b"N3,nowhere,70,1.0\n")["Location"]
    html = coordinator.get(page).content.decode()
    assert 'value="clinical.age_years" selected' in html
    row = TableImport.objects.latest("created_at")
    choices = {"act": "check", "default_specimen": "excision", "mode": "all", "on_conflict": "replace"}
    coordinator.post(page, choices)
    assert "being checked" in text_of(coordinator.get(page))
    run_import(import_id=str(row.pk))
    text = text_of(coordinator.get(page))
    assert "1 row is refused" in text
    assert re.search(r"4 N3 refused refused site: There is no site “nowhere” within your reach", text)
    assert ">N3<" not in coordinator.get(page, {"verdict": "new"}).content.decode()
    assert ">N3<" in coordinator.get(page, {"verdict": "error"}).content.decode()
    coordinator.post(page, choices | {"mode": "good"})
    import_run(import_id=str(row.pk))
    assert "1 row stays out" in text_of(coordinator.get(page))
    before = Patient.objects.count()
    coordinator.post(page, {"act": "apply"})
    assert "hx-trigger" in coordinator.get(page).content.decode()
    import_run(import_id=str(row.pk))
    poll = coordinator.get(page, {"poll": 1}, headers={"HX-Request": "true"})
    assert poll.headers["HX-Refresh"] == "true"
    assert "Imported: 2 rows with new patients" in text_of(coordinator.get(page))
    assert Patient.objects.count() == before + 2


def test_columns_keep_what_was_chosen_when_the_choice_is_refused(world, coordinator):
    page = upload(coordinator, b"patient,age,years\nN1,51,52\n")["Location"]
    choices = {"act": "check", "default_specimen": "core", "mode": "all", "on_conflict": "ask"}
    answer = coordinator.post(page, choices | {"map_2": "clinical.age_years"})
    assert "“age” and “years” go to the same field" in text_of(answer)
    html = answer.content.decode()
    assert re.search(r'name="map_2">.*?value="clinical.age_years" selected', html, re.DOTALL)
    assert re.search(r'value="ask" selected', html)


def test_who_sees_a_table(world):
    own = make_import(world.alpha, actor=world.people["neighbour"])
    page = reverse("import", args=[own.pk])
    assert logged_in(world.people["neighbour"]).get(page).status_code == 200
    assert logged_in(world.people["coordinator"]).get(page).status_code == 200
    near = make_person(world.alpha, "coordinator", site=world.a1)
    assert logged_in(near).get(page).status_code == 403
    blinded = make_person(world.alpha, "coordinator", "sonographer")
    assert logged_in(blinded).get(page).status_code == 200
    own.mapping = own.mapping | {"age": "label.ihc_score"}
    own.save()
    assert logged_in(blinded).get(page).status_code == 403


def test_a_table_is_thrown_away(world, coordinator):
    page = reverse("import", args=[world.table.pk])
    assert "was thrown away" in text_of(coordinator.post(page, {"act": "discard"}, follow=True))
    assert "imported or discarded already" in text_of(coordinator.post(page, {"act": "apply"}))


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "table.csv"
    path.write_bytes(GOOD)
    return path


def test_the_command_imports_and_says_what_it_did(world, file, capsys):
    call_command("import_table", str(file), "--study", "alpha", "--dry-run")
    assert "dry run: nothing was written" in capsys.readouterr().out
    assert not Patient.objects.filter(code="N1").exists()
    call_command("import_table", str(file), "--study", "alpha", "--actor", "coordinator", "--json")
    out = capsys.readouterr().out
    assert '"imported": true' in out
    assert '"new": 2' in out
    assert Patient.objects.filter(code__in=["N1", "N2"]).count() == 2


def test_the_command_refuses_with_row_column_and_status(world, file, capsys):
    file.write_bytes(GOOD + b"N3,a1,300,1\n")
    with pytest.raises(SystemExit) as caught:
        call_command("import_table", str(file), "--study", "alpha")
    out = capsys.readouterr().out
    assert caught.value.code == 1
    assert re.search(r"row +4 N3 +error +\[error\] age: 300 lies outside", out)
    assert "nothing was imported" in out
    assert not Patient.objects.filter(code="N1").exists()
    with pytest.raises(SystemExit):
        call_command("import_table", str(file), "--study", "alpha", "--good-rows-only")
    assert Patient.objects.filter(code="N1").exists()
    file.write_bytes("patient,x\nP1,绝经\n".encode("gb18030"))
    with pytest.raises(CommandError, match="row 2: column 'x': The file is not UTF-8") as wrong:
        call_command("import_table", str(file), "--study", "alpha")
    assert wrong.value.returncode == 1


@pytest.mark.parametrize(
    "options",
    [["--study", "nowhere"], ["--study", "alpha", "--actor", "nobody"], ["--study", "alpha", "--map", "age"],
     ["--study", "alpha", "--map", "age=clinical.nothing"], ["--study", "alpha", "--map", "x=keep"]],
)  # fmt: skip
def test_the_command_says_what_is_wrong_with_its_use(world, file, options):
    with pytest.raises(CommandError) as caught:
        call_command("import_table", str(file), *options)
    assert caught.value.returncode == 2
