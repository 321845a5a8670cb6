"""Write `track_vectors.json`: cases that the track model in Python and in JavaScript must answer alike.

    python -m tests.baselines.write_track_vectors

Both readers, `tests/studies/rules/test_track_vectors.py` and `tests/js/tracks.test.js`, compare to the last
bit: all digits are written. Run it again only when the format of tracks is meant to change.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from studies.rules import track_edits
from studies.rules.no_lesion import REASONS, standing_statement
from studies.rules.track_patch import apply_patch, inverse, merge_three_way
from studies.rules.track_review import needs_me
from studies.rules.tracks import Keyframe, TrackError, boxes

TARGET = Path(__file__).with_name("track_vectors.json")
SEED = 20231144812
HEIGHT, WIDTH = 120, 160
DEFAULTS = Keyframe(0, 0, 0, 9, 9).as_dict()

EDITS: dict[str, Callable[..., Any]] = {
    "set_box": lambda track, n, **a: track_edits.set_box(track, a["frame"], a["box"], n, (HEIGHT, WIDTH)),
    "toggle_keyframe": lambda track, n, **a: track_edits.toggle_keyframe(track, a["frame"], n),
    "toggle_outside": lambda track, n, **a: track_edits.toggle_outside(track, a["frame"], n),
    "toggle_flag": lambda track, n, **a: track_edits.toggle_flag(track, a["frame"], a["flag"], n),
    "accept_frame": lambda track, n, **a: track_edits.accept_frame(track, a["frame"], n),
    "accept_track": lambda track, n, **a: track_edits.accept_track(track),
    "reject_frame": lambda track, n, **a: track_edits.reject_frame(track, a["frame"], n),
    "propagate": lambda track, n, **a: track_edits.propagate(track, a["frame"], a["to_frame"], n),
    "delete_from": lambda track, n, **a: track_edits.delete_from(track, a["frame"], n),
    "toggle_interpolation": lambda track, n, **a: track_edits.toggle_interpolation(track, a["frame"], n),
    "toggle_all_interpolation": lambda track, n, **a: track_edits.toggle_all_interpolation(track, n),
    "merge": lambda track, n, **a: track_edits.merge(track, a["other"], n),
    "remove_boxes": lambda track, n, **a: track_edits.remove_boxes(track, n),
    "split": lambda track, n, **a: track_edits.split(track, a["frame"], n),
}


def sparse(keyframe: Keyframe) -> dict[str, Any]:
    """The keyframe without the fields that have their default, so that the defaults are compared too."""
    required = ("frame", "x1", "y1", "x2", "y2")
    return {k: v for k, v in keyframe.as_dict().items() if k in required or v != DEFAULTS[k]}


def listed(track: Any) -> list[dict[str, Any]]:
    """A track as sparse dictionaries."""
    return [sparse(keyframe) for keyframe in track]


def random_keyframe(rng: random.Random, frame: int) -> Keyframe:
    """A box anywhere inside the image, with one to three decimals."""
    x1, y1 = round(rng.uniform(0, WIDTH - 20), 3), round(rng.uniform(0, HEIGHT - 20), 2)
    source = rng.choice(["model", "human"])
    return Keyframe(
        frame,
        x1,
        y1,
        round(rng.uniform(x1 + 8, WIDTH), 1),
        round(rng.uniform(y1 + 8, HEIGHT), 3),
        outside=rng.random() < 0.25,
        occluded=rng.random() < 0.2,
        source=source,
        confidence=round(rng.random(), 3) if source == "model" and rng.random() < 0.8 else None,
        truncated=rng.random() < 0.1,
        uncertain=rng.random() < 0.1,
    )


def random_track(rng: random.Random, n_frames: int, most: int = 6) -> list[Keyframe]:
    """A track of one to *most* keyframes."""
    frames = sorted(rng.sample(range(n_frames), rng.randint(1, min(most, n_frames))))
    return [random_keyframe(rng, frame) for frame in frames]


def box_case(track: list[Keyframe], n_frames: int) -> dict[str, Any]:
    """What `boxes` says: [x1, y1, x2, y2, kind, governing frame] or null a frame."""
    said = [b and [*b.box, b.kind, b.carried.frame] for b in boxes(track, n_frames)]
    return {"keyframes": listed(track), "n_frames": n_frames, "boxes": said}


def box_cases(rng: random.Random) -> list[dict[str, Any]]:
    """Every order of inside and outside over three keyframes, then random tracks."""
    cases = [box_case([], 3)]
    for pattern in range(8):
        frames = (2, 5, 9)
        track = [
            Keyframe(f, 10.1 * i, 5.3, 40.7 + i * i, 33.3 + i, outside=bool(pattern >> i & 1))
            for i, f in enumerate(frames)
        ]
        cases.append(box_case(track, 12))
    for _ in range(120):
        n_frames = rng.randint(1, 16)
        cases.append(box_case(random_track(rng, n_frames), n_frames))
    return cases


def answered(act: Callable[[], Any]) -> dict[str, Any]:
    """What *act* gives, or the field that it refuses."""
    try:
        return act()
    except TrackError as error:
        return {"refused": error.field}


def edit_case(name: str, track: list[Keyframe], n_frames: int, arguments: dict[str, Any]) -> dict[str, Any]:
    """One edit with its patch, the track after it, and the inverse patch."""

    def act() -> dict[str, Any]:
        given = {**arguments, "other": arguments["other"]} if "other" in arguments else arguments
        patch = EDITS[name](track, n_frames, **given)
        right = None
        if name == "split":
            patch, right = patch
        after = apply_patch(track, patch, n_frames, (HEIGHT, WIDTH))
        result = {"patch": patch, "after": listed(after), "inverse": inverse(track, patch)}
        return result if right is None else {**result, "right": listed(right)}

    shown = {**arguments, "other": listed(arguments["other"])} if "other" in arguments else arguments
    case = {"edit": name, "keyframes": listed(track), "n_frames": n_frames, "arguments": shown}
    return {**case, **answered(act)}


def edit_arguments(rng: random.Random, name: str, n_frames: int) -> dict[str, Any]:
    """Arguments of an edit, now and then outside what it accepts."""
    frame = rng.randrange(-1, n_frames + 1) if rng.random() < 0.05 else rng.randrange(n_frames)
    x, y = rng.uniform(-20, WIDTH), rng.uniform(-20, HEIGHT)
    arguments: dict[str, Any] = {"frame": frame}
    if name == "set_box":
        arguments["box"] = [x, y, x + rng.uniform(1, 60), y + rng.uniform(1, 60)]
    if name == "toggle_flag":
        arguments["flag"] = rng.choice(["occluded", "truncated", "uncertain", "outside"])
    if name == "propagate":
        arguments["to_frame"] = rng.randrange(n_frames)
    if name == "merge":
        arguments = {"other": random_track(rng, n_frames)}
    return {} if name in ("accept_track", "remove_boxes", "toggle_all_interpolation") else arguments


def edit_cases(rng: random.Random) -> list[dict[str, Any]]:
    """Sixteen cases of every edit."""
    cases = []
    for name in EDITS:
        for _ in range(16):
            n_frames = rng.randint(4, 16)
            cases.append(
                edit_case(name, random_track(rng, n_frames), n_frames, edit_arguments(rng, name, n_frames))
            )
    return cases


BAD_PATCHES: list[Any] = [
    [],
    {"created": []},
    {"create": {}},
    {"create": [7]},
    {"create": [{"frame": 3, "x1": 1, "y1": 1, "x2": 9}]},
    {"create": [{"frame": 3, "x1": "1", "y1": 1, "x2": 9, "y2": 9}]},
    {"create": [{"frame": 3, "x1": 1, "y1": 1, "x2": 9, "y2": 9, "colour": "red"}]},
    {"create": [{"frame": 3.5, "x1": 1, "y1": 1, "x2": 9, "y2": 9}]},
    {"create": [{"frame": -1, "x1": 1, "y1": 1, "x2": 9, "y2": 9}]},
    {"create": [{"frame": 10, "x1": 1, "y1": 1, "x2": 9, "y2": 9}]},
    {"create": [{"frame": 2, "x1": 1, "y1": 1, "x2": 9, "y2": 9}]},
    {"create": [{"frame": 3, "x1": 1, "y1": 1, "x2": 3.9, "y2": 9}]},
    {"create": [{"frame": 3, "x1": 1, "y1": 1, "x2": 9, "y2": 3.9}]},
    {"create": [{"frame": 3, "x1": 9, "y1": 1, "x2": 1, "y2": 9}]},
    {"create": [{"frame": 3, "x1": 170, "y1": 1, "x2": 190, "y2": 9}]},
    {"create": [{"frame": 3, "x1": 1, "y1": 1, "x2": 9, "y2": 9, "source": "robot"}]},
    {"create": [{"frame": 3, "x1": 1, "y1": 1, "x2": 9, "y2": 9, "confidence": 1.5}]},
    {"create": [{"frame": 3, "x1": 1, "y1": 1, "x2": 9, "y2": 9, "outside": 1}]},
    {
        "create": [
            {"frame": 3, "x1": 1, "y1": 1, "x2": 9, "y2": 9},
            {"frame": 3, "x1": 1, "y1": 1, "x2": 9, "y2": 9},
        ]
    },
    {"create": [{"frame": 3, "x1": 1e300, "y1": 1, "x2": 9, "y2": 9}]},
    {"create": [{"frame": True, "x1": 1, "y1": 1, "x2": 9, "y2": 9}]},
    {"update": [{"frame": 3, "x1": 1}]},
    {"update": [{"x1": 1}]},
    {"update": [{"frame": 2, "x2": None}]},
    {"update": [{"frame": 2}], "delete": [2]},
    {"delete": [3]},
    {"delete": ["2"]},
    {"delete": [2, 2]},
    {"delete": [2, 6]},
    {"delete": 2},
]
GOOD_PATCHES: list[Any] = [
    {},
    {"update": [{"frame": 2, "outside": True}]},
    {"update": [{"frame": 6, "x1": -5, "x2": 500.5, "confidence": 0.25}], "delete": [2]},
    {"create": [{"frame": 0, "x1": -3.5, "y1": -0.5, "x2": 3, "y2": 1000}], "delete": [2, 6]},
    {"create": [{"frame": 9, "x1": 10, "y1": 10, "x2": 13, "y2": 13, "uncertain": True}]},
]


def patch_cases() -> list[dict[str, Any]]:
    """Malformed and well-formed patches of one small track."""
    track = [Keyframe(2, 10, 10, 30, 30, source="model", confidence=0.9), Keyframe(6, 20, 10, 40, 30)]
    cases = []
    for patch in [*BAD_PATCHES, *GOOD_PATCHES]:

        def act(patch: Any = patch) -> dict[str, Any]:
            return {"after": listed(apply_patch(track, patch, 10, (HEIGHT, WIDTH)))}

        cases.append({"keyframes": listed(track), "n_frames": 10, "patch": patch, **answered(act)})
    return cases


BAD_TRACKS: list[list[Any]] = [
    [{"frame": 5, "x1": 0, "y1": 0, "x2": 9, "y2": 9}, {"frame": 2, "x1": 0, "y1": 0, "x2": 9, "y2": 9}],
    [{"frame": 5, "x1": 0, "y1": 0, "x2": 9, "y2": 9}, {"frame": 5, "x1": 0, "y1": 0, "x2": 9, "y2": 9}],
    [{"frame": 8, "x1": 0, "y1": 0, "x2": 9, "y2": 9}],
    [{"frame": -1, "x1": 0, "y1": 0, "x2": 9, "y2": 9}],
    [{"frame": 1, "x1": 0, "y1": 0, "x2": 9}],
    [{"frame": 1, "x1": None, "y1": 0, "x2": 9, "y2": 9}],
    [{"frame": "1", "x1": 0, "y1": 0, "x2": 9, "y2": 9}],
]


def refused_cases() -> list[dict[str, Any]]:
    """Tracks and frames that cannot be read."""
    good = [{"frame": 1, "x1": 0, "y1": 0, "x2": 9, "y2": 9}]
    asked = [(track, 0, 8) for track in BAD_TRACKS] + [
        (good, 8, 8),
        (good, -1, 8),
        (good, 0.5, 8),
        (good, 0, 0),
    ]
    cases = []
    for track, frame, n_frames in asked:
        try:
            box = track_edits.frame_box_at(track, frame, n_frames)  # type: ignore[arg-type]
        except TrackError as error:
            case = {"keyframes": track, "frame": frame, "n_frames": n_frames, "refused": error.field}
            cases.append(case)
        else:
            raise AssertionError(f"{track} at {frame} of {n_frames} gave {box}")
    return cases


def merge_cases(rng: random.Random) -> list[dict[str, Any]]:
    """Two edits of one base, and the case in which each deletes what the other kept."""
    a, b = random_keyframe(rng, 1), random_keyframe(rng, 4)
    moved = replace(b, x1=b.x1 / 2)
    cases = [merge_case([a, b], [a], [b]), merge_case([a, b], [a], [moved]), merge_case([a, b], [moved], [a])]
    for _ in range(60):
        n_frames = rng.randint(4, 12)
        base = random_track(rng, n_frames)
        cases.append(merge_case(base, edited(rng, base, n_frames), edited(rng, base, n_frames)))
    return cases


def edited(rng: random.Random, track: list[Keyframe], n_frames: int) -> list[Keyframe]:
    """The track with a few keyframes changed, added or gone; never empty."""
    found = {keyframe.frame: keyframe for keyframe in track}
    for _ in range(rng.randint(0, 3)):
        frame = rng.randrange(n_frames)
        if rng.random() < 0.3 and len(found) > 1:
            found.pop(frame, None)
        else:
            found[frame] = random_keyframe(rng, frame)
    return [found[frame] for frame in sorted(found)]


def merge_case(base: list[Keyframe], mine: list[Keyframe], theirs: list[Keyframe]) -> dict[str, Any]:
    """One three-way merge."""
    merged, conflicts = merge_three_way(base, mine, theirs)
    return {
        "base": listed(base),
        "mine": listed(mine),
        "theirs": listed(theirs),
        "merged": listed(merged),
        "conflicts": [conflict.frame for conflict in conflicts],
    }


def gapped_track(rng: random.Random, n_frames: int) -> list[Keyframe]:
    """In view, out of view, in view again."""
    frames = sorted(rng.sample(range(n_frames), 3))
    found = [random_keyframe(rng, frame) for frame in frames]
    return [replace(keyframe, outside=i == 1) for i, keyframe in enumerate(found)]


def statement_cases() -> list[dict[str, Any]]:
    """What is stated of no lesion after a change: with and without a box, before and wanted."""
    out, seen = Keyframe(0, 1, 1, 9, 9, outside=True), Keyframe(3, 1, 1, 9, 9)
    cases = []
    for track in ([], [out], [out, seen], [seen]):
        for before in ("", REASONS[0]):
            for wanted in (None, "", *REASONS, "none"):

                def act(
                    track: Any = track, before: str = before, wanted: str | None = wanted
                ) -> dict[str, Any]:
                    return {"stated": standing_statement(track, before, wanted)}

                case = {"keyframes": listed(track), "before": before, "wanted": wanted}
                cases.append({**case, **answered(act)})
    return cases


def need_cases(rng: random.Random) -> list[dict[str, Any]]:
    """Which frames need a person, with and without confidences and a second track."""
    cases = []
    for i in range(40):
        n_frames = rng.randint(4, 16)
        track = gapped_track(rng, n_frames) if i % 4 == 0 else random_track(rng, n_frames)
        confidences = [rng.choice([None, round(rng.random(), 2)]) for _ in range(n_frames)] if i % 2 else None
        other = random_track(rng, n_frames) if i % 3 == 0 else None
        needs = needs_me(track, n_frames, confidences, other)
        cases.append(
            {
                "keyframes": listed(track),
                "n_frames": n_frames,
                "confidences": confidences,
                "other": None if other is None else listed(other),
                "needs": [[need.frame, need.score, list(need.reasons)] for need in needs],
            }
        )
    return cases


def vectors() -> dict[str, Any]:
    """All cases, the same at every run."""
    rng = random.Random(SEED)
    return {
        "frame_shape": [HEIGHT, WIDTH],
        "boxes": box_cases(rng),
        "refused": refused_cases(),
        "patches": patch_cases(),
        "edits": edit_cases(rng),
        "merges": merge_cases(rng),
        "needs": need_cases(rng),
        "statements": statement_cases(),
    }


def as_text(found: dict[str, Any]) -> str:
    """One case a line, so that a change shows as the cases it changes."""
    lines = []
    for key, value in found.items():
        if key == "frame_shape":
            lines.append(f'"{key}": {json.dumps(value)}')
        else:
            rows = ",\n".join(json.dumps(case, allow_nan=False, separators=(",", ":")) for case in value)
            lines.append(f'"{key}": [\n{rows}\n]')
    return "{\n" + ",\n".join(lines) + "\n}\n"


if __name__ == "__main__":
    TARGET.write_text(as_text(vectors()))
