"""The job that writes a report: rows -> facts -> both languages -> HTML and PDF -> stored files."""

from typing import Any, Protocol

from django.utils import translation

from analysis.models import Job
from analysis.pipeline.metrics import jsonable
from analysis.reports.document.checklists import checklists_of
from analysis.reports.document.gather import Material, gather
from analysis.reports.document.own_words import refused_in
from analysis.reports.document.printing import PrintingError, printed_pdf
from analysis.reports.document.render import LANGUAGES, Front, claims_of, default_title, render
from analysis.reports.honest_words import Claims, refusals
from analysis.services.reports import Printed, facts_digest, report_store
from studies.errors import RuleViolationError

STEPS = 1 + 2 * len(LANGUAGES)


class Ticker(Protocol):
    """What a job gives its work: stages and progress in, the wish to stop out."""

    def begin(self, stage: str, total: int = 0) -> None:
        """Name the stage that starts now."""

    def progress(self, done: int, total: int) -> None:
        """Report steps that are finished."""


def write_report(job: Job, ticker: Ticker) -> dict[str, Any]:
    """Write, print and store the report of a study; nothing is stored where a wording is refused."""
    ticker.begin("reading the study", STEPS)
    material = gather(job.study)
    claims = claims_of(material.facts)
    title, comment = job.parameters.get("title", ""), job.parameters.get("comment", "")
    _require_honest({"title": title, "comment": comment, **material.facts.statements}, claims)
    facts = jsonable(material.facts)
    number = job.study.reports.count() + 1
    front = Front(title, comment, number, facts_digest(facts), job.parameters.get("address", ""))
    printed, problems = _printed(material, front, ticker)
    with translation.override("en"):
        counts = {checklist.code: checklist.counts for checklist in checklists_of(material.facts)}
        default = default_title(material.study.title)
    ticker.begin("storing the report", STEPS)
    report = report_store(
        job=job,
        version=material.version,
        number=number,
        title=title or default,
        comment=comment,
        n_looks=material.facts.n_looks,
        facts=facts,
        checklists=counts,
        printed=printed,
    )
    unmet = sum(found["unmet"] for found in counts.values())
    message = f"Report {report.number} is printed; {unmet} checklist items are unmet and listed as such."
    return {"report": str(report.pk), "message": " ".join([message, *dict.fromkeys(problems)])}


def _printed(material: Material, front: Front, ticker: Ticker) -> tuple[list[Printed], list[str]]:
    """HTML and PDF in every language; a PDF that cannot be made leaves a sentence instead."""
    files: list[Printed] = []
    problems: list[str] = []
    for number, language in enumerate(LANGUAGES):
        ticker.begin(f"writing ({language})", STEPS)
        ticker.progress(1 + 2 * number, STEPS)
        html = render(material, front, language)
        _require_own_words(html, claims_of(material.facts))
        files.append(Printed(language, "html", html.encode()))
        ticker.begin(f"printing ({language})", STEPS)
        ticker.progress(2 + 2 * number, STEPS)
        try:
            files.append(Printed(language, "pdf", printed_pdf(html)))
        except PrintingError as error:
            problems.append(str(error))
    return files, problems


def _require_honest(texts: dict[str, str], claims: Claims) -> None:
    """Refuse what people wrote where the rows do not support it."""
    for where, text in texts.items():
        found = refusals(text, claims)
        if found:
            with translation.override("en"):
                raise RuleViolationError(
                    f"Refused in {where}: “{found[0].words}”. {found[0].why} Change it, then print again."
                )


def _require_own_words(html: str, claims: Claims) -> None:
    """Refuse the report's own text: a sentence of this program that its rows do not support is a fault."""
    for block, refusal in refused_in(html, claims):
        raise RuleViolationError(
            f"The report would print “{refusal.words}” without support, in: {block[:200]} Tell the "
            f"developers."
        )
