"""Rows for the tests of reading: a study with sonographers and a clip that has a model track."""

from collections.abc import Callable
from dataclasses import dataclass

from django.contrib.auth.models import User

from studies.models import Clip, Exam, Patient, RoleGrant, Site, Study, Track
from studies.services.annotation import model_track_store

WIDTH, HEIGHT, N_FRAMES = 320, 240, 20


@dataclass
class Reading:
    """What a reading test starts from."""

    study: Study
    site: Site
    patient: Patient
    clip: Clip
    readers: list[User]
    coordinator: User
    pathologist: User
    model: Track


def person(study: Study, name: str, role: str, site: Site | None = None) -> User:
    """A user with one grant."""
    user = User.objects.create_user(name, password=name)
    RoleGrant.objects.create(user=user, study=study, role=role, site=site)
    return user


def clip_of(patient: Patient, number: int = 1, **values) -> Clip:
    """A clip of N_FRAMES frames, without a pack."""
    exam = Exam.objects.create(patient=patient, number=number)
    facts = {"n_frames": N_FRAMES, "width_px": WIDTH, "height_px": HEIGHT, "fps": 20.0, **values}
    digest = f"{number:064x}"
    return Clip.objects.create(
        exam=exam, kind=Clip.Kind.DICOM, pack_sha256=digest, source_sha256=digest, **facts
    )


def moving_boxes(n_frames: int = N_FRAMES) -> list[tuple[float, float, float, float] | None]:
    """A box that moves 4 px a frame, and none in the last fifth of the clip."""
    seen = n_frames - n_frames // 5
    return [(40.0 + 4 * i, 60.0, 100.0 + 4 * i, 120.0) if i < seen else None for i in range(n_frames)]


def reading(readers_per_clip: int = 1, make_clip: Callable[[Patient], Clip] = clip_of) -> Reading:
    """The study with everything in it; the model's track is straight (`moving_boxes`)."""
    study = Study.objects.create(slug="demo", title="Demo", readers_per_clip=readers_per_clip)
    site = Site.objects.create(study=study, code="A", name="Site A")
    patient = Patient.objects.create(study=study, site=site, code="P001")
    clip = make_clip(patient)
    readers = [person(study, f"sono{i}", RoleGrant.Role.SONOGRAPHER, site) for i in (1, 2, 3)]
    return Reading(
        study=study,
        site=site,
        patient=patient,
        clip=clip,
        readers=readers,
        coordinator=person(study, "coordinator", RoleGrant.Role.COORDINATOR),
        pathologist=person(study, "pathologist", RoleGrant.Role.PATHOLOGIST),
        model=model_track_store(clip=clip, boxes=moving_boxes(clip.n_frames), confidences=None),
    )
