"""10,000 patients: the import of a table, and the server time of the pages.

Run: `python -m tests.benchmarks.bench_cohort`.
It uses a test database of its own, which it removes. Two thirds of the readings are signed, everybody is
screened and the split is drawn before the pages are asked for, as in the middle of a study. `--write` also
writes docs/benchmarks/cohort.md.
"""

import argparse
import csv
import gc
import io
import os
import random
import time
from collections.abc import Callable
from statistics import median

import django

from tests.benchmarks.report import machine, write_page

N_PATIENTS, N_PAGES, BUDGET_MS, SLOW_MS, IMPORT_BUDGET_S = 10_000, 100, 100.0, 300.0, 10.0
TABLE = ("", "?page=100", "?sort=-age", "?show=missing", "?show=queries", "?show=no_label", "?q=P00",
         "?missing=grade&page=3")  # fmt: skip
"""Pages of the cohort table."""
OTHERS = ("", "recruitment.svg", "recruitment.csv", "screening/", "screening/?box=training", "completeness/",
          "queries/", "pathology/", "pathology/tables/")  # fmt: skip
"""Other pages that count over everybody; the first is the overview with the flow."""
ABOUT = (
    "Server time of one request through the whole stack, one process, SQLite; p50 and p95 of many. Budgets: "
    f"import {IMPORT_BUDGET_S:g} s, a page of the table {BUDGET_MS:g} ms, any other page {SLOW_MS:g} ms."
)


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
        writer.writerow([*row, score, draw.choice(["", "", f"{draw.uniform(0.8, 6.0):.2f}"])])
    return out.getvalue().encode()


def percentile(values: list[float], share: float) -> float:
    """The value below which this share of them lies."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def main() -> None:
    """Import, then ask for pages; print the tables, and write the page when told to."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks/cohort.md")
    options = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    django.setup()
    from django.test.utils import setup_databases, setup_test_environment, teardown_databases  # noqa: PLC0415

    setup_test_environment()
    databases = setup_databases(verbosity=0, interactive=False)
    try:
        lines = [machine("django"), "", *measure()]
    finally:
        teardown_databases(databases, verbosity=0)
    if options.write:
        write_page("cohort", f"The cohort at {N_PATIENTS:,} patients: measured times", ABOUT, lines)


def measure() -> list[str]:
    """Markdown tables of both halves; each line is printed when it is known."""
    from tests.factories import make_person, make_site, make_study  # noqa: PLC0415

    study = make_study("bench")
    make_site(study, "s1")
    user = make_person(study, "coordinator", name="bench")
    return [*imports(study, user), "", *pages(study, user)]


def imports(study, user) -> list[str]:
    """Seconds of both steps of an import, and of the same table once more."""
    from studies.services.imports import import_apply, import_check, import_create  # noqa: PLC0415

    lines = told([f"| {N_PATIENTS:,} rows | wall, s | CPU, s |", "|" + " --- |" * 3])
    for when in ("new", "the same table again"):
        row = import_create(actor=user, study=study, content=table(N_PATIENTS))
        steps: tuple[tuple[str, Callable[[], object]], ...] = (
            ("dry run with verdicts", lambda row=row: import_check(row=row)),
            ("import", lambda row=row: import_apply(actor=user, row=row)),
        )
        spent = []
        for name, act in steps:
            wall, cpu = time.perf_counter(), time.process_time()
            act()
            spent.append((time.perf_counter() - wall, time.process_time() - cpu))
            lines += told([f"| {name}, {when} | {spent[-1][0]:.1f} | {spent[-1][1]:.1f} |"])
        both = [sum(pair[k] for pair in spent) for k in (0, 1)]
        lines += told(
            [f"| **both, {when}** | **{both[0]:.1f}** (budget {IMPORT_BUDGET_S:g}) | {both[1]:.1f} |"]
        )
    return lines


def told(lines: list[str]) -> list[str]:
    """The lines, printed."""
    print("\n".join(lines), flush=True)
    return lines


def pages(study, user) -> list[str]:
    """Milliseconds and queries of every page."""
    from django.test import Client  # noqa: PLC0415

    go_through_the_study(study, user)
    client = Client()
    client.force_login(user)
    page(client, f"/studies/bench/patients/{TABLE[0]}")  # loads every address, as her2web.wsgi does
    gc.collect()
    gc.freeze()  # as her2web.wsgi does, too
    lines = told(["| page | p50, ms | p95, ms | p95 CPU, ms | queries |", "|" + " --- |" * 5])
    addresses = [f"/studies/bench/patients/{query}" for query in TABLE]
    for address in addresses:
        lines += told([line_of(client, address, N_PAGES, BUDGET_MS)])
    for name in OTHERS:
        lines += told([line_of(client, f"/studies/bench/{name}", N_PAGES // 5, SLOW_MS)])
    return lines


def go_through_the_study(study, user) -> None:
    """Sign two thirds of the readings, screen everybody and draw the split."""
    from django.utils import timezone  # noqa: PLC0415

    from studies.models import Label, Screening  # noqa: PLC0415
    from studies.services.membership import membership_assign  # noqa: PLC0415
    from studies.services.recruitment import eligible_patients  # noqa: PLC0415

    draw = random.Random(7)
    labels = Label.objects.filter(specimen__patient__study=study)
    signed = [pk for pk in labels.values_list("pk", flat=True) if draw.random() < 2 / 3]
    for start in range(0, len(signed), 500):
        batch = labels.filter(pk__in=signed[start : start + 500])
        batch.update(status=Label.Status.LOCKED, locked_at=timezone.now())
    rows = []
    for patient in study.patients.all():
        chance = draw.random()
        why = ["exclusion_d"] if chance < 0.1 else ["exclusion_b", "exclusion_f"] if chance < 0.15 else []
        decision = "excluded" if why else "undecided" if chance > 0.97 else "included"
        rows.append(Screening(patient=patient, decision=decision, reason=why[0] if why else "", reasons=why))
    Screening.objects.bulk_create(rows, batch_size=500)
    members = {pk: "test" if draw.random() < 0.2 else "training"
               for pk in eligible_patients(study).values_list("pk", flat=True)}  # fmt: skip
    membership_assign(actor=user, study=study, sides=members, rule="drawn for the benchmark")


def line_of(client, address: str, times: int, budget: float) -> str:
    """One line of the table."""
    from django.db import connection  # noqa: PLC0415
    from django.test.utils import CaptureQueriesContext  # noqa: PLC0415

    with CaptureQueriesContext(connection) as queries:
        page(client, address)
        n_queries = len(queries)
    spent = [page(client, address) for _ in range(times)]
    wall, cpu = ([pair[k] * 1000 for pair in spent] for k in (0, 1))
    name = address.removeprefix("/studies/bench/") or "(overview)"
    return (
        f"| `{name}` | {median(wall):.0f} | {percentile(wall, 0.95):.0f} (< {budget:g})"
        f" | {percentile(cpu, 0.95):.0f} | {n_queries} |"
    )


def page(client, path: str) -> tuple[float, float]:
    """Seconds of wall clock and of CPU for one page."""
    wall, cpu = time.perf_counter(), time.process_time()
    assert client.get(path).status_code == 200, path
    return time.perf_counter() - wall, time.process_time() - cpu


if __name__ == "__main__":
    main()
