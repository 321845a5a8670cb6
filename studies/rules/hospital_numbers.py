"""The link from a pseudonymous code to a hospital number: sealed, and found only by an exact match.

The number is encrypted for its patient (`sealing`). It is searched through an HMAC-SHA256 with a second key:
whoever holds the database alone can neither read a number nor try out the few million numbers of a hospital.
"""

from __future__ import annotations

import hmac
import unicodedata
from base64 import b64decode, b64encode
from hashlib import sha256

from studies.errors import RuleViolationError
from studies.rules import sealing

MAX_LENGTH = 64
_SEAL, _SEARCH = "hospital number: seal", "hospital number: search"


def normalised(number: str) -> str:
    """One spelling of a number: compatibility forms folded, no spaces, upper case. Zeros and dashes count.

    Raises:
        RuleViolationError: nothing is left, or more than MAX_LENGTH characters.
    """
    plain = "".join(unicodedata.normalize("NFKC", number).split()).upper()
    if not plain:
        raise RuleViolationError("Enter the hospital number; it is empty.")
    if len(plain) > MAX_LENGTH:
        raise RuleViolationError("A hospital number has at most 64 characters; this one is longer.")
    return plain


def fingerprint(number: str, *, secret: str) -> str:
    """The keyed hash (64 hex digits) by which an equal number is found; two spellings of one number agree."""
    key = sealing.derived_key(secret, _SEARCH)
    return hmac.new(key, normalised(number).encode(), sha256).hexdigest()


def seal(number: str, *, secret: str, owner: str) -> str:
    """The number as entered, encrypted for `owner` (the patient's id), as base64."""
    sealed = sealing.seal(number.encode(), secret=secret, purpose=_SEAL, owner=owner)
    return b64encode(sealed).decode()


def unseal(sealed: str, *, secret: str, owner: str) -> str:
    """The number again.

    Raises:
        SealError: another key, another owner, or a changed text.
    """
    return sealing.unseal(b64decode(sealed), secret=secret, purpose=_SEAL, owner=owner).decode()
