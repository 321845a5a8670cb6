"""Two readers of the same cines: the scores that each reader's signed boxes give (HONESTY D.6 item 10)."""

from collections import defaultdict
from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np

from analysis.pipeline.errors import InvalidInputError
from analysis.pipeline.kernels.reader_study import reader_study
from analysis.pipeline.sensitivity import intraclass
from analysis.pipeline.variants import APPLIED, applied_scores, judge_scores, with_holm
from analysis.runners.bench import StudyBench
from analysis.runners.boxes import head_of
from analysis.runners.cohort import Case
from analysis.runners.described_otherwise import Otherwise
from studies.models import Revision, Track

Found = dict[str, Any]
Signed = dict[int, dict[int, Revision]]

LEAST_PER_CLASS = 2
TOO_FEW = (
    "Two readers must have signed the cines of at least {least} HER2-positive and {least} HER2-negative "
    "training patients; the best pair has {events} and {others}. Ask for two readers a clip in the study's "
    "settings and let both sign."
)
NAMES = ("reader 1", "reader 2")


def readers(bench: StudyBench) -> Found:
    """Obuchowski and Rockette's analysis of the pair of readers who signed most patients together."""
    signed = signed_by_reader(bench.cases)
    labels = bench.ensemble.training.labels
    pair, rows = best_pair(signed)
    events = int(labels[rows].sum())
    if min(events, len(rows) - events) < LEAST_PER_CLASS:
        others = len(rows) - events
        raise InvalidInputError(TOO_FEW.format(least=LEAST_PER_CLASS, events=events, others=others))
    record = bench.record()
    scores: dict[str, dict[str, np.ndarray]] = defaultdict(dict)
    for name, reader in zip(NAMES, pair, strict=True):
        revisions = [signed[reader].get(row) if row in rows else None for row in range(len(bench.cases))]
        features, _ = bench.describe(Otherwise("boxes", bench.base), revisions)
        for model, found in applied_scores(record, features).items():
            scores[model][name] = found
    kept = np.flatnonzero(np.isfinite([scores[bench.chosen][name] for name in NAMES]).all(axis=0))
    video = next(model for model in scores if model.startswith("video"))
    crossed = {model: {name: scores[model][name][kept] for name in NAMES} for model in (bench.chosen, video)}
    both = np.stack([crossed[bench.chosen][name] for name in NAMES], axis=1)
    agreement, _ = intraclass(both[:, :, np.newaxis])
    reports = [
        judge_scores(record, name, APPLIED, scores[bench.chosen][name], record.cutoff) for name in NAMES
    ]
    called = both >= record.cutoff
    return {
        "n": int(kept.size),
        "events": int(labels[kept].sum()),
        "study": reader_study(labels[kept], crossed),
        "agreement": float(agreement[0]),
        "calls_differ": int((called[:, 0] != called[:, 1]).sum()),
        "rows": with_holm(reports),
        "n_readers": len(signed),
        "left_out": len(bench.cases) - int(kept.size),
    }


def signed_by_reader(cases: Sequence[Case]) -> Signed:
    """Reader to patient's place to the newest revision of the reader's signed track of the index clip.

    A reader who states that no lesion is seen gives no score there.
    """
    found: Signed = defaultdict(dict)
    for place, case in enumerate(cases):
        number = case.features.revision.track.number
        tracks = case.features.clip.tracks.filter(
            source=Track.Source.READER,
            status=Track.Status.SIGNED,
            is_deleted=False,
            number=number,
            no_lesion="",
        )
        for track in tracks:
            found[track.reader_id][place] = head_of(track)  # type: ignore[index]
    return found


def best_pair(signed: Signed) -> tuple[tuple[int, int], list[int]]:
    """The two readers who signed most patients in common, and these patients' places."""
    pairs = {
        pair: sorted(signed[pair[0]].keys() & signed[pair[1]].keys())
        for pair in combinations(sorted(signed), 2)
    }
    if not pairs:
        return (0, 0), []
    best = max(pairs, key=lambda pair: len(pairs[pair]))
    return best, pairs[best]
