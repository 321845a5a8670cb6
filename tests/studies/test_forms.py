"""Forms keep what is stored, in both languages."""

from datetime import date

import pytest
from django import forms
from django.utils.translation import override

from studies import forms as studies_forms
from studies.models import ClinicalRecord, Study

pytestmark = pytest.mark.django_db
DAY = date(2025, 1, 6)
WITH_DATES = [
    form
    for form in vars(studies_forms).values()
    if isinstance(form, type)
    and issubclass(form, forms.BaseForm)
    and any(isinstance(field, forms.DateField) for field in getattr(form, "base_fields", {}).values())
]


def test_there_are_forms_with_dates():
    assert len(WITH_DATES) >= 3


@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize("form", WITH_DATES, ids=lambda form: form.__name__)
def test_a_stored_date_reaches_the_browsers_date_field(form, language):
    """A browser's date field shows ISO dates only; any other comes back empty and would be lost."""
    with override(language):
        for name, field in form.base_fields.items():
            if isinstance(field, forms.DateField):
                html = field.widget.render(name, field.prepare_value(DAY))
                assert 'type="date"' in html
                assert 'value="2025-01-06"' in html
                assert field.clean("2025-01-06") == DAY


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"age_years": "-3"}, "Enter a whole number from 18 to 110."),
        ({"age_years": "fifty"}, "Enter a whole number from 18 to 110."),
        ({"age_years": "50.5"}, "Enter a whole number from 18 to 110."),
        ({"size_cm": "400"}, "Enter a number from 0.1 to 20, with at most 2 decimal places."),
        ({"size_cm": "1.234"}, "Enter a number from 0.1 to 20, with at most 2 decimal places."),
        ({"ki67_percent": "101"}, "Enter a whole number from 0 to 100."),
    ],
)
def test_a_wrong_number_is_told_what_may_be_entered(typed, said):
    form = studies_forms.ClinicalForm(typed)
    assert not form.is_valid()
    assert form.errors == {next(iter(typed)): [said]}


def test_a_short_name_is_refused_in_words():
    Study.objects.create(slug="taken", title="Taken")
    for slug, said in (("taken", "taken by another study"), ("Bad Slug!", "without spaces")):
        form = studies_forms.StudyForm({"title": "New", "slug": slug})
        assert said in form.errors["slug"][0]


def test_stages_are_written_as_clinicians_write_them():
    choices = dict(studies_forms.ClinicalForm().fields["c_tnm"].choices)
    assert {value: words for value, words in choices.items() if value} == {
        stage: stage for stage in ClinicalRecord.Stage.values
    }
