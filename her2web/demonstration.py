"""The demonstration study: simulated patients brought in through the same doors as real ones."""

import csv
import secrets
from collections.abc import Callable, Iterable
from pathlib import Path

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.db.models import Q

from analysis.models import Job
from analysis.services.jobs import job_enqueue
from analysis.services.split import study_split
from studies.models import Clip, Label, Patient, RoleGrant, Site, Study, Upload
from studies.selectors import clips_unchecked
from studies.services.cohort import clinical_save, grant_create, patient_create, site_create, study_create
from studies.services.membership import study_seal
from studies.services.pathology import label_save, specimen_create
from studies.services.pixels import pixels_sign
from studies.services.signing import label_lock
from studies.services.video import upload_create

SLUG = "demonstration"
TITLE = "Demonstration study"
DESCRIPTION = (
    "Simulated patients with simulated cines and a planted, known difference between HER2-positive and "
    "HER2-negative lesions. It shows how the application works and says nothing about real disease."
)
SITES = (("A", "Simulated centre A"), ("B", "Simulated centre B"))
LOGINS_FILE = "demonstration_logins.csv"
PASSWORD_BYTES = 9
PICTURES_LEFT = 3
STAGES = {"I": "I", "II": "II", "III": "III", "1": "I", "2": "II", "3": "III"}


def logins() -> dict[str, str]:
    """Return user name to password of the demonstration, made once and kept readable by this user only."""
    path = settings.VAR_DIR / LOGINS_FILE
    if not path.exists():
        path.touch(mode=0o600)
        rows = [(str(role), secrets.token_urlsafe(PASSWORD_BYTES)) for role in RoleGrant.Role.values]
        with path.open("w", newline="") as file:
            csv.writer(file).writerows(rows)
    with path.open(newline="") as file:
        return dict(csv.reader(file))


@transaction.atomic
def users_create() -> dict[str, AbstractBaseUser]:
    """Create one user per role, named after it."""
    users = {}
    for name, password in logins().items():
        user, created = get_user_model().objects.get_or_create(username=name)
        if created:
            user.set_password(password)
            user.is_staff = user.is_superuser = name == RoleGrant.Role.ADMINISTRATOR
            user.save()
        users[name] = user
    return users


@transaction.atomic
def study_ensure(users: dict[str, AbstractBaseUser]) -> Study:
    """Create the study, its sites and one grant per role; return it when it is there already."""
    if study := Study.objects.filter(slug=SLUG).first():
        return study
    study = study_create(
        actor=users["coordinator"], slug=SLUG, title=TITLE, description=DESCRIPTION, is_simulated=True
    )
    for code, name in SITES:
        site_create(actor=users["coordinator"], study=study, code=code, name=name)
    for role, user in users.items():
        if role != RoleGrant.Role.COORDINATOR:
            grant_create(actor=users["administrator"], user=user, role=role, study=study)
    return study


def patients_ensure(study: Study, users: dict[str, AbstractBaseUser], folder: Path) -> int:
    """Enter the patients, clinical values and pathology of a synthetic cohort; return how many are new."""
    known = set(study.patients.values_list("code", flat=True))
    sites = list(study.sites.order_by("code"))
    pathology = _grouped(folder / "pathology.csv")
    new = 0
    for number, row in enumerate(_rows(folder / "clinical.csv")):
        if row["patient"] not in known:
            _patient_enter(study, users, sites[number % len(sites)], row, pathology.get(row["patient"], []))
            new += 1
    return new


def cines_ensure(study: Study, users: dict[str, AbstractBaseUser], folder: Path) -> int:
    """Upload the cine of every patient who has none yet; return how many were sent."""
    sent = 0
    for patient in study.patients.order_by("code"):
        waiting = patient.uploads.exclude(status__in=[Upload.Status.REFUSED, Upload.Status.CANCELLED])
        if waiting.exists():
            continue
        for path in sorted((folder / "videos" / patient.code).glob("*")):
            file = SimpleUploadedFile("cine", path.read_bytes())
            upload_create(
                actor=users["sonographer"], study=study, patient=patient, file=file, label="simulated cine"
            )
            sent += 1
    return sent


