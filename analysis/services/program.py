"""Which code computed a result: the digest of the program's own files, stored and printed beside results."""

import hashlib
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from django.conf import settings

CODE_FOLDERS = ("analysis", "studies", "her2web")
LOCK_FILE = "requirements.txt"


@cache
def code_digest() -> str:
    """SHA-256 (hex) of the program's own Python files, names and contents."""
    total = hashlib.sha256()
    for path in _sources():
        total.update(path.relative_to(settings.BASE_DIR).as_posix().encode() + b"\0")
        total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


@cache
def requirements_digest() -> str:
    """SHA-256 (hex) of the lock file: every library in its version; empty where the file is not installed."""
    path = settings.BASE_DIR / LOCK_FILE
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


def _sources() -> Iterable[Path]:
    return sorted(path for name in CODE_FOLDERS for path in (settings.BASE_DIR / name).rglob("*.py"))
