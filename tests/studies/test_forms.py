"""Forms keep what is stored, in both languages."""

from datetime import date

import pytest
from django import forms
from django.utils.translation import override

from studies import forms as studies_forms

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
