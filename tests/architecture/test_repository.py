"""What may be in the repository: no patient data, nothing heavy, no code that runs what it reads."""

import ast
import re
import subprocess
from functools import lru_cache
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY

APPS = ("her2web", "studies", "analysis")
MAX_BYTES = 60 * 1024**2
MAX_LINES = 400
PATIENT_DATA = re.compile(r"\.(dcm|dicom|ima|mp4|avi|mov|m4v|mpe?g|wmv|mkv|nii|nii\.gz)$", re.IGNORECASE)
UNSAFE_MODULES = {"pickle", "cPickle", "_pickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}
UNSAFE_CALLS = {"eval", "exec", "__import__"}
VENDOR = "static/vendor/"
OUTSIDE = re.compile(
    r"(?:src|href|action|url|from|import|fetch)\s*[=(]?\s*[\"'(]\s*(?:https?:)?//", re.IGNORECASE
)
RUNS_TEXT = re.compile(
    r"\beval\(|new Function\(|document\.write\(|\.innerHTML\s*\+?=|set(?:Timeout|Interval)\(\s*[\"'`]"
)
INLINE = {
    "style attribute": r"<[a-zA-Z][^<>]*\sstyle\s*=",
    "event attribute": r"<[a-zA-Z][^<>]*\son[a-z]+\s*=",
    "htmx that evaluates": r"<[a-zA-Z][^<>]*(?:\shx-on|javascript:|\shx-vals\s*=\s*[\"']js:)",
    "style element": r"<style\b",
    "script element": r"<script\b(?![^>]*(?:src=|application/json))[^>]*>",
}


@lru_cache(maxsize=1)
def tracked() -> tuple[str, ...]:
    """Every file that is committed or staged; skips where there is no git."""
    if not (REPOSITORY / ".git").exists():
        pytest.skip("this is no git checkout, so nothing can be said of what is tracked")
    done = subprocess.run(
        ["git", "ls-files", "-z"], cwd=REPOSITORY, capture_output=True, text=True, check=True, timeout=60
    )
    return tuple(name for name in done.stdout.split("\0") if name and (REPOSITORY / name).is_file())


def files(*suffixes: str, below: tuple[str, ...] = APPS) -> list[Path]:
    """Files of the working tree below some folders, without what is installed there."""
    found = (path for folder in below for path in sorted((REPOSITORY / folder).rglob("*")))
    return [path for path in found if path.suffix in suffixes and "vendor" not in path.parts]


def relative(path: Path) -> str:
    return str(path.relative_to(REPOSITORY))


def test_no_cine_is_tracked():
    assert [name for name in tracked() if PATIENT_DATA.search(name)] == []


def test_no_tracked_file_is_a_cine_in_disguise():
    for name in tracked():
        with (REPOSITORY / name).open("rb") as file:
            head = file.read(132)
        assert head[128:132] != b"DICM", name
        assert head[4:8] != b"ftyp", name
        assert not (head[:4] == b"RIFF" and head[8:12] == b"AVI "), name


def test_the_repository_stays_light():
    sizes = {name: (REPOSITORY / name).stat().st_size for name in tracked()}
    assert sum(sizes.values()) < MAX_BYTES, sorted(sizes.items(), key=lambda item: -item[1])[:5]


def test_nothing_that_is_installed_or_shared_is_tracked():
    folders = ("node_modules/", ".venv/", VENDOR, "var/", "shared/")
    assert [name for name in tracked() if name.startswith(folders)] == []


@pytest.mark.parametrize("app", APPS)
def test_no_code_runs_what_it_reads(app):
    wrong = [
        f"{relative(path)}:{node.lineno}"
        for path in files(".py", below=(app,))
        for node in ast.walk(ast.parse(path.read_text()))
        if is_unsafe(node)
    ]
    assert wrong == []


def is_unsafe(node: ast.AST) -> bool:
    """Whether a node imports a pickler, runs text, or reads a file in a way that could run it."""
    if isinstance(node, ast.Import):
        return bool({alias.name.partition(".")[0] for alias in node.names} & UNSAFE_MODULES)
    if isinstance(node, ast.ImportFrom):
        return (node.module or "").partition(".")[0] in UNSAFE_MODULES
    if not isinstance(node, ast.Call):
        return False
    called = ast.unparse(node.func)
    options = {option.arg: ast.unparse(option.value) for option in node.keywords}
    return (
        called in UNSAFE_CALLS
        or options.get("allow_pickle", "False") != "False"
        or options.get("shell", "False") != "False"
        or (called == "torch.load" and options.get("weights_only") != "True")
    )


@pytest.mark.parametrize(
    ("text", "unsafe"),
    [
        ("import pickle", True), ("from joblib import load", True), ("import os.path", False),
        ("np.load(f, allow_pickle=True)", True), ("np.load(f, allow_pickle=False)", False),
        ("torch.load(f)", True), ("torch.load(f, weights_only=True)", False),
        ("subprocess.run(x, shell=True)", True), ("eval(x)", True), ("model.eval()", False),
    ],
)  # fmt: skip
def test_the_search_for_unsafe_code_finds_it(text, unsafe):
    assert any(is_unsafe(node) for node in ast.walk(ast.parse(text))) is unsafe


@pytest.mark.parametrize("app", APPS)
def test_files_are_short(app):
    sources = [path for path in files(".py", below=(app,)) if "migrations" not in path.parts]
    lines = {relative(path): len(path.read_text().splitlines()) for path in sources}
    assert {name: count for name, count in lines.items() if count > MAX_LINES} == {}


def test_packages_say_nothing_but_models():
    packages = [path for path in files(".py") if path.name == "__init__.py"]
    full = {relative(path) for path in packages if path.read_text().strip()}
    assert full == {"studies/models/__init__.py", "analysis/models/__init__.py"}


@pytest.mark.parametrize("what", INLINE)
def test_templates_obey_the_content_policy(what):
    templates = files(".html", below=("templates",))
    assert templates
    assert [relative(path) for path in templates if re.search(INLINE[what], _without_comments(path))] == []


def _without_comments(path: Path) -> str:
    return re.sub(r"{#.*?#}|{% comment %}.*?{% endcomment %}", "", path.read_text(), flags=re.DOTALL)


@pytest.mark.parametrize(
    ("what", "text"),
    [
        ("style attribute", '<p class="a" style="x">'),
        ("event attribute", "<a\n onclick='x'>"),
        ("htmx that evaluates", '<a href="javascript:x">'),
        ("style element", "<style>"),
        ("script element", "<script>"),
        ("script element", '<script type="module">'),
    ],
)
def test_the_search_for_inline_code_finds_it(what, text):
    assert re.search(INLINE[what], text)
    assert not re.search(INLINE[what], '<script src="x"></script><p class="styled" data-on="1">x</p>')


def test_nothing_is_fetched_from_elsewhere():
    found = files(".html", ".js", ".css", below=("templates", "static"))
    assert [relative(path) for path in found if OUTSIDE.search(path.read_text())] == []


def test_scripts_evaluate_no_text():
    scripts = files(".js", below=("static",))
    assert scripts
    assert [relative(path) for path in scripts if RUNS_TEXT.search(path.read_text())] == []
