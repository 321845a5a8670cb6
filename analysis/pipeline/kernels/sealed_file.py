"""A digest inside a model file, so that a damaged file is noticed before any library parses it.

The file carries the text ``her2web-digest:`` and 64 hexadecimal digits in its metadata: the SHA-256 of the
file with these digits replaced by zeros. It guards against damage, not against intent: whoever can write the
file can write the digest.
"""

import hashlib
import re
from pathlib import Path

from analysis.pipeline.errors import ModelFileError

_PREFIX = b"her2web-digest:"
BLANK = _PREFIX.decode() + "0" * 64
_PATTERN = re.compile(re.escape(_PREFIX) + rb"([0-9a-f]{64})")


def seal(path: Path) -> None:
    """Write the digest into a file that was saved with ``BLANK`` in its metadata."""
    content = path.read_bytes()
    if content.count(BLANK.encode()) != 1:
        raise ModelFileError(
            f"Expected one blank digest in {path}, found {content.count(BLANK.encode())}; save the file "
            f"again."
        )
    digest = hashlib.sha256(content).hexdigest().encode()
    temporary = path.with_name(path.name + ".part")
    temporary.write_bytes(content.replace(BLANK.encode(), _PREFIX + digest))
    temporary.replace(path)


def read_sealed(path: Path) -> bytes:
    """Content of a sealed file. Raises ModelFileError when it is missing, not sealed, or changed since."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ModelFileError(
            f"Expected a model file, {path} cannot be read ({error.strerror}); restore it."
        ) from error
    match = _PATTERN.search(content)
    if match is None:
        raise ModelFileError(
            f"Expected a detector file of this program, {path} carries no digest; use a file that it "
            f"exported."
        )
    blanked = content[: match.start()] + BLANK.encode() + content[match.end() :]
    if hashlib.sha256(blanked).hexdigest().encode() != match.group(1):
        raise ModelFileError(
            f"Expected an intact model file, {path} was damaged or changed (its digest differs); restore it."
        )
    return content
