"""Sealing what must not be read from the disk: AES-256-GCM under a key of one purpose, for one owner.

The owner's name is authenticated with the text, so that a seal moved to another owner does not open.
Keys come from one secret through HKDF-SHA256 (RFC 5869).
"""

from __future__ import annotations

import os
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from studies.errors import StudiesError

NONCE_BYTES = 12


class SealError(StudiesError):
    """The seal does not open: another key, another owner, or a changed text."""


def seal(content: bytes, *, secret: str, purpose: str, owner: str) -> bytes:
    """Nonce and ciphertext; equal contents give different seals."""
    nonce = os.urandom(NONCE_BYTES)
    return nonce + AESGCM(derived_key(secret, purpose)).encrypt(nonce, content, owner.encode())


def unseal(sealed: bytes, *, secret: str, purpose: str, owner: str) -> bytes:
    """The content again.

    Raises:
        SealError: it was sealed with another key, for another purpose or owner, or changed since.
    """
    nonce, ciphertext = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
    try:
        return AESGCM(derived_key(secret, purpose)).decrypt(nonce, ciphertext, owner.encode())
    except (InvalidTag, ValueError):
        raise SealError(
            "What was stored encrypted cannot be opened: it was sealed with another key. Ask the "
            "administrator whether HOSPITAL_NUMBER_KEY or SECRET_KEY was changed."
        ) from None


@lru_cache(maxsize=8)
def derived_key(secret: str, purpose: str) -> bytes:
    """The 32-byte key of one purpose."""
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=f"her2web {purpose}".encode()).derive(
        secret.encode()
    )
