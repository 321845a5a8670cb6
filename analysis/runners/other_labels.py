"""Supplements that ask for other outcomes: the paper's label rule, and positive, low or zero."""

from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np

from analysis.pipeline.errors import InvalidInputError
from analysis.pipeline.kernels.cutoffs import frozen_cutoff
from analysis.pipeline.kernels.evaluation import evaluate, evaluate_label_rules
from analysis.pipeline.three_way import CLASS_NAMES, LOW, POSITIVE, ZERO, three_way
from analysis.pipeline.variants import record_scores
from analysis.runners.bench import StudyBench
from analysis.runners.cohort import cases_of, learning_cohort
from studies.models import Label, Membership, Patient, Study
from studies.services.labels_of_record import label_of_record, outcome_of

Found = dict[str, Any]

WORDS = {True: "POSITIVE", False: "NEGATIVE", None: "UNDEFINED"}
RULES = tuple(Study.LabelRule.values)
NULL_CATEGORIES = frozenset({"NULL", "ULTRALOW", "NULL_OR_ULTRALOW_UNKNOWN"})
UNCLASSED = "{n} training patients have a label that says neither positive, low nor zero; they are left out."


def label_rules(bench: StudyBench) -> Found:
    """The record's scores under both rules, and the same classifiers learned again under each of them."""
    scores = bench.ensemble.training.oof[bench.chosen]
    cutoff = bench.ensemble.cutoffs[bench.chosen]
    outcomes = {
        rule: [outcome_of(label_of_record(case.patient), rule) for case in bench.cases] for rule in RULES
    }
    labels = {
        rule: [np.nan if value is None else float(value) for value in found]
        for rule, found in outcomes.items()
    }
    same = evaluate_label_rules(bench.chosen, scores, cutoff, labels, cohort="oof")
    return {
        "rule": bench.study.label_rule,
        "crosstab": _crosstab(bench.study),
        "same_scores": same,
        "learned": [_learned_under(bench, rule) for rule in RULES],
    }


def _learned_under(bench: StudyBench, rule: str) -> Found:
    """Learn from the training patients that have an outcome under a rule, and judge them out of fold."""
    cases, left_out = cases_of(bench.study, Membership.Side.TRAINING, rule=rule)
    found: Found = {
        "name": rule,
        "n": len(cases),
        "events": sum(case.outcome for case in cases),
        "left_out": dict(Counter(left_out.values())),
        "evaluation": None,
        "reason": "",
    }
    bench.ticker.begin(f"learning under the rule {rule}", total=bench.settings.outer_folds)
    try:
        cohort = learning_cohort(bench.study, cases)
        record = record_scores(
            cohort,
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


def _crosstab(study: Study) -> list[Found]:
    """How many labelled training patients have which outcome under both rules."""
    patients = study.patients.filter(membership__side=Membership.Side.TRAINING)
    counts: Counter[tuple[str, ...]] = Counter()
    for patient in patients.prefetch_related("specimens__labels"):
        label = label_of_record(patient)
        if label is not None:
            counts[tuple(WORDS[outcome_of(label, rule)] for rule in RULES)] += 1
    return [{**dict(zip(RULES, words, strict=True)), "n": n} for words, n in sorted(counts.items())]


def three_way_her2(bench: StudyBench) -> Found:
    """Positive, low or zero, of the training patients whose reading says which."""
    classes = np.array([her2_class(case.patient) for case in bench.cases])
    known = np.flatnonzero(classes >= ZERO)
    counts = {name: int((classes == level).sum()) for level, name in enumerate(CLASS_NAMES)}
    if known.size < classes.size:
        bench.cautions.append(UNCLASSED.format(n=classes.size - known.size))
    cohort = learning_cohort(bench.study, [bench.cases[row] for row in known])
    bench.ticker.begin("learning positive, low and zero", total=2 * bench.settings.outer_folds)
    report = three_way(
        cohort,
        classes[known].tolist(),
        bench.chosen,
        bench.settings,
        progress=bench.told,
        cancelled=bench.ticker.cancelled,
    )
    return {"counts": counts, "report": replace(report, patients=())}


def her2_class(patient: Patient) -> int:
    """0 zero, 1 low, 2 positive by the ASCO/CAP call of record; −1 where it does not say."""
    label = label_of_record(patient)
    if label is None:
        return -1
    if label.call == Label.PaperLabel.POSITIVE:
        return POSITIVE
    if label.category == "LOW":
        return LOW
    return ZERO if label.category in NULL_CATEGORIES else -1
