"""Files in a store without paths (as an S3-compatible bucket is): in, detected, described, all the same."""

from pathlib import Path

import numpy as np
import pytest
from django.core.files.storage import Storage
from django.core.files.storage.memory import InMemoryStorage
from django.core.files.uploadedfile import SimpleUploadedFile
from pydicom.data import get_testdata_file

from studies.imaging.pack_reader import PackReader
from studies.models import Upload
from studies.services.video import pack_local_path, upload_create, upload_ingest
from tests.factories import make_patient, make_site, make_study, make_user


class Bucket(Storage):
    """Keeps files in memory and, like a bucket, has no path for them."""

    def __init__(self):
        self._inner = InMemoryStorage()

    def _open(self, name, mode="rb"):
        return self._inner.open(name, mode)

    def _save(self, name, content):
        return self._inner.save(name, content)

    def exists(self, name):
        """Whether the file is there."""
        return self._inner.exists(name)

    def delete(self, name):
        """Remove the file."""
        self._inner.delete(name)


@pytest.fixture
def no_paths(settings):
    """Storage that gives no local path, like a bucket."""
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {"BACKEND": f"{__name__}.Bucket"},
    }


def test_a_cine_goes_in_and_its_frames_come_back(db, no_paths):
    patient = make_patient(make_site(make_study()))
    file = SimpleUploadedFile("cine", Path(get_testdata_file("examples_ybr_color.dcm")).read_bytes())
    upload = upload_create(actor=make_user(), study=patient.study, patient=patient, file=file, label="file 1")
    done = upload_ingest(upload_id=str(upload.pk))
    assert done.status == Upload.Status.ACCEPTED, done.verdict
    clip = done.clip
    with pytest.raises(NotImplementedError):
        _ = clip.pack.path
    path = pack_local_path(clip)
    with PackReader(path) as frames:
        assert frames.n_frames == 30
        assert np.asarray(frames.grey(29)).shape == (240, 320)
    assert pack_local_path(clip) == path
