"""Shapley values of classifiers that bring none of their own: forests exactly, others by permutations.

Sources: Lundberg, Erion & Lee, "Consistent individualized feature attribution for tree ensembles",
arXiv:1802.03888, algorithm 2 (forests: the same definition as XGBoost's pred_contribs); Štrumbelj &
Kononenko, Knowl Inf Syst 2014, with the antithetic orders of Mitchell et al., JMLR 2022 (permutations). The
shap package computes the same; it is not used because importing it raises warnings and loads a plotting
library.
"""

# mypy: allow-untyped-defs, allow-untyped-calls, allow-untyped-decorators

from collections.abc import Callable
from itertools import pairwise

import numpy as np
from numba import njit
from numpy.typing import NDArray

from analysis.pipeline.kernels.forest import LEAF, FrozenForest

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]

# Values are evaluated in blocks of about so many rows, so that memory stays small.
BLOCK_ROWS = 200_000
ORDER_PAIRS = 8
BACKGROUND_ROWS = 16


def forest_shapley(forest: FrozenForest, X: Matrix) -> tuple[Matrix, float]:
    """Return (n, k) exact shares of the forest's probability, and its expectation, which they add up to.

    X: (n, k) finite prepared values. A split on a column outside a coalition is followed on both sides,
    weighted by the training patients who went there (path-dependent tree SHAP).
    """
    depth = _deepest(forest.roots, forest.left, forest.right)
    shares = np.zeros(X.shape)
    _shapley_of_trees(
        np.ascontiguousarray(X.astype(np.float32).astype(np.float64)),
        forest.roots,
        forest.left,
        forest.right,
        forest.feature,
        forest.threshold,
        forest.share,
        forest.weight,
        depth,
        shares,
    )
    trees = forest.roots.size
    return shares / trees, _expectation(forest) / trees