def counts(study: Study) -> dict[str, tuple[int, int]]:
    """Return stage to (done, total) of what the worker has to do before the ensemble can learn."""
    uploads = study.uploads.exclude(status=Upload.Status.CANCELLED)
    final = uploads.filter(status__in=[Upload.Status.ACCEPTED, Upload.Status.REFUSED])
    stages = {"files checked": (final.count(), uploads.count())}
    jobs = Job.objects.filter(study=study, clip__isnull=False)
    finished = Q(kind=Job.Kind.DESCRIBE, status__in=Job.FINAL)
    given_up = Q(kind=Job.Kind.DETECT, status__in=[Job.Status.FAILED, Job.Status.CANCELLED])
    for condition, text in (
        (Q(kind=Job.Kind.DETECT, status__in=Job.FINAL), "lesions found"),
        (finished | given_up, "cines described"),
    ):
        stages[text] = (jobs.filter(condition).values("clip").distinct().count(), uploads.count())
    return stages


def pictures_sign(study: Study, users: dict[str, AbstractBaseUser]) -> int:
    """Sign that simulated pictures show no names, all but the last few: those wait for a visitor."""
    waiting = list(clips_unchecked(study, viewer=users["coordinator"]))
    signed = waiting[: max(len(waiting) - PICTURES_LEFT, 0)]
    for clip in signed:
        pixels_sign(actor=users["coordinator"], clip=clip, seen_sha256=clip.pack_sha256)
    return len(signed)


def detections_resume(study: Study) -> int:
    """Queue the clips that an earlier, interrupted run left without a track; return how many."""
    clips = Clip.objects.filter(exam__patient__study=study, tracks__isnull=True, n_frames__gt=1)
    left = clips.exclude(jobs__status__in=[Job.Status.QUEUED, Job.Status.RUNNING])
    Job.objects.filter(clip__in=left, status=Job.Status.FAILED).delete()
    for clip in left:
        job_enqueue(actor=None, kind=Job.Kind.DETECT, study=study, clip=clip)
    return len(left)


def split_and_seal(study: Study, users: dict[str, AbstractBaseUser]) -> Study:
    """Draw the split with the study's seed and seal it."""
    if not study.is_sealed:
        if not study.patients.filter(membership__isnull=False).exists():
            study_split(actor=users["coordinator"], study=study)
        study = study_seal(actor=users["coordinator"], study=study)
    return study


def job_start(study: Study, users: dict[str, AbstractBaseUser], kind: str, **parameters: object) -> Job:
    """Start a job of the study in the name of the administrator."""
    return job_enqueue(actor=users["administrator"], kind=kind, study=study, parameters=parameters)


@transaction.atomic
def _patient_enter(
    study: Study, users: dict[str, AbstractBaseUser], site: Site, row: dict[str, str], pathology: list
) -> Patient:
    patient = patient_create(actor=users["coordinator"], study=study, site=site, code=row["patient"])
    clinical_save(actor=users["coordinator"], patient=patient, values=clinical_values(row))
    for tissue in pathology:
        specimen = specimen_create(actor=users["pathologist"], patient=patient, kind=tissue["specimen"])
        label = label_save(actor=users["pathologist"], specimen=specimen, values=pathology_values(tissue))
        if label.call in {Label.PaperLabel.POSITIVE, Label.PaperLabel.NEGATIVE}:
            label_lock(actor=users["pathologist"], label=label)
    return patient


def clinical_values(row: dict[str, str]) -> dict[str, object]:
    """Translate a row of clinical.csv into the fields of a ClinicalRecord; empty cells stay empty."""

    def number(name: str, kind: Callable) -> object:
        return kind(row[name]) if row.get(name) else None

    return {
        "age_years": number("age", lambda text: round(float(text))),
        "size_cm": row["size_cm"] or None,
        "menopause": number("menopause", int),
        "c_t": number("cT", int),
        "c_n": number("cN", int),
        "c_tnm": STAGES.get(row.get("cTNM", ""), row.get("cTNM", "")),
    }


def pathology_values(row: dict[str, str]) -> dict[str, object]:
    """Translate a row of pathology.csv into the fields of a reading."""
    values: dict[str, object] = {"ihc_score": row.get("ihc_score", ""), "probe": row.get("probe", "")}
    for name in ("her2_copies", "cep17_copies", "ratio"):
        values[name] = float(row[name]) if row.get(name) else None
    values["cells"] = int(row["cells"]) if row.get("cells") else None
    return values


def _rows(path: Path) -> Iterable[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        yield from csv.DictReader(file)


def _grouped(path: Path) -> dict[str, list[dict[str, str]]]:
    grouped: dict[str, list[dict[str, str]]] = {}
    for row in _rows(path):
        grouped.setdefault(row["patient"], []).append(row)
    return grouped
