"""What is written once stays: the database itself refuses UPDATE and DELETE, whoever sends them."""

from types import SimpleNamespace

import pytest
from django.db import IntegrityError, connection, transaction

from analysis.models import ModelVersion, Promotion
from studies.models import (
    AuditEvent,
    CriterionRow,
    Look,
    Membership,
    QueryNote,
    Revision,
    Signature,
    SourceRow,
)
from studies.services.audit import audit_record
from studies.services.queries import query_raise
from tests.conftest import append_only_migrations
from tests.factories import (
    make_clip,
    make_import,
    make_label,
    make_membership,
    make_model_track,
    make_patient,
    make_site,
    make_study,
    make_user,
)

pytestmark = pytest.mark.django_db
MIGRATIONS = append_only_migrations()
triggers = MIGRATIONS[0]
TABLES = [table for migration in MIGRATIONS for table in migration.TABLES]


@pytest.fixture
def rows():
    """One row of each table. The delete triggers, which tests/conftest.py drops, are put back."""
    study = make_study()
    patient = make_patient(make_site(study))
    made = {
        AuditEvent: audit_record(actor=None, action="site.create", target=study, study=study),
        Revision: make_model_track(make_clip(patient)).revisions.get(),
        Membership: make_membership(patient),
        Look: Look.objects.create(study=study, number=1, reason="test", seal_hash="0" * 64),
        QueryNote: query_raise(
            actor=make_user(), patient=patient, part="clinical", field="age_years", text="Really?"
        ).notes.get(),
        Signature: Signature.objects.create(
            label=make_label(patient, "POSITIVE"),
            signer=make_user(),
            meaning="reading",
            call="POSITIVE",
            content_digest="0" * 64,
        ),
        CriterionRow: CriterionRow.objects.create(
            patient=patient,
            criterion="exclusion_f",
            number=1,
            verdict="met",
            record_verdict="met",
            basis="record",
            evidence={},
        ),
        SourceRow: SourceRow.objects.create(table=make_import(study), patient=patient, number=2, texts={}),
        Promotion: Promotion.objects.create(
            version=ModelVersion.objects.create(kind="ensemble", study=study, name="m", digest="0" * 64),
            reason="the first",
        ),
    }
    with connection.cursor() as cursor:
        # the test's transaction takes them away again; on SQLite no schema editor may run inside one
        editor = SimpleNamespace(
            connection=connection, execute=lambda sql, params=None: cursor.execute(sql, params)
        )
        triggers.create_triggers(None, editor, tables=TABLES, verbs=("delete",))
    return made


MODELS = (AuditEvent, CriterionRow, Revision, Signature, Membership, Look, QueryNote, SourceRow, Promotion)


def test_these_are_the_tables_that_the_migrations_guard():
    assert {model._meta.db_table for model in MODELS} == set(TABLES)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("statement", ["UPDATE {table} SET {key} = {key}", "DELETE FROM {table}"])
def test_the_database_refuses(rows, model, statement):
    sql = statement.format(table=model._meta.db_table, key=model._meta.pk.column)
    before = model.objects.values().get(pk=rows[model].pk)
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        connection.cursor().execute(sql)
    assert model.objects.values().get(pk=rows[model].pk) == before


@pytest.mark.parametrize("model", MODELS)
def test_a_row_that_is_saved_or_deleted_through_its_model_is_refused_too(rows, model):
    for act in (rows[model].save, rows[model].delete):
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            act()


@pytest.mark.parametrize("model", MODELS)
def test_the_queryset_says_what_to_do_instead(rows, model):
    with pytest.raises(TypeError, match="add a new row"):
        model.objects.update(pk=None)
    with pytest.raises(TypeError, match="cannot be deleted"):
        model.objects.all().delete()


def test_what_hangs_on_a_revision_cannot_be_deleted_from_above(rows):
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        rows[Revision].track.clip.delete()
