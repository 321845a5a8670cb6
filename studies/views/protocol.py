"""What the patient page shows beside the clips: conformity to the acquisition protocol, and the course."""

from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext as _

from studies.models import Clip, Patient
from studies.rules.acquisition import AcquisitionRow, acquisition_verdict
from studies.rules.verdicts import Verdict
from studies.services.acquisition import acquisition_of

STYLES = {Verdict.MET: "status-ok", Verdict.NOT_MET: "status-bad", Verdict.NOT_RECORDED: "status-wait"}


@dataclass(frozen=True, slots=True)
class ProtocolRow:
    """One rule for one clip: its style and its verdict in words."""

    row: AcquisitionRow
    style: str
    verdict: str


@dataclass(frozen=True, slots=True)
class Protocol:
    """All rules of the acquisition protocol for one clip."""

    rows: tuple[ProtocolRow, ...]
    style: str
    n_met: int


def protocol_of(clip: Clip) -> Protocol:
    """Check a clip against the protocol, with the box of the track of record as evidence of its centre."""
    rows = acquisition_of([clip])[clip.pk]
    words = verdict_words()
    shown = tuple(ProtocolRow(row, STYLES[row.verdict], words[row.verdict]) for row in rows)
    n_met = sum(row.verdict == Verdict.MET for row in rows)
    return Protocol(shown, STYLES[acquisition_verdict(rows)], n_met)


def verdict_words() -> dict[Verdict, str]:
    """Verdicts in the language of the page."""
    return {
        Verdict.MET: _("met"),
        Verdict.NOT_MET: _("not met"),
        Verdict.NOT_RECORDED: _("not recorded"),
    }


@dataclass(frozen=True, slots=True)
class Event:
    """One dated thing of a patient's course; None where the date is not recorded."""

    on: date | None
    text: str


def timeline_of(patient: Patient, *, with_specimens: bool) -> list[Event]:
    """Visits, and specimens for those who may know of them, by date; undated ones last."""
    events = [
        Event(exam.performed_on, _("Ultrasound, %s") % exam.get_phase_display())
        for exam in patient.exams.all()
    ]
    if with_specimens:
        events += [
            Event(specimen.taken_on, _("Specimen: %s") % specimen.get_kind_display())
            for specimen in patient.specimens.all()
        ]
    return sorted(events, key=lambda event: (event.on is None, event.on or date.max))
