"""The cells of the cohort table that are edited in place.

Built without a template of their own: a page has three hundred of them, and each include would cost more
than the row's whole database work; put together from parts that are escaped once, for the same reason.
"""

from html import escape
from typing import Any

from django import template
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from studies.rules.sentences import Sentence

register = template.Library()


@register.simple_tag
def clinical_cell(cell: Any, may_edit: bool) -> SafeString:
    """Return a table cell (a `cohort_cells.Cell`); without `may_edit` it is plain text."""
    inner = escape(cell.text) if cell.text else _reason(cell.reason)
    if cell.notices:
        inner = f"{inner} {_warnings(cell)}"
    classes = "cell num" if cell.is_numeric else "cell"
    if not may_edit:
        return SafeString(f'<td class="{classes}">{inner}</td>')
    name = escape(cell.name)
    return SafeString(
        f'<td class="{classes}" id="cell-{cell.patient.pk}-{name}" data-cell="{name}" tabindex="-1">'
        f"{inner}</td>"
    )


def _warnings(cell: Any) -> SafeString:
    url = reverse("clinical-edit", args=[cell.patient.pk])
    said = ((url, words, words) for words in (_words(notice.sentence) for notice in cell.notices))
    return format_html_join(
        " ",
        '<a class="cell-warn" href="{}" title="{}"><span aria-hidden="true">▲</span>'
        '<span class="visually-hidden">{}</span></a>',
        said,
    )


def _words(sentence: Sentence) -> str:
    return sentence.translated(_)


def _reason(reason: str) -> SafeString:
    return format_html('<span class="muted">{}</span>', reason_word(reason)) if reason else SafeString("")


@register.simple_tag
def reason_word(reason: str) -> str:
    """Return why a value is missing, in words."""
    words = {
        "not available": _("not available"),
        "not evaluated": _("not evaluated"),
        "not applicable": _("not applicable"),
        "not performed": _("not performed"),
        "unknown": _("unknown"),
    }
    return words.get(reason, reason)
