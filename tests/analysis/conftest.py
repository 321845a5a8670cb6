"""Studies that several test modules look at: built once a module, every test undoes what it adds."""

import pytest

from analysis.models import Job
from analysis.runners.learn import learn_ensemble
from tests.analysis.learning_study import done, kept, learning_study, quick, storages


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Where the files of all tests of a module are."""
    return tmp_path_factory.mktemp("files")


@pytest.fixture
def same_files(settings, files):
    """Let a test see the files of the module's study."""
    settings.STORAGES = storages(files)


@pytest.fixture(scope="module")
def trained(django_db_setup, django_db_blocker, files):
    """A study whose ensemble is trained, with a prediction of every patient."""
    with pytest.MonkeyPatch.context() as patch, kept(django_db_blocker, files):
        quick(patch)
        study = learning_study()
        job = done(study, Job.Kind.LEARN, learn_ensemble)
        assert job.status == Job.Status.SUCCEEDED, (job.message, job.log)
        yield study
