"""The import contracts of pyproject.toml hold, and the ones that matter are still there."""

import subprocess
import sys
import tomllib

from tests.conftest import REPOSITORY

CONTRACTS = {
    "Arrows point from computed to observed",
    "The floors of analysis",
    "The floors of studies",
    "The stages of the pipeline do not know each other",
    "Science knows nothing of the web",
    "The web process never loads the learning libraries",
    "Analysis reads studies through models, selectors, services, imaging and rules",
    "No circles",
}


def test_every_contract_is_kept():
    command = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    done = subprocess.run(
        [sys.executable, "-c", command],
        cwd=REPOSITORY, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
    assert f"{len(CONTRACTS)} kept, 0 broken" in done.stdout


def test_no_contract_was_dropped_or_given_an_exception():
    linter = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["tool"]["importlinter"]
    contracts = {contract["name"]: contract for contract in linter["contracts"]}
    assert set(contracts) == CONTRACTS
    assert not [name for name, contract in contracts.items() if "ignore_imports" in contract]
    floors = [contract for contract in contracts.values() if "containers" in contract]
    assert all(contract["exhaustive"] for contract in floors)
