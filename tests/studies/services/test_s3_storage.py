"""Files in an S3-compatible bucket, over HTTP: the settings of STORAGE_URL, in, described and read back."""

from pathlib import Path
from urllib.parse import quote

import boto3
import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from moto.server import ThreadedMotoServer
from pydicom.data import get_testdata_file

from her2web.settings import storages_of
from studies.imaging.pack_reader import PackReader
from studies.models import Upload
from studies.services.video import pack_local_path, upload_create, upload_ingest
from tests.factories import make_patient, make_site, make_study, make_user

# What the client library of the bucket still calls; nothing of ours.
pytestmark = [pytest.mark.django_db, pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow")]
BUCKET = "cines"


@pytest.fixture
def bucket(settings, monkeypatch):
    """An empty bucket on this machine, chosen by its address alone."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    client = boto3.client("s3", endpoint_url=endpoint)
    client.create_bucket(Bucket=BUCKET)
    address = f"s3://{BUCKET}?endpoint={quote(endpoint, safe='')}"
    settings.STORAGES = {**settings.STORAGES, "default": storages_of(address)["default"]}
    yield client
    client.close()
    server.stop()


def test_a_cine_lies_in_the_bucket_and_its_frames_come_back(bucket):
    patient = make_patient(make_site(make_study()))
    file = SimpleUploadedFile("cine", Path(get_testdata_file("examples_ybr_color.dcm")).read_bytes())
    upload = upload_create(actor=make_user(), study=patient.study, patient=patient, file=file, label="file 1")
    done = upload_ingest(upload_id=str(upload.pk))
    assert done.status == Upload.Status.ACCEPTED, done.verdict
    keys = {found["Key"] for found in bucket.list_objects_v2(Bucket=BUCKET)["Contents"]}
    assert done.clip.pack.name in keys
    assert not any(patient.code in key for key in keys)
    with PackReader(pack_local_path(done.clip)) as frames:
        assert frames.n_frames == 30
        assert frames.grey(29).shape == (240, 320)


def test_a_deleted_file_is_gone_and_a_missing_one_is_said(bucket):
    name = default_storage.save("kept/one", SimpleUploadedFile("one", b"frames"))
    with default_storage.open(name) as stored:
        assert stored.read() == b"frames"
    default_storage.delete(name)
    assert not default_storage.exists(name)
    with pytest.raises(FileNotFoundError):
        default_storage.open(name)
