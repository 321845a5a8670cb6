"""The four classifiers on video features and on clinical variables, every step fitted on training rows only.

SCIENCE 4.2 and 4.3. One call fits all four kinds of a branch on one training set; their steps before the
classifier are shared, and tuning repeats those steps inside the inner folds, so that selection is judged too.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import xgboost
from numpy.typing import NDArray
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.svm import SVC

from analysis.pipeline.errors import InvalidInputError
from analysis.pipeline.kernels.estimators import (
    ClinicalEncoder,
    ConstantDropper,
    LassoSelector,
    MedianImputer,
    RedundancyFilter,
    Standardiser,
)
from analysis.pipeline.kernels.fitted import (
    BRANCHES,
    CLINICAL,
    KINDS,
    VIDEO,
    Classifier,
    ClassifierParameters,
    FittedBase,
    decision,
    xgboost_device,
)
from analysis.pipeline.kernels.forest import FrozenForest
from analysis.pipeline.kernels.ranks import column_aucs
from analysis.pipeline.kernels.recalibration import Sigmoid, platt

Matrix = NDArray[np.float64]
Labels = NDArray[np.int64]
Hyper = tuple[float, ...]

TUNED_NAMES = {"SVM": ("C",), "RF": ("min_samples_leaf",), "LR": ("C",), "XGBoost": ("depth", "trees")}

# Fixed parts of the classifiers (SCIENCE 4.2).
EVENTS_PER_FEATURE = 5
XGB_FIXED: dict[str, object] = {
    "objective": "binary:logistic",
    "eta": 0.05,
    "subsample": 0.8,
    "colsample_bytree": 0.5,
    "min_child_weight": 5,
    "lambda": 5,
    "tree_method": "hist",
}
MOST_ITERATIONS = 5000
# A clinical variable is kept while half of the patients have it: there are six, each chosen beforehand.
CLINICAL_MISSING_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class _Held:
    """One inner fold after its own preparation: training rows, held-out rows and their labels."""

    train: Matrix
    y_train: Labels
    held: Matrix
    y_held: Labels


def fit_branch(
    branch: str,
    X: Matrix,
    y: Labels,
    inner: NDArray[np.int64],
    parameters: ClassifierParameters,
    *,
    kinds: Sequence[str] = KINDS,
    seed: int = 0,
    check: Callable[[], None] = lambda: None,
) -> dict[str, FittedBase]:
    """Fit classifiers, all four kinds unless told otherwise, on one training set.

    branch: video or clinical; X: (n, p) raw values, NaN where missing; y: (n,) of 0 and 1; inner: (n,)
    fold numbers for tuning and for the SVM's sigmoid; check: called between fits, may raise to stop.

    Raises:
        InvalidInputError: nothing to learn from (all missing, all constant), or an unknown branch.
    """
    if branch not in BRANCHES:
        raise InvalidInputError(f"branch: expected one of {', '.join(BRANCHES)}, got {branch!r}.")
    folds = []
    for number in np.unique(inner):
        check()
        folds.append(_inner_fold(branch, X, y, inner != number, parameters, seed))
    prepare = preparation(branch, parameters, seed).fit(X, y)
    Z, columns = np.asarray(prepare.transform(X)), input_columns(prepare)
    fitted = {}
    for kind in kinds:
        check()
        width = _width(branch, kind, Z.shape[1], y)
        cut = [_Held(f.train[:, :width], f.y_train, f.held[:, :width], f.y_held) for f in folds]
        hyper, inner_auc = _tune(kind, cut, parameters, seed)
        classifier = fit_classifier(kind, Z[:, :width], y, hyper, parameters, seed)
        sigmoid = _sigmoid(cut, hyper, parameters, seed) if kind == "SVM" else None
        tuned = dict(zip(TUNED_NAMES[kind], hyper, strict=True))
        fitted[kind] = FittedBase(
            branch, kind, prepare, columns[:width], classifier, sigmoid, tuned, inner_auc
        )
    return fitted


def preparation(branch: str, parameters: ClassifierParameters, seed: int) -> Pipeline:
    """Return the unfitted steps before the classifiers of a branch."""
    clean = [
        ("impute", MedianImputer(parameters.missing_share if branch == VIDEO else CLINICAL_MISSING_SHARE)),
        ("vary", ConstantDropper()),
        ("scale", Standardiser()),
    ]
    if branch == CLINICAL:
        return Pipeline([("encode", ClinicalEncoder()), *clean])
    selector = LassoSelector(parameters.most_features, folds=parameters.lasso_folds, seed=seed)
    return Pipeline([*clean, ("distinct", RedundancyFilter(parameters.redundancy)), ("select", selector)])


def input_columns(prepare: Pipeline) -> NDArray[np.int64]:
    """Return the input columns behind the prepared ones, in order."""
    columns: NDArray[np.int64] | None = None
    for _, step in prepare.steps:
        if hasattr(step, "columns_"):
            columns = step.columns_ if columns is None else columns[step.columns_]
    if columns is None:
        raise InvalidInputError("prepare: expected fitted steps that choose columns.")
    return columns


def fit_classifier(
    kind: str, Z: Matrix, y: Labels, hyper: Hyper, parameters: ClassifierParameters, seed: int
) -> Classifier:
    """Fit one classifier on prepared columns (n, k), class weights balanced."""
    if kind == "SVM":
        return SVC(C=hyper[0], kernel="rbf", gamma="scale", class_weight="balanced").fit(Z, y)
    if kind == "LR":
        model = LogisticRegression(C=hyper[0], class_weight="balanced", max_iter=MOST_ITERATIONS)
        return model.fit(Z, y)
    if kind == "RF":
        return FrozenForest.of(_forest(Z, y, int(hyper[0]), parameters.rf_trees, parameters, seed))
    return _boosted(Z, y, int(hyper[0]), int(hyper[1]), parameters, seed)


def _inner_fold(
    branch: str, X: Matrix, y: Labels, train: NDArray[np.bool_], parameters: ClassifierParameters, seed: int
) -> _Held:
    prepare = preparation(branch, parameters, seed).fit(X[train], y[train])
    transform = prepare.transform
    return _Held(np.asarray(transform(X[train])), y[train], np.asarray(transform(X[~train])), y[~train])


def _tune(
    kind: str, folds: Sequence[_Held], parameters: ClassifierParameters, seed: int
) -> tuple[Hyper, float]:
    """Return the parameters with the largest mean AUC over inner folds, the simplest among equals."""
    table: dict[Hyper, list[float]] = {}
    for fold in folds:
        for hyper, score in _tuning_scores(kind, fold, parameters, seed):
            area = float(column_aucs(score[:, np.newaxis], fold.y_held)[0]) if _mixed(fold.y_held) else 0.5
            table.setdefault(hyper, []).append(area)
    means = {hyper: float(np.mean(areas)) for hyper, areas in table.items()}
    best = max(means, key=lambda hyper: round(means[hyper], 9))
    return best, means[best]


def _tuning_scores(
    kind: str, fold: _Held, parameters: ClassifierParameters, seed: int
) -> list[tuple[Hyper, Matrix]]:
    """Return held-out scores of every candidate, simplest first."""
    if kind == "XGBoost":
        found: list[tuple[Hyper, Matrix]] = []
        for depth in parameters.xgb_depths:
            model = _boosted(fold.train, fold.y_train, depth, max(parameters.xgb_trees), parameters, seed)
            found += [
                ((float(depth), float(trees)), decision(model, fold.held, trees))
                for trees in parameters.xgb_trees
            ]
        return found
    if kind == "RF":
        forests = (
            (leaf, _forest(fold.train, fold.y_train, leaf, parameters.rf_tuning_trees, parameters, seed))
            for leaf in sorted(parameters.rf_leaves, reverse=True)
        )
        return [((float(leaf),), f.predict_proba(fold.held)[:, 1]) for leaf, f in forests]
    grid = parameters.svm_c if kind == "SVM" else parameters.lr_c
    return [
        ((c,), decision(fit_classifier(kind, fold.train, fold.y_train, (c,), parameters, seed), fold.held))
        for c in sorted(grid)
    ]


def _sigmoid(folds: Sequence[_Held], hyper: Hyper, parameters: ClassifierParameters, seed: int) -> Sigmoid:
    """Fit the sigmoid on decision values of inner folds, each after its own preparation and selection.

    The same as CalibratedClassifierCV(ensemble=False) around the whole pipeline, without fitting it again.
    """
    values = [
        decision(fit_classifier("SVM", f.train, f.y_train, hyper, parameters, seed), f.held) for f in folds
    ]
    return platt(np.concatenate(values), np.concatenate([f.y_held for f in folds]))


def _forest(
    Z: Matrix, y: Labels, leaf: int, trees: int, parameters: ClassifierParameters, seed: int
) -> RandomForestClassifier:
    return RandomForestClassifier(
        trees,
        min_samples_leaf=leaf,
        class_weight="balanced_subsample",
        random_state=seed,
        n_jobs=parameters.threads,
    ).fit(Z, y)


def _boosted(
    Z: Matrix, y: Labels, depth: int, trees: int, parameters: ClassifierParameters, seed: int
) -> xgboost.Booster:
    settings = {
        **XGB_FIXED,
        "max_depth": depth,
        "scale_pos_weight": float((y == 0).sum() / (y == 1).sum()),
        "seed": seed,
        "nthread": parameters.threads,
        "device": xgboost_device(parameters.device),
    }
    model = xgboost.train(settings, xgboost.DMatrix(Z, label=y, nthread=parameters.threads), trees)
    # Wherever it was trained it predicts on the CPU, so that a stored model predicts the same everywhere.
    model.set_param({"device": "cpu"})
    return model


def _width(branch: str, kind: str, available: int, y: Labels) -> int:
    """Return how many leading columns a classifier may use: the guard on events per variable."""
    if branch == CLINICAL or kind not in ("SVM", "LR"):
        return available
    events = int(min((y == 1).sum(), (y == 0).sum()))
    return min(available, max(1, events // EVENTS_PER_FEATURE))


def _mixed(y: Labels) -> bool:
    return bool(0 < y.sum() < y.size)
