"""A fitted random forest as plain arrays: identical predictions, a twentieth of the file, no pickle."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import RandomForestClassifier

from analysis.pipeline.errors import ModelFileError

LEAF = -1
# scikit-learn compares single-precision features with double-precision thresholds.
COMPARED_AS = np.float32
# Rows walked down together, so that memory stays small whatever the cohort.
ROWS = 256


@dataclass(frozen=True, slots=True)
class FrozenForest:
    """All trees of a forest, node after node.

    roots: (trees,) index of each tree's first node; left, right: (nodes,) index of the child, −1 at a leaf;
    feature: (nodes,) column compared; threshold: (nodes,) float64, go left where value <= threshold; share:
    (nodes,) weighted share of positives, read at leaves; weight: (nodes,) weighted training patients that
    reached the node.
    """

    roots: NDArray[np.int64]
    left: NDArray[np.int32]
    right: NDArray[np.int32]
    feature: NDArray[np.int32]
    threshold: NDArray[np.float64]
    share: NDArray[np.float64]
    weight: NDArray[np.float64]
    n_features: int

    def __post_init__(self) -> None:
        """Refuse arrays that would walk out of bounds or in circles."""
        nodes = self.left.size
        inner = self.left != LEAF
        index = np.arange(nodes)
        arrays = (self.left, self.right, self.feature, self.threshold, self.share, self.weight)
        sizes = {array.shape for array in arrays}
        sound = (
            sizes == {(nodes,)}
            and self.roots.ndim == 1
            and self.roots.size > 0
            and bool(((self.roots >= 0) & (self.roots < nodes)).all())
            and bool((inner == (self.right != LEAF)).all())
            and bool((self.left[inner] > index[inner]).all() and (self.left[inner] < nodes).all())
            and bool((self.right[inner] > index[inner]).all() and (self.right[inner] < nodes).all())
            and bool((self.weight > 0.0).all())
            and bool(((self.feature[inner] >= 0) & (self.feature[inner] < self.n_features)).all())
        )
        if not sound:
            raise ModelFileError("forest: expected nodes that point forward inside the arrays. Train again.")

    @classmethod
    def of(cls, forest: RandomForestClassifier) -> "FrozenForest":
        """Return the arrays of a fitted forest of two classes."""
        trees = [member.tree_ for member in forest.estimators_]
        starts = np.cumsum([0, *[tree.node_count for tree in trees]])
        pairs = list(zip(trees, starts[:-1], strict=True))

        def moved(children: str) -> NDArray[np.int32]:
            shifted = [
                np.where(getattr(t, children) == LEAF, LEAF, getattr(t, children) + s) for t, s in pairs
            ]
            return np.concatenate(shifted).astype(np.int32)

        values = np.concatenate([tree.value[:, 0, :] for tree in trees])
        return cls(
            roots=starts[:-1].astype(np.int64),
            left=moved("children_left"),
            right=moved("children_right"),
            feature=np.concatenate([tree.feature for tree in trees]).astype(np.int32),
            threshold=np.concatenate([tree.threshold for tree in trees]).astype(np.float64),
            share=values[:, 1] / values.sum(axis=1),
            weight=np.concatenate([tree.weighted_n_node_samples for tree in trees]).astype(np.float64),
            n_features=int(forest.n_features_in_),
        )

    def predict(self, X: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return (n,) mean share of positives over the trees, in [0, 1], of finite X (n, n_features)."""
        shares = [self._predict_block(X[start : start + ROWS]) for start in range(0, X.shape[0], ROWS)]
        return np.concatenate(shares) if shares else np.empty(0)

    def _predict_block(self, X: NDArray[np.float64]) -> NDArray[np.float64]:
        """Walk down all trees at once, a level a step."""
        compared = X.astype(COMPARED_AS)
        rows = np.arange(X.shape[0])[:, np.newaxis]
        node = np.broadcast_to(self.roots, (X.shape[0], self.roots.size))
        inner = self.left[node] != LEAF
        while inner.any():
            goes_left = compared[rows, self.feature[node]] <= self.threshold[node]
            node = np.where(inner, np.where(goes_left, self.left[node], self.right[node]), node)
            inner = self.left[node] != LEAF
        return self.share[node].sum(axis=1) / self.roots.size
