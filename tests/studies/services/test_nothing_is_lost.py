"""No sequence of edits loses an earlier value: each can be read back from the audit trail, in its order.

What the engine concludes is not watched: it follows from the values entered and the version of the engine.
"""

import json
from collections import defaultdict
from itertools import pairwise

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from studies.errors import StudiesError
from studies.models import AuditEvent, ClinicalRecord, CriterionRow, Label, Screening
from studies.services.audit import audit_verify
from studies.services.cohort import clinical_save
from studies.services.pathology import label_save
from studies.services.screening import criterion_decide, screening_save
from studies.services.signing import label_amend, label_lock
from tests.factories import make_clip, make_patient, make_person, make_site, make_specimen, make_study

pytestmark = pytest.mark.django_db
CLINICAL = st.fixed_dictionaries(
    {},
    optional={
        "age_years": st.none() | st.integers(26, 83),
        "c_t": st.none() | st.integers(0, 4),
        "c_tnm": st.sampled_from(["", "IA", "IIB", "IIIC"]),
        "histology": st.sampled_from(["", "ductal", "浸润性导管癌"]),
        "grade": st.none() | st.integers(1, 3),
    },
)
READING = st.fixed_dictionaries(
    {"ihc_score": st.sampled_from(["0", "1+", "2+", "3+"])},
    optional={
        "ihc_percent": st.none() | st.integers(0, 100).map(float),
        "probe": st.sampled_from(["", "dual"]),
        "ratio": st.none() | st.sampled_from([0.8, 1.99, 2.0, 6.5]),
        "comment": st.sampled_from(["", "Slide 2."]),
    },
)
FACTS = st.fixed_dictionaries(
    {}, optional={name: st.none() | st.booleans() for name in ("multifocal", "mass", "biopsied")}
)
ACTS = st.lists(
    st.one_of(
        st.tuples(st.just("clinical"), CLINICAL),
        st.tuples(st.just("reading"), READING),
        st.tuples(st.just("lock"), st.just({})),
        st.tuples(st.just("amend"), st.just({})),
        st.tuples(st.just("screen"), FACTS),
        st.tuples(st.just("decide"), st.sampled_from(["met", "not met", "not recorded"])),
    ),
    min_size=3,
    max_size=12,
)
WATCHED = {
    ClinicalRecord: ("age_years", "c_t", "c_tnm", "histology", "grade"),
    Label: ("ihc_score", "ihc_percent", "probe", "ratio", "comment", "status"),
    Screening: ("multifocal", "mass", "biopsied", "decision"),
}


class Case:
    """One patient, and what stood in each watched field, in the order in which it did."""

    def __init__(self) -> None:
        study = make_study()
        self.coordinator = make_person(study, "coordinator")
        self.pathologist = make_person(study, "pathologist")
        self.patient = make_patient(make_site(study))
        make_clip(self.patient)
        self.specimen = make_specimen(self.patient, "excision")
        self.stood: dict[tuple[str, str], list[object]] = defaultdict(list)
        self.rows: dict[object, tuple[object, ...]] = {}
        self.note()

    def act(self, name: str, values: object) -> None:
        """Do it as its page would; what a rule refuses changes nothing."""
        reading = {"actor": self.pathologist}
        try:
            if name == "clinical":
                clinical_save(actor=self.coordinator, patient=self.patient, values=values)
            elif name == "reading":
                label_save(**reading, specimen=self.specimen, values=values)
            elif name == "lock" and (label := Label.objects.filter(specimen=self.specimen).first()):
                label_lock(**reading, label=label)
            elif name == "amend" and (label := Label.objects.filter(specimen=self.specimen).first()):
                label_amend(**reading, label=label, reason="wrong slide")
            elif name == "screen":
                screening_save(actor=self.coordinator, patient=self.patient, values=values, note="List.")
            elif name == "decide":
                options = {"criterion": "exclusion_d", "verdict": values, "note": "MRI."}
                criterion_decide(actor=self.coordinator, patient=self.patient, **options)
        except StudiesError:
            pass
        self.note()

    def note(self) -> None:
        """Write down what stands now where it is another value than before."""
        for kind, names in WATCHED.items():
            where = {"specimen": self.specimen} if kind is Label else {"patient": self.patient}
            row = kind.objects.filter(**where).first()
            for name in names if row else ():
                values, now = self.stood[str(row.pk), name], plain(getattr(row, name))
                if not values or values[-1] != now:
                    values.append(now)
        for row in CriterionRow.objects.filter(patient=self.patient):
            content = (row.criterion, row.number, row.verdict, row.basis, row.note, str(row.evidence))
            assert self.rows.setdefault(row.pk, content) == content, "a row of the screening changed"
        assert CriterionRow.objects.filter(patient=self.patient).count() == len(self.rows), "a row is gone"


def plain(value: object) -> object:
    """As the audit trail writes it."""
    return json.loads(json.dumps(value, default=str))


def told(object_id: str, name: str) -> list[object]:
    """What the trail says stood in a field: the first old value, then each other one."""
    events = AuditEvent.objects.filter(object_id=object_id).order_by("sequence")
    pairs = [event.changes[name] for event in events if name in event.changes]
    for (_old, new), (old, _new) in pairwise(pairs):
        assert old == new, f"{name}: the trail has a hole between {new!r} and {old!r}"
    stood = [pair[0] for pair in pairs[:1]] + [pair[1] for pair in pairs]
    return [value for place, value in enumerate(stood) if place == 0 or stood[place - 1] != value]


@settings(max_examples=15, deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(ACTS)
def test_whatever_is_edited_every_earlier_value_can_be_read_back(acts):
    case = Case()
    for name, values in acts:
        case.act(name, values)
    for (object_id, name), stood in case.stood.items():
        trail = told(object_id, name)
        if len(stood) > 1 or trail:
            assert trail[-len(stood) :] == stood, (name, stood, trail)
    assert audit_verify().broken is None
