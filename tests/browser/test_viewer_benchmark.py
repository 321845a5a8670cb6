"""The viewer's benchmark runs to its end: a short form of what it proves (the full one: docs/viewer.md)."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.browser.conftest import chromium_path

pytestmark = pytest.mark.browser
ROOT = Path(__file__).resolve().parents[2]
SHORT = {"frames": "80", "only": "truth,edits", "jumps": "40", "edits": "60", "offline-seconds": "3"}
NEVER = (
    "wrong frames",
    "frames that differ from what was done",
    "changes of the other window lost",
    "conflicts that did not surface",
)


def test_every_frame_is_the_one_asked_for_and_no_edit_is_lost():
    """Read back by jumping and playing; edits with the server killed, the network gone, a second window."""
    if chromium_path() is None:
        pytest.skip("no Chromium on this machine")
    command = [sys.executable, "-m", "tests.benchmarks.bench_viewer", "--json"]
    command += [f"--{name}={value}" for name, value in SHORT.items()]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=540, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert {name: found[name][0] for name in NEVER} == dict.fromkeys(NEVER, 0)
    assert found["frames read back"][0] > 80
    assert found["edits made"][0] >= 60
    assert found["conflicts surfaced and settled"][0] >= 5
