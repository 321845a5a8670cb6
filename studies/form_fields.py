"""How every field of the forms looks, and how it refuses what it cannot take."""

from collections.abc import Iterable

from django import forms
from django.core.validators import RegexValidator
from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from studies.models.cohort import CODE_VALIDATOR
from studies.rules.parameters import PARAMETERS, Parameter

NOTHING_CHOSEN = _("choose…")
CODE_RULE = RegexValidator(
    CODE_VALIDATOR.regex,
    _("Use letters, digits, dots, dashes and underscores only, beginning with a letter or a digit."),
)
NUMBER_FAULTS = (
    "invalid", "min_value", "max_value", "max_digits", "max_whole_digits", "max_decimal_places",
)  # fmt: skip
WIDGET_CLASSES = {
    forms.CheckboxInput: "form-check-input",
    forms.Select: "form-select",
}


def _named(choices: Iterable[tuple[object, object]]) -> list[tuple[object, object]]:
    """Choices with words in place of Django's row of dashes."""
    return [
        (value, NOTHING_CHOSEN if value == "" and "---" in str(text) else text) for value, text in choices
    ]


def _allowed(parameter: Parameter) -> Promise:
    """What may be entered, in place of Django's sentences about digits and limits."""
    words = _("Enter a whole number from {low} to {high}.")
    if parameter.decimals:
        words = _("Enter a number from {low} to {high}, with at most {decimals} decimal places.")
    limits = {"low": f"{parameter.low:g}", "high": f"{parameter.high:,.10g}", "decimals": parameter.decimals}
    return format_lazy(words, **limits)


class DayInput(forms.DateInput):
    """The browser's own date field. It takes ISO dates only, whatever the language of the page."""

    input_type = "date"

    def __init__(self, attrs=None):
        super().__init__(attrs, format="%Y-%m-%d")


class StyledMixin:
    """Give every widget the look of the application."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            widget = field.widget
            widget.attrs.setdefault("class", WIDGET_CLASSES.get(type(widget), "form-control"))
            if isinstance(field, forms.TypedChoiceField):
                field.choices = _named(field.choices)
            if name in PARAMETERS and isinstance(field, forms.IntegerField):  # decimals are IntegerFields too
                field.error_messages |= dict.fromkeys(NUMBER_FAULTS, _allowed(PARAMETERS[name]))
