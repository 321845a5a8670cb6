"""Every script that a page loads carries its digest, and so does every module that it imports."""

import re

import pytest
from django.core.files.storage import storages
from django.core.management import call_command

from her2web.settings import BASE_DIR, storages_of

IMPORTED = re.compile(r"""\b(?:from|import)\s*["'](\.[^"']+)["']""")
HASHED = re.compile(r"\.[0-9a-f]{12}\.js$")


@pytest.fixture
def collected(settings, tmp_path):
    settings.STORAGES = storages_of("file:///nowhere")
    settings.STATIC_ROOT = tmp_path
    settings.STATICFILES_DIRS = [BASE_DIR / "static"]
    settings.STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder"]
    call_command("collectstatic", interactive=False, clear=True, verbosity=0)
    return tmp_path


def test_modules_import_each_other_by_hashed_names(collected):
    scripts = [path for path in (collected / "js").rglob("*.js") if HASHED.search(path.name)]
    imported = [
        (path, found) for path in scripts for found in IMPORTED.findall(path.read_text(encoding="utf-8"))
    ]
    assert len(imported) > 50
    for path, found in imported:
        assert HASHED.search(found), (path.name, found)
        assert (path.parent / found).is_file(), (path.name, found)


def test_a_server_compresses_and_a_laptop_does_not(monkeypatch):
    assert storages_of("file:///x")["staticfiles"]["BACKEND"].endswith("HashedStaticFilesStorage")
    monkeypatch.setenv("COMPRESS_STATIC", "1")
    backend = storages_of("file:///x")["staticfiles"]["BACKEND"]
    assert backend.endswith("CompressedStaticFilesStorage")
    assert storages.create_storage({"BACKEND": backend}).patterns
