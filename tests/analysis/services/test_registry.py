"""The registry of fitted models: stored once, one of record, promoted and rolled back with a reason."""

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from analysis.models import Evaluation, ModelVersion, Promotion
from analysis.selectors import active_ensemble
from analysis.services.registry import ensemble_store, evaluation_store, version_promote
from studies.errors import RuleViolationError
from tests.factories import make_job, make_study, make_user, make_version

pytestmark = pytest.mark.django_db


def store(study) -> ModelVersion:
    return ensemble_store(
        job=make_job(study, started_by=make_user()),
        blob=b"bytes",
        digest="d" * 64,
        name="SVM",
        parameters={"seed": 1},
        snapshot={"patients": {}},
        snapshot_digest="s" * 64,
        summary={"chosen": "SVM"},
    )


def test_the_first_ensemble_is_of_record_and_the_next_one_waits():
    study = make_study()
    first, second = store(study), store(study)
    assert [first.number, second.number] == [1, 2]
    assert active_ensemble(study) == first
    with first.file.open("rb") as file:
        assert file.read() == b"bytes"
    assert Promotion.objects.get().version == first


def test_promoting_replaces_and_promoting_the_old_one_rolls_back():
    study, user = make_study(), make_user()
    first, second = store(study), store(study)
    version_promote(actor=user, version=second, reason="better out of fold")
    assert active_ensemble(study) == second
    version_promote(actor=user, version=first, reason="drift")
    assert active_ensemble(study) == first
    promotions = Promotion.objects.order_by("created_at").values_list("version__number", "replaced__number")
    assert list(promotions) == [(1, None), (2, 1), (1, 2)]


def test_a_promotion_needs_a_reason_and_a_change():
    version = store(make_study())
    with pytest.raises(RuleViolationError, match="Say why"):
        version_promote(actor=None, version=version, reason=" ")
    with pytest.raises(RuleViolationError, match="already"):
        version_promote(actor=None, version=version, reason="again")


def test_two_versions_of_record_cannot_be():
    study = make_study()
    make_version(study, 1, is_active=True)
    with pytest.raises(IntegrityError), transaction.atomic():
        make_version(study, 2, is_active=True)


def test_an_evaluation_of_the_test_side_needs_a_look():
    version = make_version(make_study())
    values = {"n_positive": 1, "n_negative": 1, "results": {"a": 1}, "predictions": {"a": 1}}
    with pytest.raises(ValidationError):
        evaluation_store(version=version, cohort="test", look=None, **values)
    evaluation_store(version=version, cohort="oof", look=None, **values)
    look = version.study.all_looks.create(number=1, reason="test", seal_hash="0" * 64)
    evaluation_store(version=version, cohort="test", look=look, **values)
    assert Evaluation.objects.count() == 2
