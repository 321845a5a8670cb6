"""`make bench`: every benchmark in turn; each prints its table, with ratios to its peers.

`python -m tests.benchmarks NAME…` runs some of them; `--write` renews their pages under docs/benchmarks;
`--data DIR` names the labelled stills for the figures on cines.
"""

import argparse
import importlib
import sys
import time
from pathlib import Path

BENCHMARKS = (
    "bench_decode",
    "bench_static_features",
    "bench_dynamic_features",
    "bench_describe",
    "bench_detector",
    "bench_learning",
    "bench_cohort",
    "bench_stages",
)
TAKES_DATA = "bench_detector"


def main() -> None:
    """Run the benchmarks named on the command line, or all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", default=BENCHMARKS)
    parser.add_argument("--write", action="store_true", help="renew the pages under docs/benchmarks")
    parser.add_argument("--data", type=Path, default=None, help="labelled stills, for the detector's cines")
    options = parser.parse_args()
    for name in options.names:
        arguments = ["--write"] if options.write else []
        if name == TAKES_DATA and options.data:
            arguments += ["--data", str(options.data)]
        _run(name, arguments)


def _run(name: str, arguments: list[str]) -> None:
    """Run one benchmark as its own command would."""
    print(f"== {name}", flush=True)
    module = importlib.import_module(f"tests.benchmarks.{name}")
    started = time.monotonic()
    before, sys.argv = sys.argv, [name, *arguments]
    try:
        module.main()
    finally:
        sys.argv = before
    print(f"({time.monotonic() - started:.0f} s)\n", flush=True)


if __name__ == "__main__":
    main()
