"""Evidence on patients, reference standard, cines and boxes, computed from the facts."""

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from analysis.reports.document.facts import StudyFacts
from analysis.reports.document.findings import (
    Finding,
    Topic,
    graded,
    met,
    not_applicable,
    partly,
    place_of,
    unmet,
    with_statement,
)
from analysis.reports.document.methods_data import listed, percent, three
from analysis.reports.judged_edits import invalid_words, unknown_words
from analysis.services.judged_inputs import JudgedInputs


def _design(facts: StudyFacts) -> Finding:
    if not facts.patients.registered:
        return unmet(_("No patient is registered."), "cohort")
    return met(
        _("Retrospective: stored cines and finished pathology of %d patients.") % facts.patients.registered,
        "cohort",
    )


def _data_source(facts: StudyFacts) -> Finding:
    images = facts.images
    if not images.cines:
        return unmet(_("No cine is stored."), "upload")
    text = _("%(cines)d cines of %(patients)d patients, stored with the digest of every file.") % {
        "cines": images.cines, "patients": facts.patients.registered,
    }  # fmt: skip
    return with_statement(met(text, "cohort"), "recruitment", facts)


def _dates(facts: StudyFacts) -> Finding:
    patients = facts.patients
    text = _("Dates of examination on record: %s.") % percent(patients.exams_dated, patients.exams)
    if patients.exam_dates:
        first, last = patients.exam_dates
        text += " " + _("%(first)s to %(last)s.") % {"first": first, "last": last}
    return graded(patients.exams_dated, patients.exams, text, "cohort")


def _centres(facts: StudyFacts) -> Finding:
    n_sites = len(facts.patients.per_site)
    text = ngettext("%d site", "%d sites", n_sites) % n_sites + f" ({listed(facts.patients.per_site, {})})."
    return with_statement(met(text, "study"), "setting", facts)


def _eligibility(facts: StudyFacts) -> Finding:
    patients = facts.patients
    decided = sum(n for decision, n in patients.decisions.items() if decision != "undecided")
    text = _("Criteria of the protocol with a decision on record: %s of the patients.") % percent(
        decided, patients.registered
    )
    return graded(decided, patients.registered, text, "cohort")


def _data_criteria(facts: StudyFacts) -> Finding:
    if not facts.features.sets:
        return unmet(_("No cine is described yet."), "jobs")
    text = _("Rules of compliance of a cine are fixed in the code; %d cines do not comply.")
    return met(text % facts.features.not_compliant, "cohort")


def _treatments(facts: StudyFacts) -> Finding:
    phases = facts.patients.exam_phases
    if not phases:
        return unmet(_("No examination is on record."), "cohort")
    other = sum(n for phase, n in phases.items() if phase != "baseline")
    text = _("Examinations outside baseline (during or after therapy): %s.") % percent(
        other, sum(phases.values())
    )
    return with_statement(met(text, "cohort"), "treatments", facts)


def _outcome(facts: StudyFacts) -> Finding:
    labelled = sum(facts.reference.calls.values())
    if not labelled:
        return unmet(_("No final HER2 label is on record."), "pathology")
    return met(
        _("One declared rule derives the outcome from signed readings (%d patients).") % labelled, "pathology"
    )


def _outcome_rules(facts: StudyFacts) -> Finding:
    reference = facts.reference
    if not reference.compared:
        return unmet(_("No final HER2 label is on record."), "pathology")
    return met(_("The ASCO/CAP rule and the published paper’s own differ in %s of the patients.") % percent(
        reference.rules_differ, reference.compared), "pathology")  # fmt: skip


def _assessors(facts: StudyFacts) -> Finding:
    readers = facts.reference.readers
    text = ngettext("%d pathologist signed readings.", "%d pathologists signed readings.", readers) % readers
    return with_statement(met(text, "pathology") if readers else unmet(text, "pathology"), "assessors", facts)


