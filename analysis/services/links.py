"""Patients who must stay on one side of the split: one person under two codes, one cine under two names."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from uuid import UUID

from django.utils.translation import gettext_noop

from studies.imaging.preview import near_duplicates
from studies.models import Clip, HospitalLink, Study

SAME_FILE = gettext_noop("the same file")
LOOK_ALIKE = gettext_noop("cines that look alike")
SAME_NUMBER = gettext_noop("the same hospital number")
SAME_EXAM = gettext_noop("the same DICOM examination")


@dataclass(frozen=True, slots=True)
class Link:
    """Two patients who belong together, and why."""

    a: UUID
    b: UUID
    why: str


def links_of(study: Study) -> list[Link]:
    """Every link between two different patients of a study, each pair and reason once."""
    files: dict[str, list[UUID]] = defaultdict(list)
    exams: dict[str, list[UUID]] = defaultdict(list)
    looks: list[tuple[str, UUID]] = []
    clips = Clip.objects.filter(exam__patient__study=study).order_by("created_at", "pk")
    for patient, source, exam, fingerprint in clips.values_list(
        "exam__patient_id", "source_sha256", "exam_digest", "perceptual_hash"
    ):
        files[source].append(patient)
        if exam:
            exams[exam].append(patient)
        if fingerprint:
            looks.append((fingerprint, patient))
    numbers: dict[str, list[UUID]] = defaultdict(list)
    kept = HospitalLink.objects.filter(patient__study=study).order_by("patient__code")
    for patient, fingerprint in kept.values_list("patient_id", "fingerprint"):
        numbers[fingerprint].append(patient)
    alike = near_duplicates([fingerprint for fingerprint, _patient in looks])
    found = [Link(looks[i][1], looks[j][1], LOOK_ALIKE) for i, j in alike]
    shared = ((files, SAME_FILE), (exams, SAME_EXAM), (numbers, SAME_NUMBER))
    for groups, why in ((by_key.values(), why) for by_key, why in shared):
        found += [Link(a, b, why) for group in groups for a, b in pairwise(group)]
    return sorted(
        {Link(*sorted((link.a, link.b)), link.why) for link in found if link.a != link.b},
        key=lambda link: (link.why, link.a, link.b),
    )


def linked_patients(study: Study) -> dict[UUID, str]:
    """Patient id to the name of its group: patients of one group never stand on different sides."""
    patients = study.patients.order_by("code").values_list("pk", flat=True)
    return groups_of(patients, links_of(study))


def groups_of(patients: Iterable[UUID], links: Iterable[Link]) -> dict[UUID, str]:
    """Join what is linked, also through others; a group is named after its first patient."""
    parent = {pk: pk for pk in patients}

    def root(pk: UUID) -> UUID:
        while parent[pk] != pk:
            parent[pk] = parent[parent[pk]]
            pk = parent[pk]
        return pk

    place = {pk: number for number, pk in enumerate(parent)}
    for link in links:
        first, second = sorted((root(link.a), root(link.b)), key=place.__getitem__)
        parent[second] = first
    return {pk: str(root(pk)) for pk in parent}
