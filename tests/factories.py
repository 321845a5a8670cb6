"""Rows for tests, one function a kind. What a test does not name is plausible and the same every time."""

import hashlib
import io
import zipfile
from functools import lru_cache
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace

import numpy as np
from django.contrib.auth.models import User
from django.core.files.base import ContentFile
from django.test import Client
from django.utils import timezone
from PIL import Image

from analysis.models import Evaluation, FeatureSet, Job, ModelVersion, Prediction, Report, ReportFile
from analysis.pipeline.names import DYNAMIC_FEATURES, STATIC_FEATURES
from analysis.services.features import StoredStatic, feature_set_store
from studies.imaging.cine import inspect_file
from studies.imaging.pack import write_pack
from studies.models import (
    ClinicalRecord,
    Clip,
    CriterionRow,
    DataQuery,
    Detection,
    Exam,
    Label,
    Lesion,
    Membership,
    Patient,
    QueryNote,
    RoleGrant,
    Screening,
    Site,
    Specimen,
    Study,
    TableImport,
    Track,
    Upload,
)
from studies.rules.sentences import Sentence
from studies.services.annotation import model_track_store, track_open_for_reader
from studies.services.audit import audit_record
from studies.services.imports import import_check, import_create

WIDTH, HEIGHT, N_FRAMES = 64, 48, 6
POSITIVE = {"ihc_score": "3+"}
NEGATIVE = {"ihc_score": "0"}
_numbers = count(1)


def make_user(name: str = "", **values) -> User:
    """A user; the password is the name."""
    name = name or f"user{next(_numbers)}"
    return User.objects.create_user(name, password=name, **values)


def make_study(slug: str = "", **values) -> Study:
    """An empty study."""
    slug = slug or f"study{next(_numbers)}"
    return Study.objects.create(slug=slug, title=f"Study {slug}", **values)


def make_site(study: Study, code: str = "") -> Site:
    """A site."""
    code = code or f"S{next(_numbers)}"
    return Site.objects.create(study=study, code=code, name=f"Site {code}")


def make_person(study: Study, *roles: str, site: Site | None = None, name: str = "") -> User:
    """A user with grants."""
    user = make_user(name)
    for role in roles:
        RoleGrant.objects.create(user=user, study=study, role=role, site=site)
    return user


def make_patient(site: Site, code: str = "", **clinical) -> Patient:
    """A patient with a first exam, a first lesion and a clinical record."""
    patient = Patient.objects.create(study=site.study, site=site, code=code or f"P{next(_numbers):05d}")
    Exam.objects.create(patient=patient, number=1)
    Lesion.objects.create(patient=patient, number=1)
    ClinicalRecord.objects.create(patient=patient, **clinical)
    return patient


def make_clip(patient: Patient, *, with_pack: bool = False, **values) -> Clip:
    """A cine of N_FRAMES frames; with its frames only when a test opens them."""
    digest = f"{next(_numbers):064x}"
    facts = {
        "kind": Clip.Kind.ARCHIVE, "n_frames": N_FRAMES, "width_px": WIDTH, "height_px": HEIGHT, "fps": 20.0,
        "pack_sha256": digest, "source_sha256": digest,
    }  # fmt: skip
    clip = Clip(
        exam=patient.exams.order_by("number").first(), lesion=patient.lesions.first(), **{**facts, **values}
    )
    if with_pack:
        clip.pack.save("frames.pack", ContentFile(pack_bytes()), save=False)
    clip.save()
    return clip


def picture_zip(n_frames: int = N_FRAMES, seed: int = 7, size: tuple[int, int] = (WIDTH, HEIGHT)) -> bytes:
    """A ZIP of numbered grey pictures: the simplest cine that ingest takes."""
    rng = np.random.default_rng(seed)
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for number in range(n_frames):
            picture = io.BytesIO()
            pixels = rng.integers(0, 255, size=(size[1], size[0]), dtype=np.uint8)
            Image.fromarray(pixels).save(picture, "PNG")
            archive.writestr(f"{number:05d}.png", picture.getvalue())
    return target.getvalue()


@lru_cache(maxsize=1)
def pack_bytes() -> bytes:
    """The frame pack of `picture_zip()`."""
    with TemporaryDirectory() as folder:
        source, target = Path(folder, "frames.zip"), Path(folder, "frames.pack")
        source.write_bytes(picture_zip())
        write_pack(source, target, info=inspect_file(source))
        return target.read_bytes()


