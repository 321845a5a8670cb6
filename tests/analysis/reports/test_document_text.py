"""The printed text: from the parameters that were used, in both languages, without a refused word."""

import re
import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest
from django.urls import reverse
from django.utils import translation

from analysis.models import FeatureSet
from analysis.reports.document.drawings import draw_calibration, draw_forest, draw_roc, draw_scores
from analysis.reports.document.flow_drawing import draw_flow
from analysis.reports.document.gather import gather
from analysis.reports.document.limits import limits_of
from analysis.reports.document.own_words import refused_in, text_blocks
from analysis.reports.document.render import LANGUAGES, Front, claims_of, render
from analysis.reports.document.svg import Plot, ticks
from analysis.reports.honest_words import STRUCK, Claims
from studies.models import Study
from tests.analysis.reports.reported_study import CHOSEN, reported_study
from tests.factories import make_study

pytestmark = pytest.mark.django_db

FRONT = Front("", "", 1, "d" * 64, "https://her2.example")
CHINESE = re.compile("[\u4e00-\u9fff]")
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def reported():
    return reported_study(is_simulated=True)


def printed(study: Study, language: str = "en", front: Front = FRONT) -> str:
    return render(gather(Study.objects.get(pk=study.pk)), front, language)


def text_of(html: str) -> str:
    return "\n".join(text_blocks(html))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("look", [True, False])
def test_the_whole_report_uses_no_refused_word(look, language):
    study = reported_study(look=look).study
    material = gather(study)
    html = render(material, FRONT, language)
    assert refused_in(html, claims_of(material.facts)) == []
    assert len(text_blocks(html)) > 150


def test_the_report_of_an_empty_study_is_honest_too():
    html = printed(make_study())
    assert "No ensemble is of record yet" in html
    assert refused_in(html, Claims()) == []


def test_both_languages_say_the_marks_and_only_their_own_words(reported):
    english, chinese = (printed(reported.study, language) for language in LANGUAGES)
    assert "Research use only" in english
    assert "Simulated patients: no finding here" in english
    assert "仅供研究使用" in chinese
    assert not CHINESE.search(text_of(english))
    assert sum(bool(CHINESE.search(block)) for block in text_blocks(chinese)) > 100


def test_a_study_of_real_patients_is_not_called_simulated():
    assert "imulated patients" not in printed(reported_study().study)


def test_methods_follow_the_stored_parameters(reported):
    before = text_of(printed(reported.study))
    assert (
        "rectangular mask of the box (margin 1), discretised by a fixed bin width of 25 grey levels" in before
    )
    assert "random forest of 100 trees" in before
    assert "frequencies in hertz (up to 10), lengths in pixels" in before
    for row in FeatureSet.objects.all():
        row.parameters |= {"mask_kind": "ellipse", "bin_count": 32, "margin": 1.2, "window": "hann"}
        row.save()
    version = reported.version
    version.parameters["classifiers"]["rf_trees"] = 500
    version.parameters["fusion"] = "stack"
    version.save()
    after = text_of(printed(reported.study))
    assert "elliptic mask of the box (margin 1.2), discretised to 32 grey levels a frame" in after
    assert "a Hann taper" in after
    assert "random forest of 500 trees" in after
    assert "a logistic regression on both log-odds, fitted out of fold" in after


def test_figures_of_the_test_side_appear_only_after_a_look():
    with_look, without = reported_study(slug="one"), reported_study(look=False, slug="two")
    stored = with_look.version.evaluations.get(cohort="test").results["evaluations"][CHOSEN]
    assert f"AUC {stored['auc']:.3f}" in text_of(printed(with_look.study))
    blind = text_of(printed(without.study))
    assert "HER2 classes: sealed until a look" in printed(without.study)
    assert "Nobody has looked at the test side with this version" in blind
    assert not re.search(r"\btest\b[^\n]*AUC \d", blind)


def test_links_lead_into_the_application(reported):
    html = printed(reported.study)
    links = set(re.findall(r'href="(https?:[^"]+)"', html))
    assert "https://her2.example" + reverse("cohort", args=[reported.study.slug]) in links
    assert all(link.startswith("https://her2.example/") for link in links)


def test_every_table_has_as_many_headings_as_cells(reported):
    html = printed(reported.study)
    tables = re.findall(r"<table.*?</table>", html, re.DOTALL)
    assert len(tables) > 10
    for table in tables:
        rows = re.findall(r"<tr.*?</tr>", table, re.DOTALL)
        assert len({len(re.findall(r"<t[dh][ >]", row)) for row in rows}) == 1, table[:300]


