"""10,000 patients: the import of a table, and the server time of the cohort table's pages.

Run: python -m tests.benchmarks.bench_cohort. It uses a test database of its own, which it removes.
"""

import csv
import io
import os
import random
import time

import django

N_PATIENTS, N_PAGES, BUDGET_MS, IMPORT_BUDGET_S = 10_000, 60, 100.0, 10.0
PAGES = ("", "?page=100", "?sort=-age", "?show=missing", "?show=queries", "?q=P00", "?missing=grade&page=3")


def table(n: int) -> bytes:
    """A clinical and pathology table with contradictions in a few rows; always the same."""
    draw, out = random.Random(2023), io.StringIO()
    writer = csv.writer(out)
    writer.writerow(
        ["patient", "age", "menopause", "size_cm", "cT", "cN", "cTNM", "ki67", "ihc_score", "ratio"]
    )
    for place in range(n):
        age, size = draw.randint(26, 83), round(draw.uniform(0.5, 6.0), 1)
        t, score = 1 if size <= 2 else 2 if size <= 5 else 3, draw.choice(["0", "1+", "2+", "3+", ""])
        stage = "IIIC" if place % 100 == 0 else ""
        row = [f"P{place:05d}", age, int(age > 50), size, t, draw.randint(0, 2), stage, draw.randint(1, 90)]
        writer.writerow([*row, score, draw.choice(["", "", "1.2", "2.4"])])
    return out.getvalue().encode()


def percentile(values: list[float], share: float) -> float:
    """The value below which this share of them lies."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def main() -> None:
    """Import, then ask for pages; wall and CPU time of each."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    django.setup()
    from django.test.utils import setup_databases, setup_test_environment, teardown_databases  # noqa: PLC0415

    setup_test_environment()
    databases = setup_databases(verbosity=0, interactive=False)
    try:
        measure()
    finally:
        teardown_databases(databases, verbosity=0)


def measure() -> None:
    """Print one line a measurement."""
    from django.test import Client  # noqa: PLC0415

    from studies.services.imports import import_apply, import_check, import_create  # noqa: PLC0415
    from tests.factories import make_person, make_site, make_study  # noqa: PLC0415

    study = make_study("bench")
    make_site(study, "s1")
    user = make_person(study, "coordinator", name="bench")
    row = import_create(actor=user, study=study, content=table(N_PATIENTS))
    for name, act in (
        ("check", lambda: import_check(row=row)),
        ("import", lambda: import_apply(actor=user, row=row)),
    ):
        wall, cpu = time.perf_counter(), time.process_time()
        act()
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        print(
            f"{name:<8} {N_PATIENTS} rows: {wall:6.1f} s wall, {cpu:6.1f} s CPU (budget {IMPORT_BUDGET_S:g})"
        )
    client = Client()
    client.force_login(user)
    for query in PAGES:
        times = [page(client, f"/studies/bench/patients/{query}") for _ in range(N_PAGES)]
        wall, cpu = ([pair[k] * 1000 for pair in times[2:]] for k in (0, 1))
        name = query or "(first)"
        print(
            f"page {name:<22} p50 {percentile(wall, 0.5):6.1f}  p95 {percentile(wall, 0.95):6.1f}"
            f" ms wall; p50 {percentile(cpu, 0.5):6.1f}  p95 {percentile(cpu, 0.95):6.1f} ms CPU"
            f" (budget {BUDGET_MS:g})"
        )


def page(client, path: str) -> tuple[float, float]:
    """Seconds of wall clock and of CPU for one page."""
    wall, cpu = time.perf_counter(), time.process_time()
    assert client.get(path).status_code == 200
    return time.perf_counter() - wall, time.process_time() - cpu


if __name__ == "__main__":
    main()
