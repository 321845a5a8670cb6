"""Shapley values against their definition: every coalition enumerated."""

from itertools import combinations
from math import factorial

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier

from analysis.pipeline.kernels.forest import LEAF, FrozenForest
from analysis.pipeline.kernels.shapley import forest_shapley, permutation_shapley

K = 5


@pytest.fixture(scope="module")
def forest():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(90, K))
    y = (X[:, 0] + X[:, 1] * X[:, 2] + 0.5 * rng.normal(size=90) > 0).astype(int)
    fitted = RandomForestClassifier(
        7, min_samples_leaf=2, class_weight="balanced_subsample", random_state=0
    ).fit(X, y)
    return FrozenForest.of(fitted), X


def exact(value, k):
    """Shapley values of a set function value(frozenset of columns), by their definition."""
    shares = np.zeros(k)
    for column in range(k):
        others = [c for c in range(k) if c != column]
        for size in range(k):
            weight = factorial(size) * factorial(k - size - 1) / factorial(k)
            for some in combinations(others, size):
                shares[column] += weight * (value(frozenset((*some, column))) - value(frozenset(some)))
    return shares


def expectation(forest, node, x, known):
    """The tree's value when only the known columns of x are followed."""
    if forest.left[node] == LEAF:
        return forest.share[node]
    left, right = forest.left[node], forest.right[node]
    if forest.feature[node] in known:
        goes_left = np.float32(x[forest.feature[node]]) <= forest.threshold[node]
        return expectation(forest, left if goes_left else right, x, known)
    total = forest.weight[node]
    return sum(forest.weight[child] / total * expectation(forest, child, x, known) for child in (left, right))


def test_forest_shares_are_those_of_the_definition(forest):
    frozen, X = forest
    shares, base = forest_shapley(frozen, X[:4])
    for row in range(4):
        wanted = np.mean(
            [exact(lambda s, r=root, x=X[row]: expectation(frozen, r, x, s), K) for root in frozen.roots],
            axis=0,
        )
        np.testing.assert_allclose(shares[row], wanted, atol=1e-12)
    everybody, base = forest_shapley(frozen, X)
    np.testing.assert_allclose(everybody.sum(axis=1) + base, frozen.predict(X), atol=1e-12)


def test_a_forest_of_one_leaf_shares_nothing():
    constant = RandomForestClassifier(2, random_state=0).fit(np.zeros((6, 2)), [0, 1, 0, 1, 0, 1])
    shares, base = forest_shapley(FrozenForest.of(constant), np.ones((3, 2)))
    assert not shares.any()
    assert 0.0 < base < 1.0


def test_permutations_come_near_the_definition_and_always_add_up():
    rng = np.random.default_rng(1)
    background, X = rng.normal(size=(16, K)), rng.normal(size=(3, K))

    def value(Z):
        return np.tanh(Z[:, 0] * Z[:, 1]) + Z[:, 2] ** 2 - 0.3 * Z[:, 3]

    def coalition(x):
        def of(known):
            mixed = background.copy()
            mixed[:, sorted(known)] = x[sorted(known)]
            return float(value(mixed).mean())

        return of

    shares = permutation_shapley(value, X, background, pairs=60, rows=16)
    for row in range(3):
        np.testing.assert_allclose(shares[row], exact(coalition(X[row]), K), atol=0.03)
    np.testing.assert_allclose(shares.sum(axis=1), value(X) - value(background).mean(), atol=1e-12)
    assert np.allclose(shares[:, 4], 0.0)
    few = permutation_shapley(value, X, background, pairs=1, rows=4, seed=3)
    np.testing.assert_array_equal(few, permutation_shapley(value, X, background, pairs=1, rows=4, seed=3))


def test_permutations_of_a_linear_function_are_exact():
    rng = np.random.default_rng(2)
    background, X, slope = rng.normal(size=(40, K)), rng.normal(size=(5, K)), np.arange(K) - 1.5
    shares = permutation_shapley(lambda Z: Z @ slope, X, background, pairs=1, rows=40)
    np.testing.assert_allclose(shares, slope * (X - background.mean(axis=0)), atol=1e-12)
