"""No page promises what the rows cannot support (HONESTY D.7): asked of every sentence, in both languages.

Templates hold no bare words (tests/her2web/test_translations.py): the catalogue is all that a page says.
"""

import pytest

from analysis.reports.honest_words import Claims, refusals
from tests.her2web.test_translations import CATALOGUE

NOTHING = Claims()
"""A study of one centre and one time, its test side never looked at."""
EXPLAINS = "Nothing is validated by a test side that nobody has looked at"
"""The refusal's own sentence has to name the word."""
SENTENCES = sorted(
    {
        entry[name]
        for entry in CATALOGUE
        for name in ("msgid", "msgid_plural", "msgstr", "msgstr[0]")
        if entry.get(name) and not entry["msgid"].startswith(EXPLAINS)
    }
)


def test_no_sentence_of_a_page_holds_a_refused_word():
    found = {sentence: refusals(sentence, NOTHING) for sentence in SENTENCES}
    assert {sentence: [r.words for r in said] for sentence, said in found.items() if said} == {}
    assert len(SENTENCES) > 2000


@pytest.mark.parametrize(
    "sentence",
    [
        "AUC on the independent test set",
        "This model is significantly better.",
        "0.81, 95 % CI 0.70 to 0.92",
        "The model was validated.",
        "Accuracy 83 %",
        "在独立测试集上",
        "该模型显著优于其他模型",
        "准确率 83 %",
    ],
)
def test_the_search_finds_them_in_both_languages(sentence):
    assert refusals(sentence, NOTHING)
