"""HER2 in situ hybridisation: what a count says before IHC is looked at (CLINICAL C.2, C.3)."""

from __future__ import annotations

from dataclasses import dataclass

from studies.rules.her2_types import Ish
from studies.rules.sentences import Notice, Sentence, decimals, gettext_noop

MIN_CELLS = 20
"""Fewest cells of a valid count (ASCO/CAP 2018)."""
RATIO_CUT = 2.0
COPIES_LOW = 4.0
COPIES_HIGH = 6.0
RATIO_TOLERANCE = 0.05
"""Entered and recomputed ratio may differ by this much before a query is raised (CLINICAL C.4, step 3)."""
_ROUNDING = 1e-9
HER2_PLAUSIBLE = 100.0
CEP17_PLAUSIBLE = 10.0
"""Means a cell above these are totals over all cells, entered in the wrong place (our convention: the
highest true means in `tcga_brca_her2.csv` are 21 HER2 and 4.4 CEP17; every larger entry divides to such a
mean)."""


@dataclass(frozen=True)
class Measured:
    """A count after the checks.

    ratio: recomputed from the copies where both were entered, else as entered; None where unknown.
    copies: mean HER2 signals a cell, or None.
    group: 1 to 5 for a dual probe with ratio and copies, else None.
    enough_cells: False where fewer than 20 were counted (a missing number is a query, no refusal).
    """

    probe: str
    ratio: float | None
    copies: float | None
    group: int | None
    enough_cells: bool
    queries: tuple[Notice, ...]


def ratio_of(ish: Ish) -> float | None:
    """The ratio that counts: HER2 / CEP17 where both were entered, else the ratio as entered, else None."""
    if ish.her2_copies is not None and ish.cep17_copies is not None:
        return ish.her2_copies / ish.cep17_copies
    return ish.ratio


def group_of(ratio: float, copies: float) -> int:
    """ISH group 1 to 5 of a dual probe from HER2/CEP17 ratio and mean HER2 copies a cell."""
    if ratio >= RATIO_CUT:
        return 1 if copies >= COPIES_LOW else 2
    if copies >= COPIES_HIGH:
        return 3
    return 4 if copies >= COPIES_LOW else 5


def looks_like_totals(ish: Ish) -> bool:
    """True where a "mean a cell" is so high that it must be the total over all cells counted."""
    high_her2 = ish.her2_copies is not None and ish.her2_copies > HER2_PLAUSIBLE
    return high_her2 or (ish.cep17_copies is not None and ish.cep17_copies > CEP17_PLAUSIBLE)


def measured(ish: Ish, prefix: str = "ish") -> Measured:
    """Check one count and put it in its group. *prefix* names the count in the queries' fields."""
    queries = [*_cell_queries(ish, prefix), *_value_queries(ish, prefix)]
    enough = ish.cells is None or ish.cells >= MIN_CELLS
    if looks_like_totals(ish):
        return Measured(ish.probe, None, None, None, enough, (*queries, _totals_query(ish, prefix)))
    if ish.probe == "single":
        return Measured("single", None, ish.her2_copies, None, enough, tuple(queries))
    ratio = ratio_of(ish)
    group = None if ratio is None or ish.her2_copies is None else group_of(ratio, ish.her2_copies)
    return Measured("dual", ratio, ish.her2_copies, group, enough, tuple(queries))


def _cell_queries(ish: Ish, prefix: str) -> list[Notice]:
    if ish.empty:
        sentence = Sentence(gettext_noop("An ISH was recorded without any value; it counts as not done."))
        return [Notice("ish_empty", sentence, (prefix,))]
    if ish.cells is None:
        sentence = Sentence(
            gettext_noop("The number of cells counted is missing; a valid count has at least %(least)d."),
            least=MIN_CELLS,
        )
        return [Notice("cells_missing", sentence, (f"{prefix}.cells",))]
    return []


def _value_queries(ish: Ish, prefix: str) -> list[Notice]:
    if ish.empty or looks_like_totals(ish):
        return []
    if ish.probe == "single":
        return _single_queries(ish, prefix)
    return [*_ratio_queries(ish, prefix), *_copies_queries(ish, prefix)]


def _single_queries(ish: Ish, prefix: str) -> list[Notice]:
    if ish.ratio is not None or ish.cep17_copies is not None:
        sentence = Sentence(gettext_noop("A single probe has no CEP17 and no ratio; both were left out."))
        return [Notice("single_probe_with_cep17", sentence, (f"{prefix}.cep17_copies", f"{prefix}.ratio"))]
    return []


def _copies_queries(ish: Ish, prefix: str) -> list[Notice]:
    if ish.her2_copies is None:
        sentence = Sentence(gettext_noop("The mean HER2 copies a cell are missing; the group needs them."))
        return [Notice("copies_missing", sentence, (f"{prefix}.her2_copies",))]
    if ish.cep17_copies is None and ish.ratio is None:
        sentence = Sentence(
            gettext_noop("Neither CEP17 copies nor a ratio was entered; the group needs one.")
        )
        return [Notice("ratio_missing", sentence, (f"{prefix}.cep17_copies", f"{prefix}.ratio"))]
    return []


def _ratio_queries(ish: Ish, prefix: str) -> list[Notice]:
    computed = ratio_of(ish)
    if ish.ratio is None or computed is None:
        return []
    apart = abs(computed - ish.ratio) > RATIO_TOLERANCE + _ROUNDING
    if not apart and (computed >= RATIO_CUT) == (ish.ratio >= RATIO_CUT):
        return []
    template = gettext_noop(
        "The ratio entered is %(entered)s; HER2 copies over CEP17 copies make %(computed)s, which was used."
    )
    sentence = Sentence(template, entered=decimals(ish.ratio), computed=decimals(computed))
    fields = tuple(f"{prefix}.{name}" for name in ("ratio", "her2_copies", "cep17_copies"))
    return [Notice("ratio_differs" if apart else "ratio_straddles_cut", sentence, fields)]


def _totals_query(ish: Ish, prefix: str) -> Notice:
    fields = (f"{prefix}.her2_copies", f"{prefix}.cep17_copies", f"{prefix}.cells")
    if not ish.cells:
        sentence = Sentence(
            gettext_noop("The copies look like totals over all cells; enter the mean a cell."),
        )
        return Notice("copies_look_like_totals", sentence, fields)
    shown = {
        name: "-" if value is None else decimals(value / ish.cells)
        for name, value in (("her2", ish.her2_copies), ("cep17", ish.cep17_copies))
    }
    template = gettext_noop(
        "The copies look like totals over %(cells)d cells; as means a cell they are HER2 %(her2)s, "
        "CEP17 %(cep17)s."
    )
    return Notice("copies_look_like_totals", Sentence(template, cells=ish.cells, **shown), fields)
