"""`make bench`: every benchmark in turn, and the tables of docs/benchmarks.md from what they printed."""

import argparse
import importlib
import io
import os
import platform
import sys
import time
from contextlib import redirect_stdout
from importlib.metadata import version
from pathlib import Path

BENCHMARKS = (
    "bench_decode",
    "bench_static_features",
    "bench_dynamic_features",
    "bench_describe",
    "bench_detector",
    "bench_learning",
    "bench_stages",
)
PACKAGES = ("numpy", "numba", "torch", "onnxruntime", "scikit-learn", "xgboost-cpu", "pydicom", "simplejpeg")
DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "benchmarks.md"


def main() -> None:
    """Run the benchmarks named on the command line, or all; --write stores the report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", default=BENCHMARKS)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    report = [_machine()]
    for name in options.names:
        report.append(_run(name))
    if options.write:
        DOCUMENT.write_text("\n\n".join(report) + "\n")


def _run(name: str) -> str:
    """Run one benchmark; what it prints goes to the screen and into the report."""
    print(f"== {name}", flush=True)
    module = importlib.import_module(f"tests.benchmarks.{name}")
    captured = io.StringIO()
    started = time.monotonic()
    arguments, sys.argv = sys.argv, [name]
    try:
        with redirect_stdout(captured):
            module.main()
    finally:
        sys.argv = arguments
    print(captured.getvalue(), flush=True)
    return f"## {name}\n\n{captured.getvalue().strip()}\n\n({time.monotonic() - started:.0f} s)"


def _machine() -> str:
    load = os.getloadavg()[0]
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    return (
        "# Benchmarks\n\n"
        f"Written by `make bench` on {time.strftime('%Y-%m-%d')}: "
        f"{os.cpu_count()} cores, {platform.machine()}, "
        f"Python {platform.python_version()}, load {load:.1f} at the start.\n\n{packages}.\n\n"
        "Ratios compare with the named peer in the same run; CPU seconds count one process, so that other "
        "work on the machine matters little."
    )


if __name__ == "__main__":
    main()
