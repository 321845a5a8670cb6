"""The versions of a study's ensembles or detectors: who trained what when on what, and what became of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Prefetch
from django.utils.translation import gettext as _

from analysis.models import Evaluation, ModelVersion, Promotion
from analysis.reports.fusion_words import fusion_rule
from analysis.reports.model_tables import model_name
from analysis.reports.tables import Cell
from analysis.selectors import model_versions_for
from studies.models import AuditEvent, Membership, Study

RECORD, CANDIDATE, RETIRED, ROLLED_BACK = "record", "candidate", "retired", "rolled_back"
STYLES = {RECORD: "status-ok", CANDIDATE: "status-wait", RETIRED: "status-wait", ROLLED_BACK: "status-warn"}
GO_BACK = "model.go_back"


@dataclass(frozen=True, slots=True)
class SnapshotDifference:
    """Patients of two training snapshots, by id: only in the second, only in the first, changed in both."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    relabelled: tuple[str, ...]
    described: tuple[str, ...]
    same: int

    @property
    def is_empty(self) -> bool:
        """Whether both learned from the same patients, outcomes and features."""
        return not (self.added or self.removed or self.relabelled or self.described)


@dataclass(frozen=True, slots=True)
class VersionRow:
    """One version as a page shows it.

    out_of_fold, test, temporal: AUC of the chosen model with its interval; looks: numbers of the looks that
    judged it;
    difference: against the version trained before it, None for the first.
    """

    version: ModelVersion
    name: str
    state: str
    trained_by: str
    seconds: int | None
    effort: str
    n: int
    positive: int | None
    negative: int | None
    out_of_fold: Cell
    test: Cell
    looks: tuple[int, ...]
    temporal: Cell
    temporal_looks: tuple[int, ...]
    difference: SnapshotDifference | None

    @property
    def state_words(self) -> str:
        """The state in the language of the page."""
        return state_words()[self.state]

    @property
    def style(self) -> str:
        """The class that gives the state its shape and colour."""
        return STYLES[self.state]

    @property
    def seed(self) -> object:
        """The seed of folds, bootstraps and classifiers, of a detector's last stage; None where unknown."""
        parameters = self.version.parameters
        stages = parameters.get("recipe", {}).get("stages") or [{}]
        return parameters.get("seed", stages[-1].get("options", {}).get("seed"))

    @property
    def fusion(self) -> str:
        """How an ensemble fuses its two branches, in words; empty for a detector."""
        return fusion_rule(self.version.parameters.get("fusion", ""))

    @property
    def code(self) -> str:
        """Digest of the program's own code at the training; empty for versions from before it was stored."""
        return str(self.version.summary.get("code", ""))


@dataclass(frozen=True, slots=True)
class RecordChange:
    """One change of what is of record: when, who, why; numbers are None for the shipped detector or none."""

    at: datetime
    actor: str
    number: int | None
    replaced: int | None
    reason: str


def state_words() -> dict[str, str]:
    """What can become of a version, in words."""
    return {
        RECORD: _("of record"),
        CANDIDATE: _("candidate"),
        RETIRED: _("retired"),
        ROLLED_BACK: _("rolled back"),
    }


def version_rows(study: Study, kind: str, *, viewer: User) -> list[VersionRow]:
    """Versions of one kind, newest first."""
    light = Evaluation.objects.defer("predictions").select_related("look")
    versions = (
        model_versions_for(study, viewer=viewer)
        .filter(kind=kind)
        .select_related("job__started_by")
        .prefetch_related(None)
        .prefetch_related(Prefetch("evaluations", queryset=light))
        .order_by("number")
    )
    states = _states(study, kind)
    rows: list[VersionRow] = []
    for version in versions:
        rows.append(_row(version, states, rows[-1].version if rows else None))
    return rows[::-1]


def record_changes(study: Study, kind: str, *, viewer: User) -> list[RecordChange]:
    """Every change of what is of record, newest first."""
    known = model_versions_for(study, viewer=viewer).filter(kind=kind)
    promotions = Promotion.objects.filter(version__in=known).select_related("version", "replaced", "actor")
    found = [
        RecordChange(
            row.created_at,
            _name(row.actor),
            row.version.number,
            row.replaced.number if row.replaced else None,
            row.reason,
        )
        for row in promotions
    ]
    if kind == ModelVersion.Kind.DETECTOR:
        numbers = {str(version.pk): version.number for version in known}
        events = AuditEvent.objects.filter(study=study, action=GO_BACK, object_id__in=numbers)
        found += [
            RecordChange(event.at, _name(event.actor), None, numbers[event.object_id], event.reason)
            for event in events.select_related("actor")
        ]
    return sorted(found, key=lambda change: change.at, reverse=True)


