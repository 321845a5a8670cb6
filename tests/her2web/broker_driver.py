"""Run by test_brokers in a process of its own: put one file in, wait for a worker to judge it.

Prints the status of the upload. Settings come from the environment, as on a server.
"""

import os
import sys
import time
from pathlib import Path

import django

WAIT_SECONDS = 60


def main(cine: Path) -> str:
    """Create a study and a patient, upload the cine, poll its row."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "her2web.settings")
    django.setup()

    from django.contrib.auth import get_user_model  # noqa: PLC0415 - needs django.setup()
    from django.core.files.uploadedfile import SimpleUploadedFile  # noqa: PLC0415
    from django.core.management import call_command  # noqa: PLC0415

    from studies.services.cohort import patient_create, site_create, study_create  # noqa: PLC0415
    from studies.services.video import upload_create  # noqa: PLC0415

    call_command("migrate", verbosity=0)
    user = get_user_model().objects.create_user("driver")
    study = study_create(actor=user, slug="s", title="S")
    site = site_create(actor=user, study=study, code="A", name="A")
    patient = patient_create(actor=user, study=study, site=site, code="P1")
    file = SimpleUploadedFile("cine", cine.read_bytes())
    upload = upload_create(actor=user, study=study, patient=patient, file=file, label="file 1")
    deadline = time.monotonic() + WAIT_SECONDS
    while not upload.is_final and time.monotonic() < deadline:
        time.sleep(0.2)
        upload.refresh_from_db()
    return upload.status


if __name__ == "__main__":
    print(main(Path(sys.argv[1])))
