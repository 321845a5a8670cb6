"""Fitted ensembles as one sealed file without pickle: JSON, NumPy arrays, skops, XGBoost's UBJSON.

Layout: a line that names the format, a line with the HMAC-SHA256 of the rest in hexadecimal, then a ZIP.
The seal is checked before a single byte of the ZIP is read.
"""

import hmac
import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import numpy as np
import skops.io
import xgboost
from numpy.typing import NDArray

from analysis.pipeline.errors import ModelFileError

MAGIC = b"her2web ensemble 2\n"
SEAL_LENGTH = 64
# A ZIP entry is never unpacked beyond this: an ensemble has a few megabytes.
LARGEST_ENTRY = 256 * 1024 * 1024
EPOCH = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Parts:
    """What an ensemble is made of: a JSON document, and arrays, estimators and boosters by name."""

    document: Mapping[str, Any]
    arrays: Mapping[str, NDArray[Any]]
    estimators: Mapping[str, Any]
    boosters: Mapping[str, xgboost.Booster]


def pack(parts: Parts, key: bytes = b"") -> bytes:
    """Return the sealed file. key: secret of this installation; empty means a checksum without secrecy."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        _write(archive, "document.json", json.dumps(parts.document, allow_nan=False).encode())
        arrays = io.BytesIO()
        np.savez(arrays, allow_pickle=False, **parts.arrays)
        _write(archive, "arrays.npz", arrays.getvalue())
        for name, estimator in parts.estimators.items():
            _write(archive, f"estimators/{name}.skops", skops.io.dumps(estimator))
        for name, booster in parts.boosters.items():
            _write(archive, f"boosters/{name}.ubj", bytes(booster.save_raw("ubj")))
    body = packed.getvalue()
    return MAGIC + _seal(body, key) + b"\n" + body


def unpack(blob: bytes, trusted: Sequence[str], key: bytes = b"") -> Parts:
    """Open a sealed file; estimators may contain scikit-learn's own types and those named in `trusted`.

    Raises:
        ModelFileError: another format, a seal that does not fit, or an estimator with a type that is not
            trusted.
    """
    body = _checked(blob, key)
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            entries = {info.filename: _read(archive, info) for info in archive.infolist()}
        document = json.loads(entries["document.json"])
        with np.load(io.BytesIO(entries["arrays.npz"]), allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
    except (KeyError, OSError, ValueError, zipfile.BadZipFile) as error:
        raise ModelFileError(f"model file: expected its parts, got {error!r}. Train again.") from error
    return Parts(
        document,
        arrays,
        {_stem(name): _estimator(data, trusted) for name, data in entries.items() if name.endswith(".skops")},
        {_stem(name): _booster(data) for name, data in entries.items() if name.endswith(".ubj")},
    )


def digest(blob: bytes) -> str:
    """Return the SHA-256 of a file, 64 hexadecimal digits: its name in the registry."""
    return sha256(blob).hexdigest()


def _checked(blob: bytes, key: bytes) -> bytes:
    if not blob.startswith(MAGIC):
        raise ModelFileError(
            "model file: expected an ensemble of this program. Train again, or pick another file."
        )
    start = len(MAGIC)
    seal, body = blob[start : start + SEAL_LENGTH], blob[start + SEAL_LENGTH + 1 :]
    if not hmac.compare_digest(seal, _seal(body, key)):
        raise ModelFileError(
            "model file: its seal does not fit. It was damaged, changed, or sealed by another installation; "
            "train again or restore it from the registry."
        )
    return body


def _seal(body: bytes, key: bytes) -> bytes:
    return hmac.new(key, body, sha256).hexdigest().encode()


def _write(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    entry = zipfile.ZipInfo(name, EPOCH)
    entry.compress_type = zipfile.ZIP_DEFLATED
    archive.writestr(entry, data)


def _read(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    if info.file_size > LARGEST_ENTRY:
        raise ModelFileError(f"model file: expected parts up to {LARGEST_ENTRY} bytes, got {info.file_size}.")
    return archive.read(info)


def _estimator(data: bytes, trusted: Sequence[str]) -> Any:
    unknown = sorted(set(skops.io.get_untrusted_types(data=data)) - set(trusted))
    if unknown:
        raise ModelFileError(f"model file: expected known estimators, got {', '.join(unknown)}. Not opened.")
    return skops.io.loads(data, trusted=list(trusted))


def _booster(data: bytes) -> xgboost.Booster:
    booster = xgboost.Booster({"nthread": 1})
    booster.load_model(bytearray(data))
    return booster


def _stem(name: str) -> str:
    return name.rsplit("/", 1)[-1].rsplit(".", 1)[0]
