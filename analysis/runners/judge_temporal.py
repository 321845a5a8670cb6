"""Judge the ensemble of record on the temporal test, in a look of its own counter (HONESTY G6).

The ensemble and its cut-offs are those that were frozen on training patients; nothing is fitted or chosen
here. Patients who join later are judged by a later look. Rings and three-way HER2 are not judged here.
"""

from typing import Any

from analysis.models import Evaluation, Job
from analysis.pipeline.errors import InvalidInputError
from analysis.pipeline.learn import judge
from analysis.runners.cohort import cases_of, learning_cohort
from analysis.runners.judge import MIN_PER_CLASS, NO_ENSEMBLE
from analysis.runners.learn import evaluation_values
from analysis.runners.predict import opened_ensemble
from analysis.runners.ticker import JobTicker
from analysis.selectors import active_ensemble
from analysis.services.judged_inputs import inputs_now
from analysis.services.registry import evaluation_store
from studies.models import Membership
from studies.services.membership import look_take

SIDE = Membership.Side.TEMPORAL
TOO_FEW = (
    "{n} patients of the temporal test can be judged, {left_out} are left out; two of each class at least "
    "are needed. No look was counted. More join as they are labelled."
)


def judge_temporal_test(job: Job, ticker: JobTicker) -> dict[str, Any]:
    """Take the look, then judge all 24 models at their frozen cut-offs."""
    version = active_ensemble(job.study)
    if version is None:
        raise InvalidInputError(NO_ENSEMBLE)
    ticker.begin("collecting the temporal test")
    cases, left_out = cases_of(job.study, SIDE)
    outcomes = [case.outcome for case in cases]
    if min(outcomes.count(True), outcomes.count(False)) < MIN_PER_CLASS:
        raise InvalidInputError(TOO_FEW.format(n=len(cases), left_out=len(left_out)))
    cohort = learning_cohort(job.study, cases)
    inputs = inputs_now(job.study, SIDE)
    ensemble = opened_ensemble(version)
    ensemble.guard.require_absent(cohort, "the temporal test")
    look = look_take(
        actor=job.started_by, study=job.study, reason=job.parameters.get("reason", ""), side=SIDE
    )
    ticker.begin("judging", total=1)
    report = judge(ensemble, cohort, name=Evaluation.Cohort.TEMPORAL)
    evaluation_store(
        version=version,
        cohort=Evaluation.Cohort.TEMPORAL,
        look=look,
        inputs=inputs,
        **evaluation_values(report),
    )
    return {
        "look": look.number,
        "message": f"Look {look.number} at the temporal test: {len(cases)} patients judged, "
        f"{len(left_out)} left out.",
    }
