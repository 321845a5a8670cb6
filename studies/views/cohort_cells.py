"""What a cell of the cohort table shows: the value, or why there is none, and what looks unlikely."""

from dataclasses import dataclass, field
from typing import Any

from studies.models import Patient
from studies.rules.clinical_checks import clinical_notices, stored_fields
from studies.rules.sentences import Notice

INLINE = ("age_years", "menopause", "size_cm", "c_t", "c_n", "c_tnm")
"""The columns that are edited in the table."""
NUMERIC = frozenset({"age_years", "size_cm"})


@dataclass(frozen=True, slots=True)
class Cell:
    """One clinical value of one patient."""

    patient: Patient
    name: str
    text: str
    reason: str = ""
    notices: list[Notice] = field(default_factory=list)

    @property
    def is_numeric(self) -> bool:
        """Whether the value stands to the right."""
        return self.name in NUMERIC


def cells_of(patient: Patient) -> list[Cell]:
    """The cells of one patient; warnings whose values are kept for a reason are left out."""
    record = getattr(patient, "clinical", None)
    values = {name: getattr(record, name, None) for name in INLINE}
    kept, reasons = getattr(record, "kept_warnings", {}), getattr(record, "missing_reasons", {})
    asked = [(n, stored_fields(n)) for n in clinical_notices(values) if n.code not in kept]
    return [
        Cell(
            patient,
            name,
            text_of(values[name]) if name != "menopause" or record is None else _menopause(record),
            reasons.get(name, ""),
            [notice for notice, names in asked if names and names[0] == name],
        )
        for name in INLINE
    ]


def _menopause(record: Any) -> str:
    return "" if record.menopause is None else str(record.get_menopause_display())


def text_of(value: Any) -> str:
    """A value as a cell writes it."""
    return "" if value is None else str(value)
