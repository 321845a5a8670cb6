"""What of a held-out side was judged, as digests, and which of it was edited after a look (HONESTY G7).

A look stores, for every patient of the test side or of the temporal test, one digest of the boxes of record,
one of the HER2 label of record and one of the clinical values that the classifiers read. Whatever differs
from them later was edited after somebody had seen how the model did: the evaluation no longer counts. Who
joins the temporal test after a look was not judged by it, and is no edit.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

from django.db.models import F

from analysis.models import Evaluation, ModelVersion
from analysis.selectors import index_clips
from studies.models import Clip, Membership, Patient, Revision, Study
from studies.rules.tracks import boxes as frame_boxes
from studies.selectors import track_of_record
from studies.services.labels_of_record import label_of_record, outcome_of

BOXES, LABEL, CLINICAL = PARTS = ("boxes", "label", "clinical")
CLINICAL_FIELDS = ("age_years", "size_cm", "menopause", "c_t", "c_n", "c_tnm")
NOTHING = ""
Inputs = Mapping[str, Mapping[str, str]]
"""Patient id to digest of each part; empty where there is no such thing."""


@dataclass(frozen=True, slots=True)
class Edited:
    """One part of one judged patient that changed; before: number of the next look, None: none yet."""

    code: str
    part: str
    after: int
    before: int | None


@dataclass(frozen=True, slots=True)
class JudgedInputs:
    """Edits since the first look that stored digests; known: whether the evaluation itself stored them."""

    edits: tuple[Edited, ...] = ()
    known: bool = True

    @property
    def is_valid(self) -> bool:
        """Whether what was judged is as it was when somebody first looked at it."""
        return not self.edits


def inputs_now(study: Study, side: str = Membership.Side.TEST) -> dict[str, dict[str, str]]:
    """Digests of what there is of every patient of a side now, judged or not, in a constant number of
    queries."""
    patients = study.patients.filter(membership__side=side)
    clips = index_clips(patients)
    tracks = {pk: track for pk, clip in clips.items() if (track := track_of_record(clip)) and track.head}
    heads = {
        row.track_id: row
        for row in Revision.objects.filter(
            track__in=[track.pk for track in tracks.values()], number=F("track__head")
        )
    }
    return {
        str(patient.pk): {
            BOXES: _boxes(clips[patient.pk], heads[tracks[patient.pk].pk])
            if patient.pk in tracks
            else NOTHING,
            LABEL: _label(patient, study),
            CLINICAL: _clinical(patient),
        }
        for patient in patients.select_related("clinical").prefetch_related("specimens__labels")
    }


def judged_inputs(version: ModelVersion | None, cohort: str = Evaluation.Cohort.TEST) -> JudgedInputs:
    """Edits that the newest evaluation of a version on a held-out side cannot have known or was led by."""
    if version is None or version.study is None:
        return JudgedInputs()
    rows = version.evaluations.filter(cohort=cohort).select_related("look", "version__study")
    newest = rows.order_by("-look__number").first()
    return JudgedInputs() if newest is None else evaluation_inputs(newest)


def evaluation_inputs(evaluation: Evaluation) -> JudgedInputs:
    """The same of one evaluation; nothing is asked of one of the training side."""
    study, look = evaluation.version.study, evaluation.look
    if study is None or look is None:
        return JudgedInputs()
    rows = Evaluation.objects.filter(
        version__study=study, cohort=evaluation.cohort, look__number__lte=look.number
    )
    stored = rows.order_by("look__number").values_list("look__number", "inputs")
    states = [(number, inputs) for number, inputs in stored if inputs]
    if not states:
        return JudgedInputs(known=False)
    names = {str(pk): code for pk, code in study.patients.values_list("pk", "code")}
    steps = [*pairwise(states), (states[-1], (None, inputs_now(study, look.side)))]
    found = [edit for before, after in steps for edit in _edits(before, after, names)]
    return JudgedInputs(tuple(found), bool(evaluation.inputs))


def _edits(
    before: tuple[int, Inputs], after: tuple[int | None, Inputs], names: Mapping[str, str]
) -> Iterator[Edited]:
    """What of the first state differs in the second, by code and part; whoever is missing has nothing."""
    for pk in sorted(before[1], key=lambda key: names.get(key, key)):
        old, new = before[1].get(pk, {}), after[1].get(pk, {})
        for part in PARTS:
            if old.get(part, NOTHING) != new.get(part, NOTHING):
                yield Edited(names.get(pk, pk), part, before[0], after[0])


def _boxes(clip: Clip, head: Revision) -> str:
    """Cine and boxes of record, frame by frame; not who drew them, nor when they were signed."""
    found = frame_boxes(head.keyframes, clip.n_frames)
    boxes = [None if one is None else [round(float(side), 6) for side in one.box] for one in found]
    return _digest([str(clip.pk), clip.pack_sha256, boxes, sorted(map(int, head.excluded_frames))])


def _label(patient: Patient, study: Study) -> str:
    """What the reading of record says, and what the study's rule makes of it."""
    label = label_of_record(patient)
    if label is None:
        return NOTHING
    outcome = outcome_of(label, study.label_rule)
    return _digest([label.call, label.category, label.paper_label, label.inputs_hash, outcome])


def _clinical(patient: Patient) -> str:
    """The variables that the classifiers read."""
    record = getattr(patient, "clinical", None)
    if record is None:
        return NOTHING
    values = [getattr(record, name) for name in CLINICAL_FIELDS]
    return _digest([value if isinstance(value, str) else value and float(value) for value in values])


def _digest(value: object) -> str:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
