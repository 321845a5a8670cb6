"""Judge the ensemble of record on the test side. The look is counted and logged before anything is opened."""

from typing import Any

from analysis.models import Evaluation, Job
from analysis.pipeline.errors import InvalidInputError
from analysis.pipeline.learn import judge
from analysis.runners.cohort import cases_of, learning_cohort
from analysis.runners.held_out import judge_further
from analysis.runners.learn import evaluation_values
from analysis.runners.predict import opened_ensemble
from analysis.runners.study_look import StudyLook, frozen_of
from analysis.runners.supplement_basics import judged_supplements, supplements_keep
from analysis.runners.ticker import JobTicker
from analysis.selectors import active_ensemble
from analysis.services.judged_inputs import inputs_now
from analysis.services.registry import evaluation_store
from studies.models import Membership
from studies.services.membership import look_take

MIN_PER_CLASS = 2
TOO_FEW = (
    "{n} test patients can be judged, {left_out} are left out; two of each class at least are needed. "
    "No look was counted. The cohort page shows what the others lack."
)
NO_ENSEMBLE = "There is no trained ensemble yet; train one on the Models page, then judge it."


def judge_ensemble(job: Job, ticker: JobTicker) -> dict[str, Any]:
    """Take the look, then judge all 24 models at their frozen cut-offs, and rings and three-way HER2 beside.

    Whatever takes long, or could fail, is done before the look is counted.
    """
    version = active_ensemble(job.study)
    if version is None:
        raise InvalidInputError(NO_ENSEMBLE)
    ticker.begin("collecting the test side")
    cases, left_out = cases_of(job.study, Membership.Side.TEST)
    cohort = learning_cohort(job.study, cases)
    inputs = inputs_now(job.study)
    ensemble = opened_ensemble(version)
    if min((cohort.labels == 1).sum(), (cohort.labels == 0).sum()) < MIN_PER_CLASS:
        raise InvalidInputError(TOO_FEW.format(n=len(cases), left_out=len(left_out)))
    side = StudyLook(cohort, cases, ticker)
    frozen = frozen_of(job, ticker, version, side)
    look = look_take(actor=job.started_by, study=job.study, reason=job.parameters.get("reason", ""))
    ticker.begin("judging", total=1)
    report = judge(ensemble, cohort)
    evaluation_store(
        version=version,
        cohort=Evaluation.Cohort.TEST,
        look=look,
        inputs=inputs,
        **evaluation_values(report),
    )
    judged_supplements(version, report, cases, look=look, job=job)
    further = judge_further(frozen, side, ensemble.chosen)
    supplements_keep(version, further, cohort=Evaluation.Cohort.TEST, look=look, job=job)
    return {
        "look": look.number,
        "message": f"Look {look.number}: {len(cases)} test patients judged, {len(left_out)} left out.",
    }
