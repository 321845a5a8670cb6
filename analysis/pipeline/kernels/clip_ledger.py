"""The account of one clip while it is described: what was measured of which frame, and why not."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.pipeline.errors import InvalidInputError
from analysis.pipeline.names import STATIC_FEATURES
from analysis.pipeline.types import StaticFeatures

Float = NDArray[np.float64]
Bool = NDArray[np.bool_]


@dataclass(slots=True)
class ClipLedger:
    """What is known of every frame so far.

    present: (T,) bool, the frame has a box; valid: (T,) bool, it was measured; values: (T, 91) float64, NaN
    where it was not; reasons: why a frame with a box does not count, for people; excluded: how many by code;
    repeats of compared: frames that equal their predecessor; reused: rows that were known beforehand.
    """

    present: Bool
    valid: Bool
    values: Float
    reasons: dict[int, str] = field(default_factory=dict)
    excluded: dict[str, int] = field(default_factory=dict)
    repeats: int = 0
    compared: int = 0
    reused: int = 0

    @classmethod
    def of(
        cls, boxes: Float, known: Mapping[int, ArrayLike] | None, left_out: Mapping[int, str] | None = None
    ) -> "ClipLedger":
        """Start from boxes (T, 4), the rows (91,) that are known and the reasons of frames that people left
        out.

        Raises InvalidInputError for a known row of another length or frame, or with a value that is not
        finite.
        """
        present = np.isfinite(boxes[:, 0])
        ledger = cls(present, np.zeros(len(boxes), bool), np.full((len(boxes), len(STATIC_FEATURES)), np.nan))
        for t, row in (known or {}).items():
            ledger._reuse(t, np.asarray(row, dtype=np.float64))
        for t, reason in (left_out or {}).items():
            ledger._leave_out(t, reason)
        return ledger

    def _reuse(self, t: int, row: Float) -> None:
        if not 0 <= t < len(self.present) or row.shape != self.values.shape[1:] or not np.isfinite(row).all():
            raise InvalidInputError(
                f"Expected known rows of {len(STATIC_FEATURES)} finite numbers for frames 0 to "
                f"{len(self.present) - 1}; got {row.shape} for frame {t}."
            )
        if self.present[t]:
            self.values[t], self.valid[t] = row, True
            self.reused += 1

    def _leave_out(self, t: int, reason: str) -> None:
        if not 0 <= t < len(self.present) or not reason:
            raise InvalidInputError(
                f"Expected reasons for frames 0 to {len(self.present) - 1}, got {reason!r} for frame {t}."
            )
        if self.present[t]:
            self.reused -= int(self.valid[t])
            self.values[t], self.valid[t] = np.nan, False
            self.refuse(t, "left_out", reason)

    def open(self, t: int) -> bool:
        """Whether frame t has a box but neither a measurement nor a reason yet."""
        return bool(self.present[t]) and not self.valid[t] and t not in self.reasons

    @property
    def longest_gap(self) -> int:
        """Most frames in a row without a measurement between the first and the last measured one."""
        measured = np.flatnonzero(self.valid)
        return int(np.diff(measured).max(initial=1)) - 1

    def refuse(self, t: int, code: str, text: str) -> None:
        """Frame t does not count: a code for the tally, a sentence for people."""
        self.reasons[t] = text
        self.excluded[code] = self.excluded.get(code, 0) + 1

    def store(self, indices: list[int], measured: StaticFeatures) -> None:
        """The outcome of the frames with these indices."""
        for row, t in enumerate(indices):
            if measured.valid[row]:
                self.values[t], self.valid[t] = measured.values[row], True
            else:
                self.refuse(t, "not_measurable", str(measured.reasons[row]))
