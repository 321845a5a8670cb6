"""Every further analysis is a section of the report, with the tables of the results page."""

import pytest

from analysis.models import Supplement
from analysis.reports.document.evidence_further import further_words
from analysis.reports.document.further_text import further_sections
from analysis.reports.document.gather import gather
from analysis.reports.document.own_words import refused_in
from analysis.reports.document.render import LANGUAGES, Front, claims_of, render
from studies.models import Look, Study
from tests.analysis.reports.reported_study import reported_study
from tests.analysis.supplement_rows import store_supplements

pytestmark = pytest.mark.django_db
FRONT = Front("", "", 1, "d" * 64, "https://her2.example")


@pytest.fixture
def made():
    made = reported_study(is_simulated=True)
    store_supplements(made.version)
    return made


def material(made):
    return gather(Study.objects.get(pk=made.study.pk))


def sections(made):
    return dict(zip(further_words(), further_sections(material(made).facts), strict=True))


@pytest.mark.parametrize("kind", Supplement.Kind.values)
def test_every_kind_has_its_table(made, kind):
    section = sections(made)[kind]
    assert section.state.startswith("done on")
    assert section.grids
    for grid in section.grids:
        assert all(len(row) == len(grid.heads) for row in grid.rows)
    assert section.title in render(material(made), FRONT, "en")


def test_what_was_not_done_has_a_state_and_no_table(made):
    Supplement.objects.filter(kind="rings").delete()
    section = sections(made)["rings"]
    assert (section.state, list(section.grids), list(section.remarks)) == ("", [], [])


def test_why_there_are_no_figures_is_said(made):
    Supplement.objects.filter(kind="rings").update(results={"reason": "no such boxes", "cautions": []})
    section = sections(made)["rings"]
    assert list(section.remarks) == ["no such boxes"]
    assert list(section.grids) == []


def test_both_sides_are_tabled_after_a_look(made):
    row = Supplement.objects.get(kind="three_way")
    Supplement.objects.create(
        version=made.version, kind="three_way", cohort="test", look=Look.objects.get(), results=row.results
    )
    section = sections(made)["three_way"]
    assert "training, out of fold, test, look 1" in section.state
    captions = [grid.caption for grid in section.grids]
    assert captions == [
        "Three-way HER2, training, out of fold",
        "Three-way HER2, the questions behind it, training, out of fold",
        "Three-way HER2, test",
        "Three-way HER2, the questions behind it, test",
    ]


def test_the_cross_table_of_the_label_rules_is_printed(made):
    captions = [grid.caption for grid in sections(made)["label_rules"].grids]
    assert "The paper’s literal rule against ASCO/CAP, training patients" in captions


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_section_says_a_refused_word(made, language):
    found = material(made)
    assert refused_in(render(found, FRONT, language), claims_of(found.facts)) == []