def snapshot_difference(first: Mapping[str, Any], second: Mapping[str, Any]) -> SnapshotDifference:
    """Compare two training snapshots; the second is the newer one."""
    a, b = first.get("patients", {}), second.get("patients", {})
    both = [pk for pk in b if pk in a]
    relabelled = tuple(pk for pk in both if a[pk][1] != b[pk][1])
    described = tuple(pk for pk in both if a[pk][1] == b[pk][1] and a[pk][0] != b[pk][0])
    return SnapshotDifference(
        added=tuple(pk for pk in b if pk not in a),
        removed=tuple(pk for pk in a if pk not in b),
        relabelled=relabelled,
        described=described,
        same=len(both) - len(relabelled) - len(described),
    )


def evaluation_of(version: ModelVersion, cohort: str) -> Evaluation | None:
    """The newest stored evaluation of one side, from the prefetched rows."""
    rows = [row for row in version.evaluations.all() if row.cohort == cohort]
    return max(rows, key=lambda row: row.created_at, default=None)


def figures_of(version: ModelVersion, cohort: str) -> dict[str, Any] | None:
    """Stored figures of the chosen model on one side; None where it was not judged there."""
    row = evaluation_of(version, cohort)
    if row is None:
        return None
    found: dict[str, Any] | None = row.results["evaluations"].get(version.summary.get("chosen", ""))
    return found


def area_cell(figures: Mapping[str, Any] | None) -> Cell:
    """AUC with its DeLong interval; a dash where there are no figures."""
    if figures is None:
        return Cell(None)
    return Cell(figures["auc"], figures["auc_low"], figures["auc_high"], "", "DeLong", 3)


def _row(version: ModelVersion, states: Mapping[object, str], before: ModelVersion | None) -> VersionRow:
    job, oof = version.job, evaluation_of(version, Evaluation.Cohort.OUT_OF_FOLD)
    looks, temporal_looks = (
        sorted({row.look.number for row in version.evaluations.all() if row.look and row.look.side == side})
        for side in (Membership.Side.TEST, Membership.Side.TEMPORAL)
    )
    has_patients = "patients" in version.training_snapshot
    return VersionRow(
        version=version,
        name=model_name(version.name),
        state=states.get(version.pk, CANDIDATE),
        trained_by=_name(job.started_by) if job else "",
        seconds=job.seconds_taken if job else None,
        effort=job.parameters.get("effort", "") if job else "",
        n=version.summary.get("n_training", 0),
        positive=oof.n_positive if oof else None,
        negative=oof.n_negative if oof else None,
        out_of_fold=area_cell(figures_of(version, Evaluation.Cohort.OUT_OF_FOLD)),
        test=area_cell(figures_of(version, Evaluation.Cohort.TEST)),
        looks=tuple(looks),
        temporal=area_cell(figures_of(version, Evaluation.Cohort.TEMPORAL)),
        temporal_looks=tuple(temporal_looks),
        difference=snapshot_difference(before.training_snapshot, version.training_snapshot)
        if before is not None and has_patients
        else None,
    )


def _name(user: User | None) -> str:
    return user.get_username() if user else ""


def _states(study: Study, kind: str) -> dict[object, str]:
    """Version id to state; versions that were never of record are absent."""
    changes = Promotion.objects.filter(version__study=study, version__kind=kind).order_by("created_at")
    rows = list(changes.select_related("version", "replaced"))
    active = set(
        ModelVersion.objects.filter(study=study, kind=kind, is_active=True).values_list("pk", flat=True)
    )
    return {
        row.version_id: RECORD if row.version_id in active else _state_after(row.version, rows)
        for row in rows
    } | dict.fromkeys(active, RECORD)


def _state_after(version: ModelVersion, rows: Sequence[Promotion]) -> str:
    """What became of a version that is of record no more: a newer one came, or an earlier one came back."""
    replaced_by = [row.version.number for row in rows if row.replaced_id == version.pk]
    return RETIRED if replaced_by and replaced_by[-1] > version.number else ROLLED_BACK
