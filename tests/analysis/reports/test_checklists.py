"""Checklists: every item is there once and answered, and the answers follow the rows."""

import re

import pytest
from django.utils import translation

from analysis.models import Statement
from analysis.reports.document.checklist_claim import CLAIM
from analysis.reports.document.checklist_stard import STARD
from analysis.reports.document.checklist_tripod import TRIPOD
from analysis.reports.document.checklists import checklists_of, findings_of
from analysis.reports.document.evidence_data import DATA_TOPICS
from analysis.reports.document.evidence_model import MODEL_TOPICS
from analysis.reports.document.findings import State, together
from analysis.reports.document.gather import gather
from analysis.services.reports import statement_save
from studies.models import RoleGrant, Study
from tests.analysis.reports.reported_study import reported_study
from tests.factories import make_study

pytestmark = pytest.mark.django_db

OF_THE_REPORT = {"title", "limits", "software", "outputs", "missing", "input_quality", "indeterminate"}
"""Topics that the report itself or the program fulfils, whatever a study holds."""


@pytest.fixture
def reported():
    return reported_study()


def found(study: Study, topic: str) -> State:
    return findings_of(gather(Study.objects.get(pk=study.pk)).facts)[topic].state


@pytest.mark.parametrize(("items", "numbers"), [(TRIPOD, 52), (CLAIM, 44), (STARD, 48)])
def test_each_checklist_is_whole(items, numbers):
    assert len({item.number for item in items}) == len(items) == numbers
    main = {int(re.match(r"\d+", item.number)[0]) for item in items}
    assert main == set(range(1, max(main) + 1))


def test_every_topic_of_every_item_is_answered_in_both_languages(reported):
    facts = gather(reported.study).facts
    texts = {}
    for language in ("en", "zh-hans"):
        with translation.override(language):
            lists = checklists_of(facts)
        assert [len(checklist.items) for checklist in lists] == [52, 44, 48]
        texts[language] = [finding.text for c in lists for item in c.items for finding in item.findings]
    assert all(texts["en"])
    assert not any(re.search("[\u4e00-\u9fff]", text) for text in texts["en"])
    assert all(re.search("[\u4e00-\u9fff]", text) for text in texts["zh-hans"])


def test_nothing_is_met_in_an_empty_study_but_what_the_report_itself_does():
    findings = findings_of(gather(make_study()).facts)
    met = {topic for topic, finding in findings.items() if finding.state in (State.MET, State.STATED)}
    assert met == OF_THE_REPORT


def test_a_finished_study_meets_more_and_lists_what_is_unmet(reported):
    counts = checklists_of(gather(reported.study).facts)[0].counts
    assert counts["met"] > 15
    assert counts["unmet"] > 10  # nobody stated ethics, funding…
    assert sum(counts.values()) == 52


COMPUTED = set(DATA_TOPICS) | set(MODEL_TOPICS)


@pytest.mark.parametrize("topic", sorted(set(Statement.Topic.values) - COMPUTED))
def test_what_no_row_can_tell_is_unmet_until_the_team_states_it(reported, topic):
    state = found(reported.study, topic)
    assert state is State.UNMET
    statement_save(actor=reported.people["coordinator"], study=reported.study, topic=topic, text="So it was.")
    assert found(reported.study, topic) is State.STATED


@pytest.mark.parametrize(
    ("topic", "statement"),
    [
        ("treatments", "treatments"),
        ("sample_size", "sample_size"),
        ("data_source", "recruitment"),
        ("centres", "setting"),
        ("model_given", "code_sharing"),
        ("represents", "representativeness"),
    ],
)
def test_evidence_that_needs_the_team_is_partly_met_without_it(reported, topic, statement):
    assert found(reported.study, topic) is State.PARTLY
    statement_save(actor=reported.people["coordinator"], study=reported.study, topic=statement, text="So.")
    assert found(reported.study, topic) in (State.MET, State.STATED, State.PARTLY)
    assert "Not stated" not in findings_of(gather(reported.study).facts)[topic].text


def test_blinding_of_the_reference_follows_the_grants(reported):
    assert found(reported.study, "outcome_blinded") is State.MET
    RoleGrant.objects.create(user=reported.people["pathologist"], role="administrator", study=reported.study)
    assert found(reported.study, "outcome_blinded") is State.PARTLY
    label = reported.patients[-1].specimens.get().labels.get()
    label.locked_at = reported.version.predictions.latest("created_at").created_at.replace(year=2099)
    label.save()
    assert found(reported.study, "outcome_blinded") is State.UNMET


def test_the_split_follows_the_seal(reported):
    assert found(reported.study, "split") is State.MET
    Study.objects.filter(pk=reported.study.pk).update(seal_hash="0" * 64)
    assert found(reported.study, "split") is State.UNMET


def test_linked_patients_on_both_sides_break_the_level_of_the_split(reported):
    assert found(reported.study, "level") is State.MET
    first, last = (reported.patients[i].exams.get().clips.get() for i in (0, -1))
    last.source_sha256 = first.source_sha256
    last.save()
    assert found(reported.study, "level") is State.UNMET


def test_performance_needs_a_look():
    unlooked = reported_study(look=False)
    assert found(unlooked.study, "performance") is State.PARTLY
    assert found(unlooked.study, "crosstab") is State.UNMET


def test_the_same_centres_are_no_external_data_and_other_centres_are(reported):
    assert found(reported.study, "external") is State.UNMET
    for patient in reported.patients:
        side = patient.membership.side
        patient.site = reported.sites[0 if side == "training" else 1]
        patient.save()
    assert found(reported.study, "external") is State.MET


def test_half_known_devices_are_partly_met(reported):
    assert found(reported.study, "devices") is State.PARTLY


def test_a_further_analysis_fills_its_items(reported):
    assert found(reported.study, "subgroups") is State.UNMET
    reported.version.supplements.create(kind="subgroups", cohort="oof", results={"families": []})
    assert found(reported.study, "subgroups") is State.MET
    assert found(reported.study, "clusters") is State.MET


@pytest.mark.parametrize(
    ("states", "whole"),
    [
        ([State.MET, State.MET], State.MET),
        ([State.MET, State.STATED], State.STATED),
        ([State.MET, State.UNMET], State.PARTLY),
        ([State.UNMET, State.UNMET], State.UNMET),
        ([State.NOT_APPLICABLE, State.MET], State.MET),
        ([State.NOT_APPLICABLE], State.NOT_APPLICABLE),
        ([State.PARTLY, State.STATED], State.PARTLY),
    ],
)
def test_an_item_is_as_good_as_its_parts(states, whole):
    assert together(states) is whole