def make_model_track(clip: Clip) -> Track:
    """The model's track: one box that stands still."""
    return model_track_store(clip=clip, boxes=[(10, 10, 40, 40)] * clip.n_frames, confidences=None)


def make_detection(clip: Clip) -> Detection:
    """Raw boxes."""
    frames = [[[10.0, 10.0, 40.0, 40.0, 0.9]]] * clip.n_frames
    return Detection.objects.create(clip=clip, detector_name="d", detector_digest="d" * 64, frames=frames)


def make_specimen(patient: Patient, kind: str = "core") -> Specimen:
    """A core biopsy."""
    return Specimen.objects.create(patient=patient, kind=kind, number=patient.specimens.count() + 1)


def make_label(patient: Patient, call: str, *, kind: str = "core", role: str = "first") -> Label:
    """A locked reading with this call."""
    specimen = patient.specimens.filter(kind=kind).first() or make_specimen(patient, kind)
    return Label.objects.create(
        specimen=specimen,
        role=role,
        status=Label.Status.LOCKED,
        locked_at=timezone.now(),
        call=call,
        paper_label=call if call in {"POSITIVE", "NEGATIVE"} else Label.PaperLabel.UNDEFINED,
        ihc_score="3+" if call == "POSITIVE" else "0",
    )


def make_query(patient: Patient, field: str = "age_years", **values) -> DataQuery:
    """An open question of a person about a clinical value."""
    facts = {"subject": "clinical", "source": "person", "text": f"Is {field} right?", **values}
    query = DataQuery.objects.create(patient=patient, field=field, **facts)
    QueryNote.objects.create(query=query, kind="raised", author=query.raised_by, text=query.text)
    return query


def make_import(study: Study, actor: User | None = None) -> TableImport:
    """A checked table with one new patient at the study's first site."""
    site = study.sites.first()
    content = f"patient,site,age\nNEW{next(_numbers)},{site.code},50\n".encode()
    row = import_create(actor=actor, study=study, content=content)
    import_check(row=row)
    return row


def make_membership(patient: Patient, side: str = "training") -> Membership:
    """A side of the split."""
    return Membership.objects.create(patient=patient, side=side, rule="test")


def make_upload(study: Study, patient: Patient | None, uploader: User | None = None, **values) -> Upload:
    """A waiting file."""
    upload = Upload(study=study, patient=patient, uploader=uploader, label="file 1", **values)
    upload.spool.save("spool", ContentFile(picture_zip()), save=False)
    upload.save()
    return upload


def make_job(study: Study, kind: str = "learn", **values) -> Job:
    """A job; a final one gets its end."""
    if values.get("status") in Job.FINAL:
        values.setdefault("finished_at", timezone.now())
    return Job.objects.create(study=study, kind=kind, **values)


def make_feature_set(track: Track) -> FeatureSet:
    """Features of three frames; value i of the dynamic features is i."""
    static = StoredStatic(
        np.array([0, 2, 3]),
        np.arange(3.0 * len(STATIC_FEATURES)).reshape(3, -1),
        np.tile([10.0, 10.0, 40.0, 40.0], (3, 1)),
    )
    return feature_set_store(
        clip=track.clip,
        revision=track.revisions.get(number=track.head),
        box_source=track.source,
        digest=f"{next(_numbers):064x}",
        pipeline_version="test",
        parameters={},
        static=static,
        dynamic=np.arange(float(len(DYNAMIC_FEATURES))),
        window=(0, track.clip.n_frames),
        time_base="hz",
        fps=20.0,
        qc={},
        reasons=[],
        excluded={},
    )


def make_version(study: Study, number: int = 1, **values) -> ModelVersion:
    """A fitted ensemble, without its file."""
    return ModelVersion.objects.create(
        kind="ensemble", study=study, number=number, name="SVM", digest="e" * 64, summary={}, **values
    )


def make_evaluation(version: ModelVersion, patients: list[Patient], cohort: str = "oof") -> Evaluation:
    """An evaluation; patients at odd places are positive."""
    labels = [place % 2 for place in range(len(patients))]
    scores = {"SVM": [0.1 + 0.01 * place for place in range(len(patients))]}
    return Evaluation.objects.create(
        version=version,
        cohort=cohort,
        n_positive=sum(labels),
        n_negative=len(labels) - sum(labels),
        results={"evaluations": {}},
        predictions={
            "patients": [str(patient.pk) for patient in patients],
            "labels": labels,
            "scores": scores,
            "probability": scores["SVM"],
        },
    )


