"""The Chinese catalogue is whole, current and compiled.

After changing a sentence: `python manage.py makemessages -l zh_Hans --no-wrap --no-location -i node_modules
-i var -i .venv`, translate what is empty in templates/locale/zh_Hans/LC_MESSAGES/django.po, then
`python manage.py compilemessages -l zh_Hans`. The tests need no gettext tools.
"""

import ast
import gettext
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.utils import translation
from django.utils.translation.template import templatize

from analysis.pipeline.names import STATIC_FEATURES
from analysis.reports.feature_words import descriptor_label, static_label
from studies.templatetags.stored_analyses import ANALYSES
from studies.templatetags.stored_auditor import AUDITOR
from studies.templatetags.stored_errors import ERRORS
from studies.templatetags.stored_files import FILES
from studies.templatetags.stored_refusals import REFUSALS
from studies.templatetags.stored_sentences import TEMPLATES, translated

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "templates" / "locale" / "zh_Hans" / "LC_MESSAGES"
SOURCES = ("studies", "analysis", "her2web")
MARKERS = {
    "_",
    "gettext",
    "gettext_lazy",
    "gettext_noop",
    "ngettext",
    "ngettext_lazy",
    "npgettext",
    "pgettext",
}
PLACEHOLDER = re.compile(r"%\(\w+\)[sdf]|%[sd]|%%|\{\w+\}")
LINE = re.compile(r'(msgid|msgid_plural|msgctxt|msgstr(?:\[\d\])?) (".*")$')


def read_catalogue() -> list[dict[str, str]]:
    """Entries of the .po file; `flags` holds the flag line."""
    entries: list[dict[str, str]] = []
    for block in (FOLDER / "django.po").read_text(encoding="utf-8").split("\n\n"):
        entry, name = {"flags": ""}, ""
        for line in block.splitlines():
            if line.startswith("#,"):
                entry["flags"] = line
            elif match := LINE.match(line):
                name = match[1]
                entry[name] = ast.literal_eval(match[2])
            elif line.startswith('"'):
                entry[name] += ast.literal_eval(line)
        if "msgid" in entry:
            entries.append(entry)
    return entries


CATALOGUE = [entry for entry in read_catalogue() if entry["msgid"]]
KNOWN = {entry["msgid"] for entry in CATALOGUE}


def marked_in(source: str) -> Iterator[str]:
    """Literal first arguments of the calls that mark a sentence."""
    if "gettext" not in source:
        return
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        name = getattr(node.func, "id", getattr(node.func, "attr", ""))
        argument = node.args[0]
        if name in MARKERS and isinstance(argument, ast.Constant) and isinstance(argument.value, str):
            yield argument.value


QUOTED = r"""(u?(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"))"""
CALL = re.compile(rf" (?:_|n?p?gettext)\({QUOTED}", re.DOTALL)


def marked_in_template(text: str) -> Iterator[str]:
    """What Django's own extraction finds: it writes a template as calls of gettext among X's."""
    return (ast.literal_eval(call) for call in CALL.findall(templatize(text)))


def test_every_entry_is_translated_and_none_is_fuzzy():
    assert len(CATALOGUE) > 1000
    empty = [e["msgid"] for e in CATALOGUE if not (e.get("msgstr") or e.get("msgstr[0]"))]
    assert empty == []
    assert [e["msgid"] for e in CATALOGUE if "fuzzy" in e["flags"]] == []


def test_placeholders_are_the_same_in_both_languages():
    for entry in CATALOGUE:
        source = entry.get("msgid_plural", entry["msgid"])
        target = entry.get("msgstr[0]", entry.get("msgstr", ""))
        assert sorted(PLACEHOLDER.findall(source)) == sorted(PLACEHOLDER.findall(target)), entry["msgid"]


@pytest.mark.parametrize("area", SOURCES)
def test_every_sentence_of_the_code_is_in_the_catalogue(area):
    missing = {
        f"{path.relative_to(ROOT)}: {sentence}"
        for path in (ROOT / area).rglob("*.py")
        for sentence in marked_in(path.read_text(encoding="utf-8"))
        if sentence not in KNOWN
    }
    assert missing == set()


def test_every_sentence_of_the_templates_is_in_the_catalogue():
    missing = {
        f"{path.relative_to(ROOT)}: {sentence}"
        for path in (ROOT / "templates").rglob("*.html")
        for sentence in marked_in_template(path.read_text(encoding="utf-8"))
        if sentence not in KNOWN
    }
    assert missing == set()