def permutation_shapley(
    value: Callable[[Matrix], Vector],
    X: Matrix,
    background: Matrix,
    *,
    pairs: int = ORDER_PAIRS,
    rows: int = BACKGROUND_ROWS,
    seed: int = 0,
) -> Matrix:
    """Return (n, k) shares of value(X) − mean value(background), which they add up to.

    Columns enter one by one, in `pairs` random orders and their reverses; columns that have not entered are
    those of `rows` background rows drawn with the seed. value: (m, k) -> (m,).
    """
    rng = np.random.default_rng(seed)
    drawn = background[np.sort(rng.permutation(len(background))[:rows])]
    n, k = X.shape
    orders = [rng.permutation(k) for _ in range(pairs)]
    shares = np.zeros((n, k))
    block = max(1, BLOCK_ROWS // ((k + 1) * len(drawn)))
    for order in [*orders, *(one[::-1] for one in orders)]:
        for start in range(0, n, block):
            part = slice(start, start + block)
            steps = np.diff(_values_along(value, X[part], drawn, order), axis=1)
            shares[part, order] += steps
    return shares / (2 * pairs)


def _values_along(
    value: Callable[[Matrix], Vector], X: Matrix, background: Matrix, order: NDArray[np.int64]
) -> Matrix:
    """Return (n, k + 1) mean values over the background while the columns of X enter in an order."""
    n, k = X.shape
    mixed = np.broadcast_to(background, (n, k + 1, *background.shape)).copy()
    for entered, column in enumerate(order, start=1):
        mixed[:, entered:, :, column] = X[:, column][:, np.newaxis, np.newaxis]
    found = value(mixed.reshape(-1, k)).reshape(n, k + 1, len(background))
    return found.mean(axis=2)


def _expectation(forest: FrozenForest) -> float:
    """Return the sum over trees of the leaves' values, weighted by the training patients who reached them."""
    starts = np.r_[forest.roots, forest.left.size]
    total = 0.0
    for start, stop in pairwise(starts):
        leaves = forest.left[start:stop] == LEAF
        weight = forest.weight[start:stop][leaves]
        total += float(np.dot(weight, forest.share[start:stop][leaves]) / weight.sum())
    return total


@njit(nogil=True, cache=True)
def _deepest(roots, left, right):
    """Return the number of levels of the deepest tree; children stand behind their parents."""
    level = np.zeros(left.size, np.int64)
    deepest = 1
    for node in range(left.size):
        if left[node] != LEAF:
            level[left[node]] = level[right[node]] = level[node] + 1
            deepest = max(deepest, level[node] + 2)
    return deepest


@njit(nogil=True, cache=True, error_model="numpy")
def _extend(feature, zero, one, weight, depth, split_zero, split_one, split_feature):
    """Add a split to the path: weights of all subsets of its features, by size."""
    feature[depth], zero[depth], one[depth] = split_feature, split_zero, split_one
    weight[depth] = 1.0 if depth == 0 else 0.0
    for i in range(depth - 1, -1, -1):
        weight[i + 1] += split_one * weight[i] * (i + 1) / (depth + 1)
        weight[i] = split_zero * weight[i] * (depth - i) / (depth + 1)


@njit(nogil=True, cache=True, error_model="numpy")
def _unwind(feature, zero, one, weight, depth, index):
    """Take a split out of the path again."""
    split_one, split_zero, ahead = one[index], zero[index], weight[depth]
    for i in range(depth - 1, -1, -1):
        if split_one != 0.0:
            before = weight[i]
            weight[i] = ahead * (depth + 1) / ((i + 1) * split_one)
            ahead = before - weight[i] * split_zero * (depth - i) / (depth + 1)
        else:
            weight[i] = weight[i] * (depth + 1) / (split_zero * (depth - i))
    for i in range(index, depth):
        feature[i], zero[i], one[i] = feature[i + 1], zero[i + 1], one[i + 1]


@njit(nogil=True, cache=True, error_model="numpy")
def _weight_without(zero, one, weight, depth, index):
    """Return the total weight of the path once a split was taken out, leaving the path as it is."""
    split_one, split_zero, ahead, total = one[index], zero[index], weight[depth], 0.0
    for i in range(depth - 1, -1, -1):
        if split_one != 0.0:
            part = ahead * (depth + 1) / ((i + 1) * split_one)
            total += part
            ahead = weight[i] - part * split_zero * (depth - i) / (depth + 1)
        else:
            total += weight[i] * (depth + 1) / (split_zero * (depth - i))
    return total


@njit(nogil=True, cache=True, error_model="numpy")
def _forget(feature, zero, one, weight, depth, again):
    """Take an earlier split on the same column out of the path; return depth and its two fractions."""
    for i in range(1, depth + 1):
        if feature[i] == again:
            split_zero, split_one = zero[i], one[i]
            _unwind(feature, zero, one, weight, depth, i)
            return depth - 1, split_zero, split_one
    return depth, 1.0, 1.0


@njit(nogil=True, cache=True)
def _push(stack, top, node, level, depth, zero, one, column):
    stack[top, 0], stack[top, 1], stack[top, 2] = node, level, depth
    stack[top, 3], stack[top, 4], stack[top, 5] = zero, one, column


@njit(nogil=True, cache=True, error_model="numpy")
def _shapley_of_tree(x, root, left, right, feature, threshold, share, reached, paths, stack, shares):
    """Add one tree's shares of x (k,) to shares (k,).

    paths: four arrays (levels, levels), a row a level, so that a node finds its parent's path as it was left;
    stack: (2 levels, 6) node, level, length of the path, fractions without and with the column, column.
    """
    columns, zeros, ones, weights = paths
    _push(stack, 0, root, 0, 0, 1.0, 1.0, -1)
    top = 0
    while top >= 0:
        node, level, depth = int(stack[top, 0]), int(stack[top, 1]), int(stack[top, 2])
        split_zero, split_one, split = stack[top, 3], stack[top, 4], stack[top, 5]
        top -= 1
        c, z, o, w = columns[level], zeros[level], ones[level], weights[level]
        if level > 0:
            c[:depth], z[:depth] = columns[level - 1, :depth], zeros[level - 1, :depth]
            o[:depth], w[:depth] = ones[level - 1, :depth], weights[level - 1, :depth]
        _extend(c, z, o, w, depth, split_zero, split_one, split)
        if left[node] == LEAF:
            for i in range(1, depth + 1):
                total = _weight_without(z, o, w, depth, i)
                shares[int(c[i])] += total * (o[i] - z[i]) * share[node]
            continue
        column = feature[node]
        depth, zero, one = _forget(c, z, o, w, depth, column)
        hot, cold = (left[node], right[node]) if x[column] <= threshold[node] else (right[node], left[node])
        without = zero / reached[node]
        _push(stack, top + 1, cold, level + 1, depth + 1, without * reached[cold], 0.0, column)
        _push(stack, top + 2, hot, level + 1, depth + 1, without * reached[hot], one, column)
        top += 2


@njit(nogil=True, cache=True, error_model="numpy")
def _shapley_of_trees(X, roots, left, right, feature, threshold, share, reached, levels, shares):
    """Add every tree's shares of X (n, k) to shares (n, k)."""
    size = levels + 2
    paths = np.empty((4, size, size))
    stack = np.empty((2 * size, 6))
    parts = (paths[0], paths[1], paths[2], paths[3])
    for row in range(X.shape[0]):
        for root in roots:
            _shapley_of_tree(
                X[row], root, left, right, feature, threshold, share, reached, parts, stack, shares[row]
            )
