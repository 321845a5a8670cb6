"""Supplements that ask for other outcomes: the paper's label rule, and positive, low or zero."""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.pipeline.errors import InvalidInputError
from analysis.pipeline.kernels.cutoffs import frozen_cutoff
from analysis.pipeline.kernels.evaluation import evaluate, evaluate_label_rules
from analysis.pipeline.splits import subset
from analysis.pipeline.three_way import CLASS_NAMES, ZERO, LearnedThreeWay, learn_three_way
from analysis.pipeline.variants import record_scores
from analysis.runners.bench import Bench
from analysis.runners.her2_classes import RULES, crosstab

Found = dict[str, Any]

UNCLASSED = "{n} training patients have a label that says neither positive, low nor zero; they are left out."


def label_rules(bench: Bench) -> Found:
    """The record's scores under both rules, and the same classifiers learned again under each of them."""
    scores = bench.ensemble.training.oof[bench.chosen]
    cutoff = bench.ensemble.cutoffs[bench.chosen]
    labels = {
        rule: [np.nan if value is None else float(value) for value in bench.outcomes(rule)] for rule in RULES
    }
    same = evaluate_label_rules(bench.chosen, scores, cutoff, labels, cohort="oof")
    return {
        "rule": bench.rule,
        "crosstab": crosstab(bench.outcome_pairs()),
        "same_scores": same,
        "learned": [_learned_under(bench, rule) for rule in RULES],
    }


def _learned_under(bench: Bench, rule: str) -> Found:
    """Learn from the training patients that have an outcome under a rule, and judge them out of fold."""
    relabelled = bench.under_rule(rule)
    found: Found = {
        "name": rule,
        "n": len(relabelled.labels),
        "events": sum(relabelled.labels),
        "left_out": dict(relabelled.left_out),
        "evaluation": None,
        "reason": "",
    }
    bench.ticker.begin(f"learning under the rule {rule}", total=bench.settings.outer_folds)
    try:
        record = record_scores(
            relabelled.cohort(),
            bench.chosen,
            0.5,
            bench.settings,
            progress=bench.told,
            cancelled=bench.ticker.cancelled,
        )
    except InvalidInputError as error:
        return {**found, "reason": str(error)}
    y, scores = record.cohort.labels, record.oof[bench.chosen]
    sizes = {"replicates": bench.settings.replicates, "seed": bench.settings.seed}
    return {
        **found,
        "evaluation": evaluate(bench.chosen, "oof", y, scores, frozen_cutoff(y, scores), **sizes),
    }


def three_way_her2(bench: Bench) -> Found:
    """Positive, low or zero, of the training patients whose reading says which."""
    classes = bench.classes()
    unclassed = int((classes < ZERO).sum())
    if unclassed:
        bench.cautions.append(UNCLASSED.format(n=unclassed))
    report = learned_three_way(bench).report
    return {"counts": class_counts(classes), "report": replace(report, patients=())}


def learned_three_way(bench: Bench) -> LearnedThreeWay:
    """Both questions learned from the training patients whose reading says which class."""
    classes = bench.classes()
    known = np.flatnonzero(classes >= ZERO)
    bench.ticker.begin("learning positive, low and zero", total=2 * (bench.settings.outer_folds + 1))
    return learn_three_way(
        subset(bench.cohort, known),
        classes[known].tolist(),
        bench.chosen,
        bench.settings,
        progress=bench.told,
        cancelled=bench.ticker.cancelled,
    )


def class_counts(classes: NDArray[np.int64]) -> dict[str, int]:
    """Patients by class."""
    return {name: int((classes == level).sum()) for level, name in enumerate(CLASS_NAMES)}
