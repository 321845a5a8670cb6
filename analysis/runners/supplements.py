"""Further analyses of an ensemble, as a job: each kind is computed and stored on its own."""

from collections.abc import Callable
from typing import Any

import numpy as np

from analysis.models import Evaluation, Job, ModelVersion, Supplement
from analysis.pipeline.controls import learning_curve, outside_control, shuffle_control
from analysis.pipeline.errors import InvalidInputError
from analysis.pipeline.kernels.cohort_report import jsonable
from analysis.runners.bench import Bench, StudyBench
from analysis.runners.facts import all_facts
from analysis.runners.other_labels import label_rules, three_way_her2
from analysis.runners.otherwise import (
    box_jitter,
    box_source,
    masks,
    outside_features,
    rings,
)
from analysis.runners.readers import readers
from analysis.runners.supplement_basics import confounders_of, explanation_of, subgroups_of
from analysis.runners.ticker import JobTicker
from analysis.services.supplements import supplement_store

Kind = Supplement.Kind
Found = dict[str, Any]

ALL_DONE = "{done} of {all} analyses stored."
SOME_DONE = "{done} of {all} analyses stored; the Models page says why the others were not possible."


def supplement_ensemble(job: Job, ticker: JobTicker) -> dict[str, Any]:
    """Do the kinds that the job names, one after the other; what is stored stays when a later one fails."""
    version = ModelVersion.objects.get(pk=job.parameters["version"], study=job.study)
    kinds = [kind for kind in job.parameters["kinds"] if kind in ANALYSES]
    if not kinds:
        raise InvalidInputError("This job names no analysis that exists; start it from the Models page.")
    ticker.begin("collecting the training patients")
    bench = StudyBench.of(job, ticker, version)
    done = sum(_do(bench, kind) for kind in kinds)
    return {"message": (ALL_DONE if done == len(kinds) else SOME_DONE).format(done=done, all=len(kinds))}


def _do(bench: StudyBench, kind: str) -> bool:
    """Compute and store one kind, or why it could not be done; return whether there are figures."""
    reason, found = "", bench.size
    bench.cautions.clear()
    try:
        found |= ANALYSES[kind](bench)
    except InvalidInputError as error:
        reason = str(error)
    found |= {"reason": reason, "cautions": list(bench.cautions)}
    supplement_store(
        version=bench.version,
        kind=kind,
        cohort=Evaluation.Cohort.OUT_OF_FOLD,
        results=jsonable(found),
        job=bench.job,
    )
    return not reason


def shuffle(bench: Bench) -> Found:
    """Does the pipeline learn from noise?"""
    bench.ticker.begin("learning from shuffled labels")
    found = shuffle_control(
        bench.cohort, bench.settings, progress=bench.told, cancelled=bench.ticker.cancelled
    )
    return {"mean": float(np.mean(found.aucs)), "control": found}


def curve(bench: Bench) -> Found:
    """Would more patients help?"""
    bench.ticker.begin("learning from shares of the patients")
    points = learning_curve(
        bench.cohort, bench.chosen, bench.settings, progress=bench.told, cancelled=bench.ticker.cancelled
    )
    return {"points": points}


def outside(bench: Bench) -> Found:
    """Does the tissue outside the lesion predict as well?"""
    features, reasons = outside_features(bench)
    bench.ticker.begin("learning from the tissue outside the lesion", total=bench.settings.outer_folds)
    found = outside_control(
        bench.cohort,
        features,
        bench.ensemble.training.oof,
        bench.settings,
        progress=bench.told,
        cancelled=bench.ticker.cancelled,
    )
    return {"control": found, "left_out": reasons}


def subgroups(bench: StudyBench) -> Found:
    """Subgroups again, from the scores of training: facts may have been completed since."""
    record, chosen = bench.ensemble.training, bench.chosen
    cutoff, facts = bench.ensemble.cutoffs[chosen], all_facts(bench.cases)
    return subgroups_of(record.labels, record.oof[chosen], chosen, cutoff, facts, "oof")


def confounding(bench: StudyBench) -> Found:
    """The facts of the recordings again."""
    return confounders_of(bench.ensemble.training.labels, all_facts(bench.cases))


def explanation(bench: StudyBench) -> Found:
    """What the classifiers go by, again."""
    bench.ticker.begin("explaining")
    return explanation_of(bench.ensemble, bench.cohort, bench.version.summary["selected"])


ANALYSES: dict[str, Callable[[StudyBench], Found]] = {
    Kind.SHUFFLE: shuffle,
    Kind.LEARNING_CURVE: curve,
    Kind.LABEL_RULES: label_rules,
    Kind.BOX_SOURCE: box_source,
    Kind.BOX_JITTER: box_jitter,
    Kind.MASKS: masks,
    Kind.READERS: readers,
    Kind.OUTSIDE: outside,
    Kind.RINGS: rings,
    Kind.THREE_WAY: three_way_her2,
    Kind.SUBGROUPS: subgroups,
    Kind.CONFOUNDERS: confounding,
    Kind.EXPLANATION: explanation,
}
