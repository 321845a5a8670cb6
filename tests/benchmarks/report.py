"""What every page of measured figures shares: machine, versions, and where it is written."""

import os
import platform
from importlib.metadata import version
from pathlib import Path

PAGES = Path(__file__).resolve().parents[2] / "docs" / "benchmarks"


def machine(*packages: str) -> str:
    """Processor, cores, load and versions in one line."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    cpu = names[0] if names else platform.processor() or platform.machine()
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    versions = "".join(f", {name} {version(name)}" for name in packages)
    cores = len(os.sched_getaffinity(0))
    return f"{cpu}, {cores} cores; load average {load}. Python {platform.python_version()}{versions}."


def write_page(name: str, title: str, about: str, lines: list[str]) -> None:
    """Write docs/benchmarks/NAME.md."""
    script = f"Written by `python -m tests.benchmarks.bench_{name} --write`."
    text = "\n".join([f"# {title}", "", f"{script} {about}".strip(), "", *lines])
    (PAGES / f"{name}.md").write_text(text + "\n", encoding="utf-8")
