"""Every reason for which a file is not taken is said in the language of the page."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.utils import translation

from studies import imaging
from studies.templatetags.stored_sentences import translated

SOURCES = sorted(Path(imaging.__path__[0]).glob("*.py"))


def text_of(node: ast.expr) -> str | None:
    """The words of a sentence in the source, with 7 wherever a value comes; None where there are none."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "7" for part in node.values)
    if isinstance(node, ast.Call) and node.keywords:  # DAMAGED.format(what="…")
        return text_of(node.keywords[0].value)
    return None


def refusals(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "RefusedFileError":
            said = text_of(node.args[0])
            if said is not None:
                yield said


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_each_is_listed(path):
    with translation.override("zh-hans"):
        assert [said for said in refusals(path) if translated(said) == said] == []


def test_there_are_many():
    assert sum(len(list(refusals(path))) for path in SOURCES) > 40
