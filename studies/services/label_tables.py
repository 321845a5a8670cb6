"""What the labels of a study come to: both rules compared, core against excision, reader against reader."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import chain
from uuid import UUID

from django.contrib.auth.models import User
from django.db.models import QuerySet

from studies.models import Label, Patient, Specimen, Study
from studies.rules.concordance import Kappa, Weights, cohen_kappa
from studies.rules.her2_labels import PAPER_CASES, CrossTab, PaperCase, cross_tab, paper_case
from studies.rules.her2_types import IHC_SCORES, Call, Category, PaperLabel
from studies.selectors import labelled_patients_in_reach, patients_for
from studies.services.bulk import collector_paused
from studies.services.labels_of_record import record_among
from studies.services.readings import Readings, visible_readings

Begun = dict[str, list[Readings]]
"""Kind of specimen to its begun readings."""
READ = (
    "role", "status", "call", "paper_label", "category", "ihc_score", "ish_group", "probe", "reader_id",
    "locked_at", "specimen__kind", "specimen__number", "specimen__patient__code",
    "specimen__patient__site_id", "specimen__patient__study_id",
)  # fmt: skip
"""What the tables need of a reading."""
ORDER = ("specimen__patient__code", "specimen__number")
DECIDED = (str(Call.POSITIVE), str(Call.NEGATIVE))
CALL_ORDER = tuple(map(str, (*PaperLabel, *Call)))


@dataclass(frozen=True)
class Agreement:
    """A table of pairs, its kappa over `words` alone, and the patients whose pair differs."""

    table: CrossTab
    kappa: Kappa
    words: tuple[str, ...]
    left_out: int
    differing: tuple[Patient, ...]


@dataclass(frozen=True)
class CaseRow:
    """One of the cases T1 to T10 with the specimens that are such a case."""

    case: PaperCase
    specimens: tuple[Specimen, ...]


@dataclass(frozen=True)
class LabelTables:
    """All tables of one study, as far as the viewer may see labels."""

    n_patients: int
    n_of_record: int
    n_hidden: int
    rules: CrossTab
    cases: tuple[CaseRow, ...]
    n_other: int
    categories: tuple[tuple[str, int], ...]
    kinds: Agreement
    kinds_ihc: Agreement
    readers: Agreement
    readers_ihc: Agreement


@dataclass
class _Pairs:
    """Pairs of labels on their way into an Agreement."""

    calls: list[tuple[str, str]] = field(default_factory=list)
    scores: list[tuple[str, str]] = field(default_factory=list)
    patients: list[Patient] = field(default_factory=list)

    def add(self, patient: Patient, a: Label, b: Label) -> None:
        self.calls.append((a.call, b.call))
        self.scores.append((a.ihc_score, b.ihc_score))
        self.patients.append(patient)

    def of_calls(self) -> Agreement:
        return _agreement(self.calls, self.patients, DECIDED, CALL_ORDER)

    def of_scores(self) -> Agreement:
        return _agreement(self.scores, self.patients, IHC_SCORES, IHC_SCORES, "quadratic")


@collector_paused()
def label_tables_of(study: Study, *, viewer: User) -> LabelTables:
    """Count; patients whose labels the viewer may not see (a sealed test side) are counted as hidden."""
    everybody = patients_for(study, viewer=viewer)
    seen = everybody.filter(pk__in=labelled_patients_in_reach(viewer=viewer).values("pk"))
    patients = _begun(study, seen)
    records = [label for label in map(record_among, patients.values()) if label is not None]
    kinds, readers, cases = _Pairs(), _Pairs(), Counter[str]()
    by_case: dict[str, list[Specimen]] = {case.code: [] for case in PAPER_CASES}
    for patient, begun in patients.items():
        _add_kinds(kinds, patient, begun)
        for readings in chain.from_iterable(begun.values()):
            if len(readings.pair) == 2 and readings.is_complete:
                readers.add(patient, *readings.pair)
            code = _case_of(readings, viewer)
            if code in by_case:
                by_case[code].append(readings.specimen)
            elif code:
                cases[code] += 1
    n_patients = seen.count()
    negative = Counter(label.category for label in records if label.call == Call.NEGATIVE)
    return LabelTables(
        n_patients=n_patients,
        n_of_record=len(records),
        n_hidden=everybody.count() - n_patients,
        rules=cross_tab(((label.paper_label, label.call) for label in records), CALL_ORDER),
        cases=tuple(CaseRow(case, tuple(by_case[case.code])) for case in PAPER_CASES),
        n_other=cases["other"],
        categories=tuple((str(word), negative[word]) for word in Category if negative[word]),
        kinds=kinds.of_calls(),
        kinds_ihc=kinds.of_scores(),
        readers=readers.of_calls(),
        readers_ihc=readers.of_scores(),
    )


def _begun(study: Study, seen: QuerySet[Patient]) -> dict[Patient, Begun]:
    """Patients with the begun readings of each kind of specimen, in one query for all of them."""
    sites = {site.pk: site for site in study.sites.all()}
    labels = Label.objects.filter(specimen__patient__in=seen.order_by().values("pk"))
    by_specimen: dict[UUID, dict[str, Label]] = {}
    for label in labels.select_related("specimen__patient").only(*READ).order_by(*ORDER):
        by_specimen.setdefault(label.specimen_id, {})[label.role] = label
    found: dict[Patient, Begun] = {}
    for roles in by_specimen.values():
        specimen = next(iter(roles.values())).specimen
        specimen.patient.study, specimen.patient.site = study, sites[specimen.patient.site_id]
        readings = Readings(specimen, *map(roles.get, Label.Role.values), study.readers_per_specimen)
        if readings.first or readings.adjudicated:
            found.setdefault(specimen.patient, {}).setdefault(specimen.kind, []).append(readings)
    return found


def _add_kinds(pairs: _Pairs, patient: Patient, begun: Begun) -> None:
    """The patient's core and excision, where each kind has one agreed reading of record."""
    core, excision = (
        record_among({kind: begun.get(kind, [])}) for kind in (Specimen.Kind.CORE, Specimen.Kind.EXCISION)
    )
    if core is not None and excision is not None:
        pairs.add(patient, core, excision)


def _case_of(readings: Readings, viewer: User) -> str | None:
    """The case of the reading of record, else of an open first one that the viewer may see; "other": none."""
    label = readings.of_record
    if label is None:
        seen = visible_readings(readings, viewer)
        label = readings.first if readings.first in seen and not readings.disagree else None
    if label is None or not label.ihc_score:
        return None
    found = paper_case(
        ihc_score=label.ihc_score,
        has_ish=bool(label.probe),
        ish_group=label.ish_group,
        call=label.call,
        category=label.category,
    )
    return found or "other"


def _agreement(
    pairs: Sequence[tuple[str, str]],
    patients: Iterable[Patient],
    words: Sequence[str],
    order: Sequence[str],
    weights: Weights = "none",
) -> Agreement:
    usable = [pair for pair in pairs if set(pair) <= set(words)]
    return Agreement(
        table=cross_tab(pairs, order),
        kappa=cohen_kappa(Counter(usable), words, weights),
        words=tuple(words),
        left_out=len(pairs) - len(usable),
        differing=tuple(patient for pair, patient in zip(pairs, patients, strict=True) if len(set(pair)) > 1),
    )
