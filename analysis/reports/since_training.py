"""What is new since an ensemble was trained: patients, labels and features that it has not learned from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from analysis.models import FeatureSet, ModelVersion
from analysis.selectors import index_clips, on_base
from studies.models import Clip, Membership, Patient, Study, Track
from studies.selectors import track_of_record
from studies.services.course_dates import out_of_order
from studies.services.labels_of_record import outcomes_of
from studies.services.recruitment import eligible_patients


@dataclass(frozen=True, slots=True)
class SinceTraining:
    """Patients of the training side against the snapshot of a version; lists of codes, in order.

    new: could be learned from and were not; relabelled: another outcome now; described: other features now;
    lost: were learned from and cannot be any more; waiting: labelled, on no side or without features yet.
    """

    new: tuple[str, ...]
    relabelled: tuple[str, ...]
    described: tuple[str, ...]
    lost: tuple[str, ...]
    waiting: tuple[str, ...]

    @property
    def is_empty(self) -> bool:
        """Whether training again would learn from the same data."""
        return not (self.new or self.relabelled or self.described or self.lost)


@dataclass(frozen=True, slots=True)
class Standing:
    """A patient who is not on the test side, as learning would see them now.

    outcome: None without a final label, while not eligible, or with dates out of order; digest: of the
    features of record, None where they are missing, stale or not compliant; on_side: on the training side.
    """

    pk: UUID
    code: str
    outcome: bool | None
    digest: str | None
    on_side: bool

    @property
    def is_usable(self) -> bool:
        """Whether there is both an outcome and features to learn from."""
        return self.outcome is not None and self.digest is not None


def standings(study: Study) -> list[Standing]:
    """Every patient of the training side and of no side, in order of code. No test patient is read."""
    patients = study.patients.exclude(membership__side__in=Membership.HELD_OUT)
    outcomes = outcomes_of(patients, study.label_rule)
    clips = index_clips(patients)
    allowed = set(eligible_patients(study).values_list("pk", flat=True)) - out_of_order(patients, clips)
    features = _current_features(study, clips)
    return [
        Standing(
            patient.pk,
            patient.code,
            outcomes.get(patient.pk) if patient.pk in allowed else None,
            features.get(patient.pk),
            hasattr(patient, "membership"),
        )
        for patient in patients.select_related("membership").order_by("code")
    ]


def since_training(
    study: Study, version: ModelVersion, found: Sequence[Standing] | None = None
) -> SinceTraining:
    """Compare what is on record now (found, else asked for) with what the version was trained on."""
    learned = version.training_snapshot.get("patients", {})
    lists: dict[str, list[str]] = {name: [] for name in ("new", "relabelled", "described", "lost", "waiting")}
    for standing in standings(study) if found is None else found:
        kind = _kind(learned.get(str(standing.pk)), standing)
        if kind:
            lists[kind].append(standing.code)
    return SinceTraining(**{name: tuple(codes) for name, codes in lists.items()})


def _kind(learned: list[object] | None, now: Standing) -> str | None:
    """Which list a patient belongs to; None: learned from as it is now, or nothing to learn from yet."""
    if learned is None:
        if now.is_usable and now.on_side:
            return "new"
        return "waiting" if now.outcome is not None else None
    if not now.is_usable:
        return "lost"
    if learned[1] != now.outcome:
        return "relabelled"
    return "described" if learned[0] != now.digest else None


def _current_features(study: Study, clips: Mapping[UUID, Clip]) -> dict[UUID, str]:
    """Patient id to the digest of the index clip's features of record, where they comply and are fresh."""
    records = {pk: track for pk, clip in clips.items() if (track := track_of_record(clip))}
    rows = FeatureSet.objects.filter(revision__track__in=[track.pk for track in records.values()])
    newest: dict[object, FeatureSet] = {}
    for row in rows.select_related("revision").defer("dynamic").order_by("revision__number", "created_at"):
        newest[row.revision.track_id] = row
    return {
        pk: newest[track.pk].digest
        for pk, track in records.items()
        if track.pk in newest and _is_usable(newest[track.pk], track, study)
    }


def _is_usable(row: FeatureSet, track: Track, study: Study) -> bool:
    return row.compliant and row.revision.number == track.head and on_base(row, study)


def learnable(study: Study) -> int:
    """Labelled patients who are on no side of the split yet."""
    outside = Patient.objects.filter(study=study, membership__isnull=True)
    return sum(outcome is not None for outcome in outcomes_of(outside, study.label_rule).values())
