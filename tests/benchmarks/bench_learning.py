"""Seconds and memory of learning and evaluation: `python -m tests.benchmarks.bench_learning`.

- demonstration: 48 training patients × 2,184 columns, default parameters, one thread;
- full: 445 patients × 2,184 columns split 357 / 88, outer 5 × inner 5 folds once, the whole grids, 4 + 4 + 16
  models, 2,000 bootstraps, the test set judged, and 1,000 resamples of every pair with the chosen model; two
  folds at a time;
- DeLong: two scores of 100,000 patients compared;
- a patient: stored ensemble read and one prediction made.

The columns are Gaussian: 150 latent factors, eight of them shifted in positives. Wall time depends on what
else runs; CPU time (all threads of this process) much less. Targets: demonstration 25 s, full 600 s and 4
GiB, DeLong 1 s. `--quick` leaves the full one out; `--write` also writes docs/benchmarks/learning.md.
"""

import argparse
import os
import platform
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

import numpy as np  # noqa: E402 - after the number of threads is set

from analysis.pipeline.learn import (  # noqa: E402
    FUSED_MODELS,
    CohortReport,
    LearnedEnsemble,
    LearnParameters,
    PatientGuard,
    judge,
    learn,
    load_ensemble,
    predict,
    save_ensemble,
)
from analysis.pipeline.metrics import delong_paired, paper_resample_ttest  # noqa: E402
from analysis.pipeline.splits import split_patients, subset  # noqa: E402
from analysis.pipeline.types import LearningCohort  # noqa: E402

COLUMNS, FACTORS, SHIFTED, EFFECT = 2184, 150, 8, 0.3
PREVALENCE = 143 / 445
TARGETS = {"demonstration": 25.0, "full": 600.0, "DeLong": 1.0}
MEMORY_TARGET_MIB = 4096
LARGE = 100_000
WRITTEN = Path(__file__).resolve().parents[2] / "docs" / "benchmarks" / "learning.md"


def cohort_of(n: int, seed: int = 0) -> LearningCohort:
    """Return a Gaussian cohort with the shape of the real one."""
    rng = np.random.default_rng(seed)
    labels = (np.arange(n) < round(n * PREVALENCE)).astype(np.int64)
    rng.shuffle(labels)
    latent = rng.normal(size=(n, FACTORS))
    latent[:, :SHIFTED] += EFFECT * labels[:, np.newaxis]
    mixing = rng.normal(size=(FACTORS, COLUMNS)) * (rng.random((FACTORS, COLUMNS)) < 0.03)
    dynamic = latent @ mixing + 0.5 * rng.normal(size=(n, COLUMNS))
    stages = rng.integers((0, 1, 0, 1), (2, 4, 3, 4), (n, 4))
    clinical = np.column_stack([rng.normal(52, 10, n), rng.gamma(4.0, 0.6, n), stages]).astype(np.float64)
    return LearningCohort(tuple(f"P{i:04d}" for i in range(n)), labels, dynamic, clinical)


def timed(name: str, work: Callable[[], object]) -> tuple[str, float, float, object]:
    """Run work once; return its name, wall seconds, CPU seconds and result."""
    wall, cpu = time.perf_counter(), time.process_time()
    result = work()
    found = (name, time.perf_counter() - wall, time.process_time() - cpu, result)
    sys.stdout.write(f"{name:<15} {found[1]:8.2f} s   {found[2]:8.2f} CPU s\n")
    sys.stdout.flush()
    return found


def full(n: int) -> tuple[LearnedEnsemble, CohortReport]:
    """Learn, judge and compare everything once."""
    cohort = cohort_of(n)
    split = split_patients(cohort.patients, cohort.labels)
    training, test = subset(cohort, split.training), subset(cohort, split.test)
    ensemble = learn(training, LearnParameters.full(jobs=2), guard=PatientGuard.of(test)).ensemble
    report = judge(ensemble, test)
    for model in FUSED_MODELS:
        paper_resample_ttest(test.labels, report.scores[ensemble.chosen], report.scores[model])
    return ensemble, report


def compare_large() -> object:
    """Compare two scores of 100,000 patients, ties included."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, LARGE)
    return delong_paired(y, rng.normal(size=LARGE) + y, np.round(rng.normal(size=LARGE) + y, 2))


def main() -> None:
    """Run everything and print, and write when told to, a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="the demonstration and DeLong only")
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks/learning.md")
    options = parser.parse_args()
    rows = [timed("DeLong", compare_large), timed("demonstration", lambda: learn(cohort_of(48)).ensemble)]
    ensemble = rows[-1][3]
    if not options.quick:
        rows.append(timed("full", lambda: full(445)))
        ensemble = rows[-1][3][0]  # type: ignore[index]
    assert isinstance(ensemble, LearnedEnsemble)
    blob = save_ensemble(ensemble, b"bench")
    one = cohort_of(1, seed=7)
    rows.append(
        timed("a patient", lambda: predict(load_ensemble(blob, b"bench"), one.dynamic[0], one.clinical[0]))
    )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stdout.write(f"peak memory {peak:.0f} MiB, stored ensemble {len(blob) / 1024:.0f} KiB\n")
    if options.write:
        WRITTEN.write_text(table(rows, peak, len(blob)), encoding="utf-8")


def table(rows: list[tuple[str, float, float, object]], peak: float, size: int) -> str:
    """Return the page of measured figures."""
    lines = [
        "# Learning and evaluation",
        "",
        f"Measured by `python -m tests.benchmarks.bench_learning`, Python {platform.python_version()}, "
        f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the end.",
        "",
        "| what | wall s | CPU s | target s |",
        "|---|---:|---:|---:|",
        *(f"| {name} | {wall:.2f} | {cpu:.2f} | {TARGETS.get(name, '')} |" for name, wall, cpu, _ in rows),
        "",
        f"Peak memory {peak:.0f} MiB (target {MEMORY_TARGET_MIB}); a stored ensemble {size / 1024:.0f} KiB.",
        "",
        str(__doc__).split("\n\n", 1)[1].split("`--quick`")[0].strip(),
        "",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
