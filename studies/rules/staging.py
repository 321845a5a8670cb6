"""Size, T, N and stage beside each other: warnings only (CLINICAL C.6).

The app stores the stage that the clinician entered, with the edition used; it never computes a stage for the
record. The table here serves one comparison.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from studies.errors import StudiesError
from studies.rules.sentences import Notice, Sentence, decimals, gettext_noop

T1_MAX_MM = 20.0
T2_MAX_MM = 50.0
TOLERANCE_MM = 2.0
"""The paper's size is the transverse diameter of the largest section, not the greatest dimension."""

_COLUMNS = ("N0", "N1mi", "N1", "N2", "N3")
_STAGES = {
    "T0": (None, "IB", "IIA", "IIIA", "IIIC"),
    "T1": ("IA", "IB", "IIA", "IIIA", "IIIC"),
    "T2": ("IIA", "IIB", "IIB", "IIIA", "IIIC"),
    "T3": ("IIB", "IIIA", "IIIA", "IIIA", "IIIC"),
    "T4": ("IIIB", "IIIB", "IIIB", "IIIB", "IIIC"),
}
"""Anatomic groups for M0: MSD Manual, adapted from AJCC 8; N1mi with T2 to T4 as N1 (our convention)."""
_ROMAN = {"0": "0", "1": "I", "2": "II", "3": "III", "4": "IV"}


class StagingInputError(StudiesError, ValueError):
    """An entry that is no T, N or stage. `field` names it."""

    def __init__(self, message: str, *, field: str) -> None:
        super().__init__(message)
        self.field = field


def _plain(value: Any) -> str:
    return re.sub(r"[\s_()]", "", unicodedata.normalize("NFKC", str(value))).upper()


def t_category(value: Any) -> str | None:
    """The T category as "T0" to "T4" from what people enter (1, "cT1c", "T2", "ypT1"), None where it is
    not known.

    Raises:
        StagingInputError: anything else; Tis and TX give None.
    """
    if value is None or _plain(value) in ("", "TX", "CTX", "X", "TIS", "CTIS"):
        return None
    found = re.fullmatch(r"(?:C|P|YP|YC)?T?([0-4])(?:MI|[A-D])?", _plain(value))
    if not found:
        raise StagingInputError(f"cT must be 0 to 4, such as cT2, got {value!r}.", field="cT")
    return f"T{found[1]}"


def n_category(value: Any) -> str | None:
    """The N category as "N0", "N1mi", "N1", "N2" or "N3", None where it is not known.

    Raises:
        StagingInputError: anything else; NX gives None.
    """
    if value is None or _plain(value) in ("", "NX", "CNX", "X"):
        return None
    found = re.fullmatch(r"(?:C|P|YP|YC)?N?([0-3])(MI|[A-C]|I[+-]|MOL[+-])?", _plain(value))
    if not found:
        raise StagingInputError(f"cN must be 0 to 3, such as cN1, got {value!r}.", field="cN")
    return "N1mi" if found[1] == "1" and found[2] == "MI" else f"N{found[1]}"


def stage_category(value: Any) -> str | None:
    """The stage as "0", "I", "IA" to "IV", from 2, "II", "Stage IIB" or "2b"; None where it is not known.

    Raises:
        StagingInputError: anything else; X gives None.
    """
    plain = "" if value is None else _plain(value).removeprefix("STAGE")
    if plain in ("", "X"):
        return None
    found = re.fullmatch(r"(0|IV|I{1,3}|[1-4])([A-C])?", plain)
    if not found:
        raise StagingInputError(f"cTNM must be a stage such as 2 or IIB, got {value!r}.", field="cTNM")
    return _ROMAN.get(found[1], found[1]) + (found[2] or "")


def anatomic_stage(t: str | None, n: str | None, *, distant_metastasis: bool = False) -> str | None:
    """The anatomic group for a comparison, never for the record; None where the table has none.

    Args:
        t, n: as `t_category` and `n_category` give them.
    """
    if distant_metastasis:
        return "IV"
    if t not in _STAGES or n not in _COLUMNS:
        return None
    return _STAGES[t][_COLUMNS.index(n)]


def staging_warnings(
    *,
    size_cm: float | None = None,
    ct: Any = None,
    cn: Any = None,
    ctnm: Any = None,
    distant_metastasis: bool = False,
    box_touches_border: bool = False,
) -> tuple[Notice, ...]:
    """Every inconsistency between size, T, N and stage; none of them blocks.

    Args:
        size_cm: US size as the paper measures it, in centimetres.
        ct, cn, ctnm: as entered; what is no T, N or stage becomes a warning here.
        distant_metastasis: whether M1 is recorded.
        box_touches_border: whether the lesion's box touches the image border in the clip.
    """
    warnings: list[Notice] = []
    t = _read(t_category, ct, "cT", warnings)
    n = _read(n_category, cn, "cN", warnings)
    stage = _read(stage_category, ctnm, "cTNM", warnings)
    warnings += _stage_warnings(stage, anatomic_stage(t, n, distant_metastasis=distant_metastasis))
    warnings += _size_warnings(size_cm, t)
    if t == "T3" and box_touches_border:
        template = gettext_noop(
            "cT3 with a box at the image border: the field of view is about 4 x 3.5 cm, "
            "a lesion over 5 cm does not fit in it."
        )
        warnings.append(Notice("ct3_truncated", Sentence(template), ("cT", "track")))
    return tuple(warnings)


def _read(read: Any, value: Any, field: str, warnings: list[Notice]) -> str | None:
    try:
        return read(value)
    except StagingInputError:
        template = gettext_noop("“%(text)s” is no %(field)s.")
        sentence = Sentence(template, text=str(value), field=field)
        warnings.append(Notice("staging_not_understood", sentence, (field,)))
        return None


def _stage_warnings(entered: str | None, fits: str | None) -> list[Notice]:
    """A stage without a letter (the paper's 1, 2, 3) is compared by its number only."""
    if entered is None or fits is None:
        return []
    same = entered == fits if entered[-1] in "ABC" else entered == fits.rstrip("ABC")
    if same:
        return []
    template = gettext_noop("Stage %(entered)s was entered; T and N as entered belong to stage %(fits)s.")
    return [Notice("stage_differs", Sentence(template, entered=entered, fits=fits), ("cTNM", "cT", "cN"))]


def _size_warnings(size_cm: float | None, t: str | None) -> list[Notice]:
    if size_cm is None or t not in ("T1", "T2", "T3"):
        return []
    size = round(float(size_cm) * 10.0, 6)  # 2.2 cm are 22 mm, not 22.000000000000004
    least, most = {"T1": (0.0, T1_MAX_MM), "T2": (T1_MAX_MM, T2_MAX_MM), "T3": (T2_MAX_MM, float("inf"))}[t]
    if least - TOLERANCE_MM < size <= most + TOLERANCE_MM:
        return []
    template = gettext_noop("The US size of %(size)s mm does not fit c%(t)s, even with 2 mm of tolerance.")
    return [Notice("size_differs_from_t", Sentence(template, size=decimals(size), t=t), ("size_cm", "cT"))]