def test_the_extraction_finds_what_a_template_marks():
    text = (
        '{% load i18n %}{% translate "One" %}{% blocktranslate count n=n %}{{ n }} a{% plural %}{{ n }} b'
        "{% endblocktranslate %}{{ x|default:_(\"Two\") }}{% translate 'It’s' as y %}"
    )
    assert list(marked_in_template(text)) == ["One", "%(n)s a", "Two", "It’s"]


NOT_SHOWN = re.compile(
    r"{%\s*block (?:main_class|body_class|theme)\s*%}.*?{% endblock %}"
    r"|{%\s*blocktranslate.*?endblocktranslate\s*%}|{#.*?#}|<kbd>.*?</kbd>|{%.*?%}|{{.*?}}|<[^>]*>|&\w+;",
    re.DOTALL,
)
NAMES = re.compile(
    r"HER2Web|API|HER2(?:/CEP17)?|IHC|cTNM|cT|cN|ER|PR|Ki-67|AUC|ACC|SEN|SPC|YI|DeLong|CSV|px|[cm]m|English|[a-zA-Z]"
    r"|F1|[xy][12]|Excel|LaTeX|PPV|NPV|Parquet|BUSI|BrEaST"
)
"""Words that are the same in every language."""


def test_templates_hold_no_bare_words():
    for path in (ROOT / "templates").rglob("*.html"):
        if path.name == "500.html":  # served without Django
            continue
        text = NOT_SHOWN.sub("\n", path.read_text(encoding="utf-8"))
        words = re.findall(r"[A-Za-z][\w/-]*", text)
        assert [word for word in words if not NAMES.fullmatch(word)] == [], path


def test_the_compiled_catalogue_is_that_of_the_source():
    with (FOLDER / "django.mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)._catalog
    expected = {}
    for entry in CATALOGUE:
        if "msgid_plural" in entry:
            expected[(entry["msgid"], 0)] = entry["msgstr[0]"]
        else:
            expected[entry["msgid"]] = entry["msgstr"]
    assert {key: value for key, value in compiled.items() if key} == expected


def test_every_feature_has_a_chinese_name():
    with translation.override("zh-hans"):
        labels = {name: static_label(name) for name in STATIC_FEATURES}
        assert all(re.search(r"[\u4e00-\u9fff]", label) for label in labels.values())
        assert len(set(labels.values())) == len(labels)
        assert descriptor_label("f_se") == "谱熵"


@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        ("Cancelled before it started.", "开始前已取消。"),
        (
            "Stored: 60 frames, 256 × 224 px, 25 frames/s, calibrated.",
            "已保存：60 帧，256 × 224 像素，25 帧/秒，已校准。",
        ),
        (
            "Look 1: 11 test patients judged, 0 left out.",
            "第 1 次查看：评价 11 名测试患者，未纳入 0 名。",
        ),
        ("A sentence that nobody listed.", "A sentence that nobody listed."),
    ],
)
def test_stored_sentences_are_shown_in_the_language_of_the_page(stored, shown):
    with translation.override("en"):
        assert translated(stored) == stored
    with translation.override("zh-hans"):
        assert translated(stored) == shown


def sentences_in(source: str) -> Iterator[str]:
    """Text of every string of a module; a hole stands for every value that is filled in."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield re.sub(r"\{[\w.:]+\}", HOLE, node.value)
        elif isinstance(node, ast.JoinedStr):
            yield "".join(part.value if isinstance(part, ast.Constant) else HOLE for part in node.values)


HOLE = "⟨⟩"


def test_every_stored_sentence_is_still_one_that_the_code_says():
    """A sentence changed in a service but not in the list would silently stay English."""
    said: set[str] = set()
    for area in ("studies", "analysis", "her2web"):
        for path in (ROOT / area).rglob("*.py"):
            if not path.name.startswith("stored_"):
                said.update(sentences_in(path.read_text(encoding="utf-8")))
    squeezed = "\n".join(re.sub(rf"(?:{HOLE}|\d+)+", HOLE, text) for text in said)
    lost = [
        template
        for template in (*TEMPLATES, *REFUSALS, *FILES, *AUDITOR, *ANALYSES, *ERRORS)
        if len(template) > SHORT
        and max(re.split(r"%\(\w+\)s|\d+|Note: ", template), key=len).strip() not in squeezed
    ]
    assert lost == []


SHORT = 30
"""Single words and names of stages are too common to be looked for."""
