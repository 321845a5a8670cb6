"""The link from a pseudonymous code to a hospital number: sealed, and found only by an exact match.

The number is encrypted with AES-256-GCM, bound to its patient, so that a sealed number moved to another
patient does not open. It is searched through an HMAC-SHA256 with a second key: whoever holds the database
alone can neither read a number nor try out the few million numbers of a hospital. Both keys are derived from
one secret with HKDF-SHA256 (RFC 5869).
"""

from __future__ import annotations

import hmac
import os
import unicodedata
from base64 import b64decode, b64encode
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from studies.errors import RuleViolationError

MAX_LENGTH = 64
NONCE_BYTES = 12
_SEAL, _SEARCH = b"her2web hospital number: seal", b"her2web hospital number: search"


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
    return hmac.new(_key(secret, _SEARCH), normalised(number).encode(), sha256).hexdigest()


def seal(number: str, *, secret: str, owner: str) -> str:
    """The number as entered, encrypted for `owner` (the patient's id); base64 of nonce and ciphertext."""
    nonce = os.urandom(NONCE_BYTES)
    return b64encode(nonce + _cipher(secret).encrypt(nonce, number.encode(), owner.encode())).decode()


def unseal(sealed: str, *, secret: str, owner: str) -> str:
    """The number again.

    Raises:
        RuleViolationError: another key, another owner, or a changed text.
    """
    raw = b64decode(sealed)
    try:
        return _cipher(secret).decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], owner.encode()).decode()
    except InvalidTag:
        raise RuleViolationError(
            "The hospital number cannot be opened: it was sealed with another key. Ask the administrator "
            "whether HOSPITAL_NUMBER_KEY or SECRET_KEY was changed."
        ) from None


def _cipher(secret: str) -> AESGCM:
    return AESGCM(_key(secret, _SEAL))


def _key(secret: str, purpose: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose).derive(secret.encode())
