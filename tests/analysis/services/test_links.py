"""Who stays together: whatever the links, no split tears them apart, and nobody ever moves."""

import random

import numpy as np
import pydicom
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.pipeline.errors import PipelineError
from analysis.pipeline.kernels.synthetic_dicom import ClipLabel, dicom_bytes, encode_frames
from analysis.services.links import LOOK_ALIKE, SAME_EXAM, SAME_FILE, SAME_NUMBER, Link, groups_of, links_of
from analysis.services.split import newcomers_join, study_split
from studies.imaging.preview import NEAR_DUPLICATE, hash_distance, near_duplicates
from studies.models import Membership
from studies.services.hospital_numbers import hospital_number_set
from studies.services.membership import study_seal
from studies.services.video import file_ingest
from tests.factories import make_clip, make_label, make_patient, make_site, make_study, make_user

fingerprints = st.lists(st.text("0123456789abcdef", min_size=20, max_size=20), max_size=12)


@settings(max_examples=60, deadline=None)
@given(texts=fingerprints, flips=st.lists(st.integers(0, 79), max_size=12))
def test_look_alikes_are_those_within_the_distance(texts, flips):
    if texts:
        value = int(texts[0], 16)
        for flip in flips:
            value ^= 1 << flip
        texts = [*texts, f"{value:020x}"]
    expected = [
        (i, j)
        for j in range(len(texts))
        for i in range(j)
        if min(int(texts[i], 16), int(texts[j], 16)) and hash_distance(texts[i], texts[j]) <= NEAR_DUPLICATE
    ]
    assert near_duplicates(texts) == sorted(expected)


def test_fingerprints_of_other_lengths_and_of_flat_frames_are_like_no_other():
    assert near_duplicates(["ff", "ffff", "0000", "0000", ""]) == []
    with pytest.raises(ValueError, match="hexadecimal"):
        near_duplicates(["gg", "gg"])


nodes = st.integers(0, 9)


@given(st.lists(st.tuples(nodes, nodes), max_size=15))
def test_groups_are_the_parts_of_the_graph(pairs):
    groups = groups_of(range(10), [Link(a, b, "why") for a, b in pairs])
    assert all(groups[a] == groups[b] for a, b in pairs)
    reached = {0}
    for _ in range(10):
        reached |= {b for a, b in pairs if a in reached} | {a for a, b in pairs if b in reached}
    assert {node for node in range(10) if groups[node] == groups[0]} == reached
    assert all(groups[node] == min(str(n) for n in range(10) if groups[n] == groups[node]) for node in groups)


needs_database = pytest.mark.django_db


@needs_database
def test_each_kind_of_link_is_found_with_its_reason():
    site = make_site(make_study())
    a, b, c, d, e, f, g, alone = (make_patient(site, name) for name in "abcdefgh")
    make_clip(a, source_sha256="1" * 64, perceptual_hash="f0" * 40)
    make_clip(a, source_sha256="1" * 63 + "2", perceptual_hash="f0" * 40)
    make_clip(b, source_sha256="1" * 64)
    make_clip(c, perceptual_hash="f1" * 19 + "f0" * 21)
    make_clip(f, exam_digest="9" * 64)
    make_clip(f, exam_digest="9" * 64)
    make_clip(g, exam_digest="9" * 64)
    make_clip(alone, perceptual_hash="0f" * 40, exam_digest="8" * 64)
    for patient, number in ((d, "AB-1234"), (e, "ab-12 34"), (alone, "AB-1235")):
        hospital_number_set(actor=None, patient=patient, number=number)
    found = {(link.why, frozenset((link.a, link.b))) for link in links_of(site.study)}
    assert found == {
        (SAME_FILE, frozenset((a.pk, b.pk))),
        (LOOK_ALIKE, frozenset((a.pk, c.pk))),
        (SAME_NUMBER, frozenset((d.pk, e.pk))),
        (SAME_EXAM, frozenset((f.pk, g.pk))),
    }


@needs_database
def test_the_same_number_in_another_study_is_no_link():
    for _ in range(2):
        hospital_number_set(actor=None, patient=make_patient(make_site(make_study())), number="AB-1234")
        study = make_study()
    assert links_of(study) == []


def tie(patients, kind: str, draw: random.Random) -> None:
    """Link some patients in one of the three ways."""
    if kind == "file":
        digest = f"{draw.getrandbits(256):064x}"
        for patient in patients:
            make_clip(patient, source_sha256=digest)
    elif kind == "looks":
        value = draw.getrandbits(320) | 1
        for place, patient in enumerate(patients):
            make_clip(patient, perceptual_hash=f"{value ^ (1 << place):080x}")
    else:
        number = f"N-{draw.getrandbits(30)}"
        for patient in patients:
            hospital_number_set(actor=None, patient=patient, number=number, reason="linked anew")


@needs_database
@settings(max_examples=8, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    ties=st.lists(st.tuples(st.sampled_from(["file", "looks", "number"]), st.integers(2, 4)), max_size=4),
)
def test_no_link_ever_crosses_the_split_and_nobody_moves(seed, ties):
    draw = random.Random(seed)
    site = make_site(make_study(split_seed=seed))
    patients = [make_patient(site) for _ in range(14)]
    for place, patient in enumerate(patients):
        make_label(patient, "POSITIVE" if place % 2 else "NEGATIVE")
    for kind, size in ties:
        tie(draw.sample(patients, size), kind, draw)
    try:
        study_split(actor=make_user(), study=site.study)
    except PipelineError:
        return  # groups so large that no test side is left are refused, not torn apart
    before = sides(site.study)
    study = study_seal(actor=make_user(), study=site.study)
    late = [make_patient(site) for _ in range(3)]
    for patient in late:
        make_label(patient, "POSITIVE")
    tie([late[0], draw.choice(patients)], "number", draw)
    newcomers_join(actor=None, study=study)
    after = sides(study)
    assert before.items() <= after.items()
    for link in links_of(study):
        assert after.get(link.a, after.get(link.b)) == after.get(link.b, after.get(link.a))
    assert all(after.get(patient.pk, "training") == "training" for patient in late)


def sides(study) -> dict:
    return dict(Membership.objects.filter(patient__study=study).values_list("patient_id", "side"))


@needs_database
def test_one_examination_under_two_codes_is_found_by_its_digest_alone(tmp_path):
    """Two cines of one StudyInstanceUID, ingested for two patients: the UID itself is stored nowhere."""
    site = make_site(make_study())
    patients = [make_patient(site) for _ in range(3)]
    clips = []
    for number, (patient, exam) in enumerate(zip(patients, ("one", "one", "other"), strict=True)):
        frames = np.random.default_rng(number).integers(0, 255, (18, 96, 96)).astype(np.uint8)
        label = ClipLabel(exam, f"cine{number}", "links")
        path = tmp_path / f"{number}.dcm"
        path.write_bytes(dicom_bytes(encode_frames(frames), (96, 96), 25.0, 0.2, label))
        verdict = file_ingest(actor=None, patient=patient, path=path)
        assert verdict.accepted, verdict.reason
        clips.append(verdict.clip)
        uid = str(pydicom.dcmread(path, stop_before_pixels=True).StudyInstanceUID)
        assert uid not in "".join(str(value) for value in vars(verdict.clip).values())
    assert clips[0].exam_digest == clips[1].exam_digest != clips[2].exam_digest
    assert len(clips[0].exam_digest) == 64
    found = {(link.why, frozenset((link.a, link.b))) for link in links_of(site.study)}
    assert found == {(SAME_EXAM, frozenset((patients[0].pk, patients[1].pk)))}
