"""What a classifier goes by over many patients, down to "this texture changes at this rhythm".

Of the 2,184 columns each is one static feature (a texture of the lesion) seen through one descriptor of its
curve (a rhythm). Descriptors that say the same thing are put together as one aspect of the rhythm.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from analysis.pipeline.errors import InvalidInputError
from analysis.pipeline.kernels.contributions import contributions
from analysis.pipeline.kernels.ensemble import LearnedEnsemble, parts_of, require_columns
from analysis.pipeline.kernels.fitted import VIDEO
from analysis.pipeline.kernels.patient_prediction import inputs_of
from analysis.pipeline.kernels.rhythm import divided

Matrix = NDArray[np.float64]

# Digits kept of stored points: a plot shows no more.
POINT_DIGITS = 4


@dataclass(frozen=True, slots=True)
class Explanation:
    """What one classifier made of many patients, for a summary plot.

    names: (k,) columns used, the most influential first; values: (n, k) standardised; shares: (n, k) of the
    log-odds; method: how the shares were found.
    """

    model: str
    names: tuple[str, ...]
    values: Matrix
    shares: Matrix
    method: str


@dataclass(frozen=True, slots=True)
class Term:
    """One column over all patients.

    texture, rhythm, aspect: the static feature, the descriptor and what it says ("" for clinical variables);
    mean_abs: mean size of its shares, log-odds; direction: Spearman correlation of value and share, above 0
    where larger values speak for HER2-positive, None where either is constant; folds: outer folds that chose
    it, None where selection is not part of the classifier.
    """

    name: str
    texture: str
    rhythm: str
    aspect: str
    mean_abs: float
    direction: float | None
    folds: int | None


@dataclass(frozen=True, slots=True)
class Theme:
    """All terms of one texture and one aspect of its rhythm: their share of the whole influence, 0 to 1."""

    texture: str
    aspect: str
    terms: tuple[str, ...]
    influence: float
    direction: float | None


@dataclass(frozen=True, slots=True)
class ModelExplanation:
    """What one classifier goes by. values, shares: (n, k) points of the terms, for the chosen model only."""

    model: str
    method: str
    n: int
    outer_folds: int
    terms: tuple[Term, ...]
    themes: tuple[Theme, ...]
    values: Matrix | None
    shares: Matrix | None


def explain(
    ensemble: LearnedEnsemble,
    model: str,
    dynamic: Matrix,
    clinical: Matrix,
    *,
    background: tuple[Matrix, Matrix] | None = None,
) -> Explanation:
    """Explain one of the eight base classifiers on many patients, dynamic (n, p) and clinical (n, 6).

    background: dynamic and clinical of the patients that an average patient is made of, training patients as
    a rule; default those explained.

    Raises:
        InvalidInputError: a model that is no base classifier, or another number of columns than trained on.
    """
    if model not in ensemble.bases:
        raise InvalidInputError(f"model: expected one of {', '.join(ensemble.bases)}, got {model!r}.")
    require_columns(ensemble, dynamic, clinical)
    base = ensemble.bases[model]
    names, raw = inputs_of(ensemble, base.branch, dynamic, clinical)
    Z = base.prepared(raw)
    average = base.prepared(inputs_of(ensemble, base.branch, *background)[1]) if background else Z
    shares, method = contributions(base, Z, average)
    order = np.argsort(-np.abs(shares).mean(axis=0), kind="stable")
    ordered = tuple(names[int(base.columns[i])] for i in order)
    return Explanation(model, ordered, Z[:, order], shares[:, order], method)


def explain_all(
    ensemble: LearnedEnsemble, dynamic: Matrix, clinical: Matrix, selected: Mapping[str, int]
) -> tuple[ModelExplanation, ...]:
    """Explain all eight classifiers on their training patients; the parts of the chosen model come first.

    selected: video column to the number of outer folds that chose it. The classifiers are the final ones,
    fitted on these patients: this says what they go by, not what is true of new patients.
    """
    chosen = parts_of(ensemble.chosen)
    models = [*chosen, *(model for model in ensemble.bases if model not in chosen)]
    found = []
    for model in models:
        one = explain(ensemble, model, dynamic, clinical)
        folds = selected if model.startswith(VIDEO) else None
        terms = tuple(_term(one, column, folds) for column in range(len(one.names)))
        points = [
            np.round(part, POINT_DIGITS) if model in chosen else None for part in (one.values, one.shares)
        ]
        found.append(
            ModelExplanation(
                model,
                one.method,
                len(one.values),
                ensemble.parameters.outer_folds,
                terms,
                themes(one.names, one.values, one.shares) if folds is not None else (),
                *points,
            )
        )
    return tuple(found)


def themes(names: Sequence[str], values: Matrix, shares: Matrix) -> tuple[Theme, ...]:
    """Put together the columns of one texture and one aspect; the most influential theme comes first.

    The influence is the mean size of the summed shares; the direction that of the theme's largest term.
    """
    together: dict[tuple[str, str], list[int]] = {}
    for column, name in enumerate(names):
        texture, _, aspect = divided(name)
        together.setdefault((texture, aspect), []).append(column)
    sizes = {key: float(np.abs(shares[:, columns].sum(axis=1)).mean()) for key, columns in together.items()}
    total = sum(sizes.values()) or 1.0
    found = [
        Theme(
            texture,
            aspect,
            tuple(names[column] for column in columns),
            sizes[texture, aspect] / total,
            direction(values[:, columns[0]], shares[:, columns[0]]),
        )
        for (texture, aspect), columns in together.items()
    ]
    return tuple(sorted(found, key=lambda theme: -theme.influence))


def direction(value: Matrix, share: Matrix) -> float | None:
    """Return Spearman's correlation of a column's values and shares, None where either is constant."""
    if np.ptp(value) == 0.0 or np.ptp(share) == 0.0:
        return None
    return float(np.corrcoef(rankdata(value), rankdata(share))[0, 1])


def _term(one: Explanation, column: int, folds: Mapping[str, int] | None) -> Term:
    name = one.names[column]
    return Term(
        name,
        *divided(name),
        mean_abs=float(np.abs(one.shares[:, column]).mean()),
        direction=direction(one.values[:, column], one.shares[:, column]),
        folds=None if folds is None else folds.get(name, 0),
    )