def _outcome_blinded(facts: StudyFacts) -> Finding:
    conduct = facts.conduct
    if not conduct.pathologists_granted:
        return unmet(_("Nobody holds a pathologist’s grant."), "people")
    text = _(
        "%(open)d of %(granted)d pathologists could see predictions by their grants; %(after)d patients were "
        "labelled after a prediction of them existed; %(denials)d refused attempts on record."
    ) % {
        "open": conduct.pathologists_seeing_predictions,
        "granted": conduct.pathologists_granted,
        "after": facts.reference.after_prediction,
        "denials": conduct.denials,
    }
    if conduct.pathologists_seeing_predictions == 0:
        return met(text, "people")
    return partly(text, "people") if facts.reference.after_prediction == 0 else unmet(text, "people")


def _index_blinded(facts: StudyFacts) -> Finding:
    conduct, images = facts.conduct, facts.images
    if not images.cines:
        return unmet(_("No cine is stored."), "upload")
    if not images.readers:
        return met(_("No person’s box is in use: the detector drew every box without labels."), "cohort")
    text = _(
        "%(open)d of %(readers)d readers with signed boxes could see labels or predictions by their grants."
    ) % {
        "open": conduct.readers_unblinded, "readers": images.readers,
    }  # fmt: skip
    return met(text, "people") if conduct.readers_unblinded == 0 else unmet(text, "people")


def _test_untouched(facts: StudyFacts) -> Finding:
    conduct = facts.conduct
    if not facts.patients.test.assigned:
        return unmet(_("The split is not drawn."), "split")
    if conduct.test_edits:
        return unmet(invalid_words(conduct.test_edits), "results")
    text = _("Boxes of test patients edited by people after the first look: %d.") % conduct.test_box_edits
    if conduct.test_box_edits:
        return unmet(text, "audit")
    if not conduct.test_inputs_known:
        return partly(text + " " + unknown_words(JudgedInputs(known=False)), "audit")
    return met(text + " " + _("Nothing that was judged has changed since."), "audit")


def _reference_source(facts: StudyFacts) -> Finding:
    reference = facts.reference
    if not reference.readings:
        return unmet(_("No signed reading is on record."), "pathology")
    return met(_("Signed readings: %s.") % listed(reference.readings, {}), "pathology")


def _agreement_of_readers(facts: StudyFacts) -> Finding:
    images = facts.images
    second = facts.reference.readings.get("second", 0)
    if not images.double_read and not second:
        return unmet(_("No cine was read twice and no specimen has a second reading."), "agreement")
    overlap = "–" if images.reader_iou is None else f"{images.reader_iou:.3f}"
    text = _(
        "%(double)d cines were read twice, mean overlap (IoU) %(iou)s; second readings of pathology: "
        "%(second)d."
    )
    return met(text % {"double": images.double_read, "iou": overlap, "second": second}, "agreement")


def _test_annotation(facts: StudyFacts) -> Finding:
    images = facts.images
    text = _(
        "Boxes of the test side follow the same rule as all others; signed by a reader: %s of all cines."
    ) % percent(images.signed_cines, images.cines)
    return graded(images.signed_cines, images.cines, text, "cohort")


def _devices(facts: StudyFacts) -> Finding:
    images = facts.images
    known = sum(images.devices.values())
    text = _("Machine and model on record: %s of the cines.") % percent(known, images.cines)
    return graded(known, images.cines, text, "cohort")


def _acquisition(facts: StudyFacts) -> Finding:
    images = facts.images
    text = _("On record: depth %(depth)s, frequency %(frequency)s, frame rate %(rate)s.") % {
        "depth": percent(images.depth_known, images.cines),
        "frequency": percent(images.frequency_known, images.cines),
        "rate": percent(images.rate_known, images.cines),
    }
    known = min(images.depth_known, images.frequency_known, images.rate_known)
    some = max(images.depth_known, images.frequency_known, images.rate_known)
    return graded(images.cines if known == images.cines else some and 1, images.cines, text, "cohort")


