"""What stops a job is said in the language of the page: errors as the pipeline really raises them."""

import ast
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from django.utils import translation

from analysis.pipeline.errors import PipelineError
from analysis.pipeline.learn import PatientGuard, learn, load_ensemble
from analysis.pipeline.splits import subset
from analysis.runners import held_out, judge, judge_temporal
from studies.templatetags.stored_sentences import translated
from tests.pipeline.learning_cohorts import TINY, changed, gaussian_cohort

ROOT = Path(__file__).resolve().parents[2]
ENGLISH = re.compile(r"[A-Za-z]+(?: [a-z]+){2,}")
"""Three English words in a row."""
RUNNERS = (
    "bench",
    "cohort",
    "judge",
    "judge_temporal",
    "learn",
    "otherwise",
    "readers",
    "supplements",
    "held_out",
)


def cohort():
    return gaussian_cohort(36, 20, effect=1.0, seed=1)


def twice():
    """One patient under two codes."""
    found = cohort()
    dynamic = found.dynamic.copy()
    dynamic[1] = dynamic[0]
    return changed(found, dynamic=dynamic)


def of_the_label():
    """A column that is known only with the label."""
    found = cohort()
    dynamic = found.dynamic.copy()
    dynamic[:, 3] = found.labels
    return changed(found, dynamic=dynamic)


def missing():
    """A patient without features."""
    found = cohort()
    dynamic = found.dynamic.copy()
    dynamic[2] = np.nan
    return changed(found, dynamic=dynamic)


PLANTED = {
    "too few": lambda: learn(subset(cohort(), np.arange(3)), TINY),
    "test patient": lambda: learn(cohort(), TINY, guard=PatientGuard.of(subset(cohort(), np.arange(4)))),
    "two codes": lambda: learn(twice(), TINY),
    "label among predictors": lambda: learn(of_the_label(), TINY),
    "selection before the split": lambda: learn(
        replace(cohort(), catalogue=(*cohort().feature_names, "one more")), TINY
    ),
    "missing": lambda: learn(missing(), TINY),
    "constant": lambda: learn(changed(cohort(), dynamic=np.ones((36, 20))), TINY),
    "no ensemble": lambda: load_ensemble(b"something else"),
}


@pytest.mark.parametrize("what", PLANTED)
def test_a_planted_error_is_said_in_chinese(what):
    with pytest.raises(PipelineError) as raised:
        PLANTED[what]()
    said = str(raised.value)
    assert translated(said) == said
    with translation.override("zh-hans"):
        assert not ENGLISH.search(translated(said)), said
        assert re.search("[\u4e00-\u9fff]", translated(said))


@pytest.mark.parametrize(
    "sentence",
    [
        judge.TOO_FEW.format(n=3, left_out=2),
        judge.NO_ENSEMBLE,
        judge_temporal.TOO_FEW.format(n=3, left_out=2),
        held_out.CHANGED,
        held_out.UNCLASSED.format(n=2),
    ],
)
def test_a_sentence_of_a_job_is_said_in_chinese(sentence):
    with translation.override("zh-hans"):
        assert not ENGLISH.search(translated(sentence))


@pytest.mark.parametrize("name", RUNNERS)
def test_every_error_that_a_runner_raises_in_one_piece_is_listed(name):
    tree = ast.parse((ROOT / "analysis" / "runners" / f"{name}.py").read_text(encoding="utf-8"))
    raised = [
        node.exc for node in ast.walk(tree) if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call)
    ]
    plain = [
        call.args[0].value
        for call in raised
        if call.args and isinstance(call.args[0], ast.Constant) and isinstance(call.args[0].value, str)
    ]
    with translation.override("zh-hans"):
        assert [text for text in plain if translated(text) == text] == []
