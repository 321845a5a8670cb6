"""The stored vectors: Python still answers them, and Node answers them too where it is installed."""

import json
import shutil
import subprocess
from functools import partial
from pathlib import Path

import pytest

from studies.rules.no_lesion import standing_statement
from studies.rules.track_patch import apply_patch, inverse, merge_three_way
from studies.rules.track_review import needs_me
from studies.rules.tracks import TrackError, as_keyframes, box_at, boxes
from tests.baselines.write_track_vectors import EDITS, TARGET, as_text, vectors

ROOT = Path(__file__).resolve().parents[3]
VECTORS = json.loads(TARGET.read_text())
SHAPE = tuple(VECTORS["frame_shape"])


def answered(case, act):
    if "refused" not in case:
        return act()
    with pytest.raises(TrackError) as caught:
        act()
    assert caught.value.field == case["refused"]
    return None


def test_the_stored_file_is_what_the_script_writes():
    assert as_text(vectors()) == TARGET.read_text()


def test_boxes_of_every_case():
    for case in VECTORS["boxes"]:
        found = boxes(case["keyframes"], case["n_frames"])
        assert [b and [*b.box, b.kind, b.carried.frame] for b in found] == case["boxes"]
        for frame, box in enumerate(found):
            assert box_at(case["keyframes"], frame, case["n_frames"]) == (box and box.box)


def test_refused_tracks():
    for case in VECTORS["refused"]:
        answered(case, lambda case=case: box_at(case["keyframes"], case["frame"], case["n_frames"]))


def test_patches():
    for case in VECTORS["patches"]:
        after = answered(
            case, lambda case=case: apply_patch(case["keyframes"], case["patch"], case["n_frames"], SHAPE)
        )
        if after is not None:
            assert after == as_keyframes(case["after"])


def test_edits_and_their_undo():
    for case in VECTORS["edits"]:
        track, n_frames = case["keyframes"], case["n_frames"]
        act = partial(EDITS[case["edit"]], track, n_frames, **case["arguments"])
        result = answered(case, act)
        if result is None:
            continue
        patch, right = result if case["edit"] == "split" else (result, None)
        assert patch == case["patch"]
        after = apply_patch(track, patch, n_frames, SHAPE)
        assert after == as_keyframes(case["after"])
        assert apply_patch(after, inverse(track, patch), n_frames, SHAPE) == as_keyframes(track)
        if right is not None:
            assert right == as_keyframes(case["right"])


def test_merges():
    for case in VECTORS["merges"]:
        merged, conflicts = merge_three_way(case["base"], case["mine"], case["theirs"])
        assert merged == as_keyframes(case["merged"])
        assert [conflict.frame for conflict in conflicts] == case["conflicts"]


def test_needs():
    for case in VECTORS["needs"]:
        needs = needs_me(case["keyframes"], case["n_frames"], case["confidences"], case["other"])
        assert [[need.frame, need.score, list(need.reasons)] for need in needs] == case["needs"]


def test_statements_of_no_lesion():
    for case in VECTORS["statements"]:
        arguments = (case["keyframes"], case["before"], case["wanted"])
        stated = answered(case, partial(standing_statement, *arguments))
        assert stated == case.get("stated")


def test_every_kind_of_case_is_there():
    assert len(VECTORS["boxes"]) + len(VECTORS["edits"]) + len(VECTORS["patches"]) > 300
    for edit in EDITS:
        assert any(case["edit"] == edit and "patch" in case for case in VECTORS["edits"])
    assert {reason for case in VECTORS["needs"] for need in case["needs"] for reason in need[2]} == {
        "gap",
        "disagreement",
        "jump",
        "area_change",
        "low_confidence",
    }


def test_javascript_answers_alike():
    node = shutil.which("node")
    if node is None:
        pytest.skip("Node is not installed; the JavaScript twin was not compared.")
    done = subprocess.run(
        [node, "--test", "--test-reporter=dot", "tests/js/tracks.test.js"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
