"""Reading from a file that may lie: no read past the end, no warning that leaks, no foreign exception."""

from __future__ import annotations

import hashlib
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from studies.errors import RefusedFileError
from studies.imaging.limits import MAX_FILE_BYTES

CUT_SHORT = (
    "The file ends before its contents do, so it was probably cut off while being copied; "
    "copy or export it again from the ultrasound machine."
)
DAMAGED = "The file is damaged ({what}); export it again from the ultrasound machine."

_CHUNK = 1024**2


class GuardedFile:
    """A binary file that refuses to read or seek past its end, so that a lying length costs nothing.

    ``read(n)`` within the last bytes returns what is left for n ≤ 8, as parsers probe for the end that way.
    """

    _PROBE_BYTES = 8

    def __init__(self, raw: BinaryIO, size: int) -> None:
        self._raw = raw
        self.size = size
        self.name = ""

    def read(self, n: int = -1) -> bytes:
        """At most ``n`` bytes. Raises RefusedFileError when more are asked for than the file has."""
        left = self.size - self._raw.tell()
        if n is None or n < 0:
            n = left
        if n > left and n > self._PROBE_BYTES:
            raise RefusedFileError(CUT_SHORT)
        return self._raw.read(n)

    def read_exactly(self, n: int) -> bytes:
        """Exactly ``n`` bytes. Raises RefusedFileError when the file has fewer."""
        data = self.read(n)
        if len(data) != n:
            raise RefusedFileError(CUT_SHORT)
        return data

    def read_at(self, offset: int, n: int) -> bytes:
        """Exactly ``n`` bytes from ``offset``."""
        self.seek(offset)
        return self.read_exactly(n)

    def seek(self, offset: int, whence: int = 0) -> int:
        """Move as ``io`` does. Raises RefusedFileError for a place outside the file."""
        base = {0: 0, 1: self._raw.tell(), 2: self.size}[whence]
        if not 0 <= base + offset <= self.size:
            raise RefusedFileError(CUT_SHORT)
        return self._raw.seek(base + offset)

    def tell(self) -> int:
        """Offset of the next byte."""
        return self._raw.tell()

    def close(self) -> None:
        """The opener closes the real file."""


class _Silent(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        """Drop every record."""
        return False


logging.getLogger("pydicom").addFilter(_Silent())  # its messages quote header values: names, numbers, dates


@contextmanager
def open_guarded(path: Path) -> Iterator[GuardedFile]:
    """Open ``path`` for guarded reading."""
    size = path.stat().st_size
    with path.open("rb") as raw:
        yield GuardedFile(raw, size)


@contextmanager
def quiet() -> Iterator[list[warnings.WarningMessage]]:
    """Collect the warnings of foreign libraries instead of showing them: they may quote header values."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield caught


def file_facts(path: Path) -> tuple[int, str]:
    """Size in bytes and SHA-256 of a file. Raises RefusedFileError when empty or too large."""
    if not path.is_file():
        raise RefusedFileError("There is no file of that name, or it is a folder; choose a file.")
    size = path.stat().st_size
    if size == 0:
        raise RefusedFileError("The file is empty; copy or export it again from the ultrasound machine.")
    if size > MAX_FILE_BYTES:
        raise RefusedFileError(
            f"The file has {size / 1024**3:.1f} GB and at most {MAX_FILE_BYTES // 1024**3} GB are taken; "
            "export a shorter cine or one in JPEG."
        )
    digest = hashlib.sha256()
    with path.open("rb") as handle:
        while chunk := handle.read(_CHUNK):
            digest.update(chunk)
    return size, digest.hexdigest()
