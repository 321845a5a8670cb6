"""The three checklists, filled from the facts of a study."""

from analysis.models import Statement
from analysis.reports.document.checklist import Checklist, fill
from analysis.reports.document.checklist_claim import CLAIM
from analysis.reports.document.checklist_stard import STARD
from analysis.reports.document.checklist_tripod import TRIPOD
from analysis.reports.document.evidence_data import DATA_TOPICS
from analysis.reports.document.evidence_further import FURTHER_TOPICS
from analysis.reports.document.evidence_model import MODEL_TOPICS
from analysis.reports.document.facts import StudyFacts
from analysis.reports.document.findings import Finding, said

SOURCES = (
    ("tripod_ai", "TRIPOD+AI", "Collins GS, et al. BMJ 2024;385:e078378", TRIPOD),
    ("claim", "CLAIM 2024", "Tejani AS, et al. Radiol Artif Intell 2024;6(4):e240300", CLAIM),
    ("stard_ai", "STARD-AI", "Sounderajah V, et al. Nat Med 2025;31:3283–3289", STARD),
)


def findings_of(facts: StudyFacts) -> dict[str, Finding]:
    """Topic to what was found, in the active language."""
    topics = {**{str(topic): said(topic) for topic in Statement.Topic.values}, **DATA_TOPICS, **MODEL_TOPICS}
    return {name: find(facts) for name, find in {**topics, **FURTHER_TOPICS}.items()}


def checklists_of(facts: StudyFacts) -> list[Checklist]:
    """TRIPOD+AI, CLAIM and STARD-AI, every item answered, in the active language."""
    findings = findings_of(facts)
    return [Checklist(code, name, source, fill(items, findings)) for code, name, source, items in SOURCES]
