"""The demonstration's screening: everybody with a cine is in, every kind of reason keeps somebody out."""

import pytest

from her2web.demonstration_screening import NOT_INCLUDED, screening_ensure
from studies.models import AuditEvent, Screening
from studies.rules.eligibility import CODES
from studies.services.recruitment import flow_of
from tests.factories import make_clip, make_patient, make_person, make_site, make_study
from tests.studies.services.test_screening import COMPLETE

pytestmark = pytest.mark.django_db


def test_the_flow_of_the_demonstration_has_something_in_every_part():
    study = make_study()
    site = make_site(study)
    make_site(study)
    coordinator = make_person(study, "coordinator")
    for number in range(4):
        make_clip(make_patient(site, f"P{number}", **COMPLETE))
    users = {"coordinator": coordinator}
    undecided = NOT_INCLUDED.count(None)
    assert screening_ensure(study, users) == 4 + len(NOT_INCLUDED) - undecided
    boxes = {box.key: box.count for box in flow_of(study, viewer=coordinator)}
    assert boxes["included"] == 4
    assert boxes["undecided"] == undecided
    assert boxes["excluded"] == len(NOT_INCLUDED) - undecided
    reasons = {code for row in Screening.objects.all() for code in row.reasons}
    assert reasons >= {code for code in CODES if code.startswith("exclusion")}
    events = AuditEvent.objects.count()
    assert screening_ensure(study, users) == 0
    assert AuditEvent.objects.count() == events