def make_prediction(features: FeatureSet, version: ModelVersion, neighbours: tuple = ()) -> Prediction:
    """A prediction."""
    return Prediction.objects.create(
        patient=features.clip.patient,
        version=version,
        feature_set=features,
        input_digest="f" * 64,
        probability=0.7,
        low=0.5,
        high=0.9,
        interval_method="test",
        cutoff=0.4,
        call="POSITIVE",
        neighbours=[{"patient": str(patient.pk), "label": 1} for patient in neighbours],
    )


def make_report(study: Study, content: bytes = b"<p>A report.</p>") -> ReportFile:
    """A printed report of one HTML file."""
    number = study.reports.count() + 1
    report = Report.objects.create(
        study=study, number=number, title="Report", n_looks=0, facts={}, facts_digest="a" * 64,
        checklists={"claim": {"unmet": 3}},
    )  # fmt: skip
    row = ReportFile(
        report=report, language="en", format="html", sha256=hashlib.sha256(content).hexdigest(),
        size_bytes=len(content),
    )  # fmt: skip
    row.file.save("en.html", ContentFile(content))
    return row


def logged_in(user: User | None) -> Client:
    """A browser of this user; of nobody when None."""
    client = Client()
    if user is not None:
        client.force_login(user)
    return client


def make_criterion(patient: Patient) -> CriterionRow:
    """A criterion that is not recorded yet."""
    evidence = Sentence("Mass lesion: not recorded.").as_dict()
    return CriterionRow.objects.create(
        patient=patient, criterion="exclusion_f", number=1, verdict="not recorded", basis="record",
        evidence=evidence, record_verdict="not recorded",
    )  # fmt: skip


def make_world() -> SimpleNamespace:
    """Two studies with every kind of row, and one person for every way of standing to the first.

    alpha: sites a1 (where everything is) and a2; beta: one site. `people`: coordinator and administrator of
    alpha; sonographer, pathologist, clinician at a1; outsider (coordinator and sonographer of beta);
    neighbour (coordinator of a2 only); blinded (sonographer and clinician at a1).
    """
    alpha, beta = make_study("alpha", split_seed=1), make_study("beta")
    a1, a2, b1 = make_site(alpha, "a1"), make_site(alpha, "a2"), make_site(beta, "b1")
    people: dict[str, User | None] = {"anonymous": None}
    for role in ("coordinator", "administrator"):
        people[role] = make_person(alpha, role, name=role)
    for role in ("sonographer", "pathologist", "clinician"):
        people[role] = make_person(alpha, role, site=a1, name=role)
    people["outsider"] = make_person(beta, "coordinator", "sonographer", name="outsider")
    people["neighbour"] = make_person(alpha, "coordinator", site=a2, name="neighbour")
    people["blinded"] = make_person(alpha, "sonographer", "clinician", site=a1, name="blinded")
    rows, other = make_rows(a1), make_rows(b1)
    rows.own = track_open_for_reader(actor=people["sonographer"], clip=rows.clip)
    other.own = track_open_for_reader(actor=people["outsider"], clip=other.clip)
    make_membership(make_patient(a1), "test")
    make_patient(a2)
    return SimpleNamespace(
        alpha=alpha, beta=beta, a1=a1, a2=a2, b1=b1, people=people, other=other, **vars(rows)
    )


def make_rows(site: Site, number: int = 1) -> SimpleNamespace:
    """One patient with one of everything; `number` is that of the model version."""
    study, patient = site.study, make_patient(site, age_years=50)
    clip = make_clip(patient, with_pack=True)
    make_detection(clip)
    track = make_model_track(clip)
    features, version = make_feature_set(track), make_version(study, number)
    return SimpleNamespace(
        study=study,
        patient=patient,
        clip=clip,
        track=track,
        features=features,
        version=version,
        specimen=make_specimen(patient),
        label=make_label(patient, "POSITIVE", kind="excision"),
        membership=make_membership(patient),
        evaluation=make_evaluation(version, [patient]),
        prediction=make_prediction(features, version),
        query=make_query(patient),
        screening=Screening.objects.create(patient=patient),
        criterion=make_criterion(patient),
        table=make_import(study),
        upload=make_upload(study, patient),
        waiting=make_upload(study, None),
        job=make_job(study),
        report_file=make_report(study),
        clip_job=make_job(study, "detect", clip=clip, status="failed"),
        grant=RoleGrant.objects.create(user=make_user(), role="clinician", study=study),
        event=audit_record(actor=None, action="patient.create", target=patient, study=study),
    )
