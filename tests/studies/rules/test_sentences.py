"""Sentences keep their template, so that a page can say them in another language."""

import copy
import json
import re
from pathlib import Path

import pytest

from studies.rules.sentences import Notice, Sentence, decimals, gettext_noop

RULES = Path(__file__).resolve().parents[3] / "studies" / "rules"


def test_a_sentence_is_its_text_and_remembers_its_parts():
    sentence = Sentence("Ratio %(ratio)s.", ratio="2.5")
    assert sentence == "Ratio 2.5."
    assert json.dumps(sentence) == '"Ratio 2.5."'
    assert (sentence.template, dict(sentence.values)) == ("Ratio %(ratio)s.", {"ratio": "2.5"})
    assert copy.deepcopy(sentence).template == sentence.template
    stored = json.loads(json.dumps(sentence.as_dict()))
    assert Sentence(stored["template"], **stored["values"]) == sentence


def test_translation_reaches_the_template_and_the_words_in_it():
    chinese = {"Mass lesion: %(word)s.": "肿块：%(word)s。", "yes": "是"}
    sentence = Sentence("Mass lesion: %(word)s.", word="yes")
    assert sentence.translated(lambda text: chinese.get(text, text)) == "肿块：是。"
    assert Sentence("%(n)d cells", n=3).translated(lambda text: text) == "3 cells"


def test_notices_print_as_their_sentence():
    assert str(Notice("code", Sentence("Look here."), ("field",))) == "Look here."


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (2.0, "2"),
        (2.5, "2.5"),
        (5 / 3, "1.6667"),
        (1.99999, "1.99999"),
        (0.0, "0"),
        (10, "10"),
        (3.99, "3.99"),
    ],
)
def test_numbers_as_people_write_them(value, shown):
    assert decimals(value) == shown


def test_every_template_is_marked_for_translation():
    """A template given to Sentence directly, without the mark, would stay English."""
    unmarked = re.compile(r'Sentence\(\s*f?"(?!%\(text\)s")')
    for path in RULES.glob("*.py"):
        assert not unmarked.search(path.read_text()), path.name
    assert gettext_noop("as it is") == "as it is"
