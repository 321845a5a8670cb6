"""What every test shares."""

import importlib
from pathlib import Path

import pytest
from django.utils import translation

REPOSITORY = Path(__file__).resolve().parent.parent
APPEND_ONLY = (
    "0002_append_only", "0004_data_queries", "0005_screening", "0008_table_imports", "0010_signatures",
)  # fmt: skip
"""Migrations of studies that make tables append-only."""
APPEND_ONLY_ANALYSIS = ("0006_promotion_append_only",)
"""The same of analysis."""


def append_only_migrations() -> list:
    """The migration modules whose TABLES are append-only."""
    names = [("studies", name) for name in APPEND_ONLY] + [("analysis", n) for n in APPEND_ONLY_ANALYSIS]
    return [importlib.import_module(f"{app}.migrations.{name}") for app, name in names]


SHARED_DATA = REPOSITORY.parent / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real material; tests that need it skip where it is absent."""
    if not SHARED_DATA.is_dir():
        pytest.skip("the real material (../shared/data) is not here")
    return SHARED_DATA


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker):
    """Let transactional tests empty the tables between them: drop the delete triggers of the test database.

    The triggers themselves are tested in tests/studies/test_append_only.py, which puts them back.
    """
    with django_db_blocker.unblock():
        from django.db import connection  # noqa: PLC0415 - settings must be ready first

        with connection.schema_editor() as editor:
            for migration in append_only_migrations():
                migration.drop_triggers(None, editor, verbs=("delete",))


@pytest.fixture(autouse=True)
def _own_language(settings):
    """Each test starts in English: a request in Chinese leaves its language to the thread."""
    translation.activate(settings.LANGUAGE_CODE)


@pytest.fixture(autouse=True)
def _own_storage(settings, tmp_path):
    """Files of each test in the test's own folder."""
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": str(tmp_path / "media")},
        },
    }