def test_an_unmet_statement_leads_to_its_place(reported):
    assert f"{reverse('reports', args=[reported.study.slug])}#at-ethics" in printed(reported.study)


def test_the_page_needs_nothing_and_runs_nothing(reported):
    html = printed(reported.study)
    assert html.count("<style>") == 1
    assert not re.search(r"<script|<link|\sstyle=|\son\w+=|<img|url\(", html)


def test_free_text_that_was_stored_before_is_struck_and_escaped():
    study = reported_study(title_words="Validated on an independent test set <b>").study
    html = printed(study)
    assert f"Validated on an {STRUCK} &lt;b&gt;" in html  # one look was taken
    assert "independent test set" not in html


def test_words_of_a_comment_stand_on_the_title_page(reported):
    html = printed(reported.study, front=replace(FRONT, title="Our <report>", comment="Second\nline"))
    assert "<h1>Our &lt;report&gt;</h1>" in html
    assert "Second\nline" in html


def test_own_words_are_read_block_by_block():
    html = "<p>Accuracy 80 %.</p><table><caption>ACC</caption><tr><td>accuracy</td></tr></table>"
    html += "<table><caption>Accuracy; the majority class gives 68 %</caption></table>"
    assert [block for block, _refusal in refused_in(html, Claims())] == ["Accuracy 80 %.", "ACC accuracy"]


def test_limits_follow_the_facts(reported):
    facts = gather(reported.study).facts
    texts = " ".join(limits_of(facts))
    assert "planted difference" in texts
    assert "held out at random from the same centres" in texts
    assert "3 HER2-positive patients judge the model" in texts
    assert "2190 candidate predictors for 8 events" in texts
    assert "looked at" not in texts  # once only
    twice = replace(facts, conduct=replace(facts.conduct, looks=facts.conduct.looks * 2))
    assert "The test side was looked at 2 times" in " ".join(limits_of(twice))


def test_figures_are_drawn_in_the_language_of_the_report(reported):
    material = gather(reported.study)
    test, oof = (material.evaluations[side] for side in ("test", "oof"))
    with translation.override("zh-hans"):
        drawn = [draw_roc(material.evaluations, CHOSEN), draw_forest(test, CHOSEN), draw_calibration(oof)]
        drawn += [draw_scores(test, CHOSEN, 0.5), draw_flow(material.facts.patients)]
    for svg in drawn:
        root = ET.fromstring(svg)
        assert root.find(f"{SVG}title").text
        assert CHINESE.search("".join(root.itertext()))
        assert "style" not in {name for element in root.iter() for name in element.attrib}


def test_the_forest_marks_the_chosen_model_once_and_prints_every_figure(reported):
    evaluation = gather(reported.study).evaluations["test"]
    root = ET.fromstring(draw_forest(evaluation, CHOSEN))
    texts = [element.text for element in root.iter(f"{SVG}text")]
    stored = evaluation.results["evaluations"]
    assert len(root.findall(f"{SVG}polygon")) == 1
    assert len(root.findall(f"{SVG}circle")) == len(stored) - 1 == 23
    for values in stored.values():
        assert f"{values['auc']:.2f} [{values['auc_low']:.2f}, {values['auc_high']:.2f}]" in texts


def test_a_plot_puts_values_where_its_axes_say():
    plot = Plot((0, 10), (0, 1), width=200, height=120, margins=(50, 50, 10, 10))
    assert (plot.x(0), plot.x(5), plot.x(10)) == (50, 100, 150)
    assert (plot.y(0), plot.y(1)) == (110, 10)
    assert plot.x(99) == plot.x(10)  # never outside the axes
    plot.curve([0, 10], [0, 1], "#000", steps=True)
    assert 'points="50,110 150,110 150,10"' in plot.parts[0]


@pytest.mark.parametrize(("low", "high"), [(0, 1), (-0.2, 0.33), (0, 7.7), (0.18, 1.0), (1e-4, 3e-4)])
def test_ticks_are_few_round_and_inside(low, high):
    found = ticks(low, high)
    assert 3 <= len(found) <= 8
    assert all(low - 1e-9 <= value <= high + 1e-9 for value in found)


def test_a_plot_without_a_range_says_so():
    with pytest.raises(ValueError, match="low before high"):
        ticks(1.0, 1.0)
