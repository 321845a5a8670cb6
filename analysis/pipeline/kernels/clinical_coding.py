"""Clinical records as numbers: the six variables of the clinical branch (SCIENCE 4.3)."""

import re
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from analysis.pipeline.errors import InvalidInputError
from analysis.pipeline.types import CLINICAL_VARIABLES

# Closed ranges in which a value is believed: years, centimetres, 0 or 1, and stages.
RANGES = {
    "age": (0.0, 120.0),
    "size_cm": (0.0, 30.0),
    "menopause": (0.0, 1.0),
    "cT": (0.0, 4.0),
    "cN": (0.0, 3.0),
    "cTNM": (0.0, 4.0),
}
WHOLE = ("menopause", "cT", "cN", "cTNM")
MISSING_WORDS = ("", "na", "n/a", "nan", "none", "null", "unknown")
# T2, cT2, pN1a, 2, IIA: an optional prefix, a stage in either script, an optional sub-stage.
STAGE = re.compile(
    r"^(?:[cp]?[TN])?(?P<arabic>[0-4])[a-d]?$|^(?:stage )?(?P<roman>IV|I{1,3})[A-C]?$", re.IGNORECASE
)
ROMAN = {"I": 1.0, "II": 2.0, "III": 3.0, "IV": 4.0}


def encode_clinical(rows: Sequence[Mapping[str, object]]) -> NDArray[np.float64]:
    """Return (n, 6) float64 of clinical records in the order of CLINICAL_VARIABLES, NaN where missing.

    Stages may be numbers or text (2, "T2", "cN1", "IIA"); menopause is 0 or 1; None, NaN and empty text
    are missing.

    Raises:
        InvalidInputError: a value that is no number or stage, or outside its range.
    """
    coded = [
        [_encode(row.get(name), name, number) for name in CLINICAL_VARIABLES]
        for number, row in enumerate(rows)
    ]
    return np.asarray(coded, dtype=np.float64).reshape(len(coded), len(CLINICAL_VARIABLES))


def _encode(value: object, name: str, row: int) -> float:
    text = "" if value is None else str(value).strip()
    if text.lower() in MISSING_WORDS:
        return float("nan")
    number = _number(text, name)
    low, high = RANGES[name]
    if number is None or not low <= number <= high or (name in WHOLE and not number.is_integer()):
        kind = "a whole number" if name in WHOLE else "a number"
        raise InvalidInputError(
            f"{name}: expected {kind} from {low:g} to {high:g} in row {row + 1}, got {value!r}."
        )
    return number


def _number(text: str, name: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        stage = STAGE.match(text) if name in ("cT", "cN", "cTNM") else None
    if stage is None:
        return None
    return float(stage["arabic"]) if stage["arabic"] else ROMAN[stage["roman"].upper()]
