"""Every warning about one patient's clinical values, and which stored field each of its names means."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from studies.rules.consistency import age_warnings, menopause_warnings, receptor_warnings
from studies.rules.sentences import Notice
from studies.rules.staging import staging_warnings

FIELDS = {"age": "age_years", "cT": "c_t", "cN": "c_n", "cTNM": "c_tnm"}
"""Names that the rules use, where the stored field is called differently."""


def clinical_notices(values: Mapping[str, Any]) -> list[Notice]:
    """What looks inconsistent in clinical values, by the names of the stored fields; absent: not recorded."""
    size = values.get("size_cm")
    return [
        *age_warnings(values.get("age_years")),
        *menopause_warnings(values.get("age_years"), values.get("menopause")),
        *staging_warnings(
            size_cm=None if size is None else float(size),
            ct=values.get("c_t"),
            cn=values.get("c_n"),
            ctnm=values.get("c_tnm") or None,
        ),
        *receptor_warnings(values.get("er_status"), values.get("er_percent"), "er"),
        *receptor_warnings(values.get("pr_status"), values.get("pr_percent"), "pr"),
    ]


def stored_fields(notice: Notice) -> tuple[str, ...]:
    """The stored fields that a warning is about."""
    return tuple(FIELDS.get(name, name) for name in notice.fields)