def _preprocessing(facts: StudyFacts) -> Finding:
    sets = facts.features.parameter_sets
    if not sets:
        return unmet(_("No features are computed yet."), "jobs")
    if len(sets) > 1:
        return partly(
            _("Features in use were computed with %d different sets of parameters.") % len(sets), "jobs"
        )
    return met(
        _("All %d feature sets in use have the same parameters, listed above.") % facts.features.sets, "jobs"
    )


def _deidentified(facts: StudyFacts) -> Finding:
    images = facts.images
    if not images.cines:
        return unmet(_("No cine is stored."), "upload")
    text = _(
        "Identifiers were removed from all %(cines)d cines when they came in; %(blanked)d had regions "
        "blanked."
    )
    return met(text % {"cines": images.cines, "blanked": images.blanked}, "upload")


def _missing(facts: StudyFacts) -> Finding:
    clinical, patients = facts.clinical, facts.patients
    empty = sum(sum(pair) for pair in clinical.missing.values())
    left = sum(patients.training.left_out.values()) + sum(patients.test.left_out.values())
    text = _(
        "Empty clinical values: %(empty)d, counted by variable and side; patients left out with a reason: "
        "%(left)d."
    )
    return met(text % {"empty": empty, "left": left}, "cohort")


def _flow(facts: StudyFacts) -> Finding:
    text = _("Flow diagram counted from rows: %(all)d registered, %(assigned)d assigned.") % {
        "all": facts.patients.registered,
        "assigned": facts.patients.training.assigned + facts.patients.test.assigned,
    }
    if not facts.patients.training.assigned:
        return partly(text, "study")
    return met(text, "study")


def _characteristics(facts: StudyFacts) -> Finding:
    if not facts.patients.training.assigned:
        return unmet(_("The split is not drawn, so there are no sides to describe."), "split")
    return met(_("Table 1: both sides, with missing values."), "results")


def _time_interval(facts: StudyFacts) -> Finding:
    reference = facts.reference
    labelled = sum(reference.calls.values())
    text = _("Days from ultrasound to tissue: %(days)s, known for %(known)d patients.") % {
        "days": three(reference.days_from_exam), "known": reference.days_known,
    }  # fmt: skip
    return graded(reference.days_known, labelled, text, "pathology")


def _severity(facts: StudyFacts) -> Finding:
    if not facts.reference.calls:
        return unmet(_("No final HER2 label is on record."), "pathology")
    return met(
        _("Stages by outcome are tabled; IHC scores of record: %s.") % listed(facts.reference.ihc, {}),
        "results",
    )


def _alternatives(facts: StudyFacts) -> Finding:
    categories = facts.reference.categories
    negative = facts.reference.calls.get("NEGATIVE", 0)
    known = sum(categories.values())
    text = _("HER2-negative patients by category: %s.") % (listed(categories, {}) or _("not recorded"))
    return graded(known, negative, text, "pathology")


def _adverse(facts: StudyFacts) -> Finding:
    if "adverse_events" in facts.statements:
        return met(_("Stated: “%s”.") % _("Adverse events of the tests"), place_of("adverse_events"))
    return not_applicable(_("Stored images were analysed; no test was performed for this study."))


DATA_TOPICS: dict[str, Topic] = {
    "design": _design,
    "data_source": _data_source,
    "dates": _dates,
    "centres": _centres,
    "eligibility": _eligibility,
    "data_criteria": _data_criteria,
    "treatments": _treatments,
    "outcome": _outcome,
    "outcome_rules": _outcome_rules,
    "assessors": _assessors,
    "outcome_blinded": _outcome_blinded,
    "index_blinded": _index_blinded,
    "test_untouched": _test_untouched,
    "reference_source": _reference_source,
    "agreement_of_readers": _agreement_of_readers,
    "test_annotation": _test_annotation,
    "devices": _devices,
    "acquisition": _acquisition,
    "preprocessing": _preprocessing,
    "deidentified": _deidentified,
    "missing": _missing,
    "flow": _flow,
    "characteristics": _characteristics,
    "time_interval": _time_interval,
    "severity": _severity,
    "alternatives": _alternatives,
    "adverse": _adverse,
}
