"""Evidence on learning, judging and openness, computed from the facts."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from analysis.reports.document.evidence_further import further_words
from analysis.reports.document.facts import StudyFacts
from analysis.reports.document.findings import (
    Finding,
    State,
    Topic,
    met,
    not_applicable,
    partly,
    said,
    unmet,
    with_statement,
)
from analysis.reports.model_tables import model_name

ROBUSTNESS = ("label_rules", "box_source", "box_jitter", "masks", "shuffle", "outside")
ENOUGH_KINDS = 3
"""Kinds of sensitivity analysis from which the item counts as met."""


def _needs_model(text: str, page: str = "models") -> Topic:
    """A topic that the methods of this report tell wherever an ensemble is of record."""

    def find(facts: StudyFacts) -> Finding:
        if facts.fitted is None:
            return unmet(_("No ensemble is of record."), "models")
        return met(_(text), page)

    return find


def _title(facts: StudyFacts) -> Finding:
    return met(
        _("The title page names development and internal evaluation, population, outcome and technology.")
    )


def _summary(facts: StudyFacts) -> Finding:
    if facts.fitted is None:
        return partly(_("The summary has design and data, but no result yet."))
    return met(_("The report opens with a structured summary."))


def _split(facts: StudyFacts) -> Finding:
    conduct = facts.conduct
    if not conduct.sealed_on:
        return unmet(_("The split is not sealed."), "split")
    if not conduct.seal_intact:
        return unmet(_("The membership no longer fits the seal of %s.") % conduct.sealed_on, "split")
    return met(_("Sealed on %(day)s, seal %(hash)s…, which the membership still fits.") % {
        "day": conduct.sealed_on, "hash": conduct.seal_hash[:12]}, "split")  # fmt: skip


def _level(facts: StudyFacts) -> Finding:
    if not facts.patients.training.assigned:
        return unmet(_("The split is not drawn."), "split")
    across = facts.patients.linked_across
    text = _("Disjoint by patient; groups of linked patients on both sides: %d.") % across
    return met(text, "split") if across == 0 else unmet(text, "split")


def _sample_size(facts: StudyFacts) -> Finding:
    sides = facts.patients.training, facts.patients.test
    events = [side.positive for side in sides if side.positive is not None]
    text = _("HER2-positive patients by side: %s; precision reached is shown by every interval.") % (
        " + ".join(str(n) for n in events) or "–"
    )
    return with_statement(partly(text, "results"), "sample_size", facts)


def _size_planned(facts: StudyFacts) -> Finding:
    finding = _sample_size(facts)
    if "sample_size" in facts.statements:
        return Finding(State.STATED, finding.text, finding.page)
    return finding


def _events(facts: StudyFacts) -> Finding:
    if not facts.evaluations:
        return unmet(_("Nothing has been judged yet."), "models")
    parts = [
        _("%(n)d patients, %(events)d HER2-positive") % {
            "n": row["positive"] + row["negative"], "events": row["positive"],
        }
        for row in facts.evaluations.values()
    ]  # fmt: skip
    return met("; ".join(dict.fromkeys(parts)) + ".", "results")


def _clusters(facts: StudyFacts) -> Finding:
    n_sites = len(facts.patients.per_site)
    if n_sites < 2:
        return not_applicable(_("One site only."))
    if "subgroups" in facts.further:
        return met(_("Figures by site are among the subgroups."), "results")
    return unmet(
        ngettext("%d site, but no figures by site.", "%d sites, but no figures by site.", n_sites) % n_sites,
        "results",
    )


def _fairness(facts: StudyFacts) -> Finding:
    if "subgroups" in facts.further:
        return with_statement(
            met(_("Figures by age group and site are tabled."), "results"), "fairness", facts
        )
    return said("fairness")(facts)


def _imbalance(facts: StudyFacts) -> Finding:
    if facts.fitted is None:
        return unmet(_("No ensemble is of record."), "models")
    return met(
        _("Classes are weighted inversely to their frequency, probabilities recalibrated out of fold."),
        "models",
    )


def _updating(facts: StudyFacts) -> Finding:
    return not_applicable(
        _("No model was updated because of an evaluation; a new version is a new ensemble."), "models"
    )


def _sets_compared(facts: StudyFacts) -> Finding:
    if not facts.patients.training.assigned:
        return unmet(_("The split is not drawn."), "split")
    return met(_("Table 1 compares both sides, with the tests named."), "results")


def _performance(facts: StudyFacts) -> Finding:
    if "test" in facts.evaluations:
        look = facts.evaluations["test"]["look"]
        return met(_("Test side with intervals and raw counts, after look %d.") % look, "results")
    if facts.evaluations:
        return partly(
            _("Out-of-fold figures only: nobody has looked at the test side with this version."), "results"
        )
    return unmet(_("Nothing has been judged yet."), "models")


def _calibrated(facts: StudyFacts) -> Finding:
    rows = [row for row in facts.evaluations.values() if row["chosen"] and row["chosen"]["calibration"]]
    if not rows:
        return unmet(_("No calibration is stored."), "results")
    return met(_("Calibration is stored for %d sides.") % len(rows), "results")


def _crosstab(facts: StudyFacts) -> Finding:
    if "test" not in facts.evaluations:
        return unmet(_("Nobody has looked at the test side with this version."), "results")
    counts = facts.evaluations["test"]["chosen"]["counts"]
    text = _("True positive %(tp)d, false positive %(fp)d, true negative %(tn)d, false negative %(fn)d.")
    return met(text % counts, "results")


def _external(facts: StudyFacts) -> Finding:
    if facts.patients.other_centre:
        return met(_("All test patients come from other sites than the training patients."), "split")
    if facts.patients.later_time:
        return partly(
            _("Same sites; all test patients were examined after the last training patient."), "split"
        )
    return unmet(_("The test side comes from the same sites and the same time: no external data."), "split")


def _failures(facts: StudyFacts) -> Finding:
    if "test" not in facts.evaluations:
        return unmet(_("Nobody has looked at the test side with this version."), "results")
    counts = facts.evaluations["test"]["chosen"]["counts"]
    return partly(
        _("Wrong calls are counted (%(fn)d missed, %(fp)d false alarms) but not analysed.") % counts,
        "results",
    )


def _robustness(facts: StudyFacts) -> Finding:
    done = [name for name in ROBUSTNESS if name in facts.further]
    if not done:
        return unmet(_("No sensitivity analysis is stored."), "results")
    text = _("Stored: %s.") % ", ".join(further_words()[name] for name in done)
    return met(text, "results") if len(done) >= ENOUGH_KINDS else partly(text, "results")


def _explained(facts: StudyFacts) -> Finding:
    if facts.fitted is None or not facts.fitted.predictions:
        return unmet(_("No prediction is stored."), "models")
    text = _("%d predictions are stored with what drove them and the nearest training patients.")
    return met(text % facts.fitted.predictions, "cohort")


def _model_given(facts: StudyFacts) -> Finding:
    if facts.fitted is None:
        return unmet(_("No ensemble is of record."), "models")
    text = _("Stored without pickle, sealed, SHA-256 %s…; the code and the parameters above rebuild it.")
    return with_statement(met(text % facts.fitted.digest[:12], "models"), "code_sharing", facts)


def _chosen(facts: StudyFacts) -> Finding:
    if facts.fitted is None:
        return unmet(_("No ensemble is of record."), "models")
    return met(_(
        "%s: the largest out-of-fold AUC of sixteen, training patients only."
    ) % model_name(facts.fitted.chosen),
               "models")  # fmt: skip


def _software(facts: StudyFacts) -> Finding:
    return met(
        _("%d packages with versions, and the digest of the program’s own code.") % len(facts.software)
    )


def _initial(facts: StudyFacts) -> Finding:
    if not facts.images.detectors:
        return unmet(_("No detector has run yet."), "models")
    return met(_("Detector: published weights named by digest; classifiers: seeded, seed stored."), "models")


def _limits(facts: StudyFacts) -> Finding:
    return met(_("The section on limits is written from the same facts."))


def _input_quality(facts: StudyFacts) -> Finding:
    images = facts.images
    text = _(
        "Unusable input is refused with a reason (%(files)d files) or marked (%(defects)d cines with a "
        "defect)."
    )
    return met(text % {"files": images.refused_files, "defects": images.with_defects}, "upload")


def _interaction(facts: StudyFacts) -> Finding:
    text = _("A reader may correct every box; boxes in use by people: %d.") % sum(
        n for source, n in facts.images.box_sources.items() if source != "model"
    )
    return with_statement(met(text, "cohort"), "assessors", facts)


def _outputs(facts: StudyFacts) -> Finding:
    conduct = facts.conduct
    text = _("%(events)d audited events; the chain of digests is %(state)s.") % {
        "events": conduct.events, "state": _("whole") if conduct.trail_intact else _("BROKEN"),
    }  # fmt: skip
    return met(text, "audit") if conduct.trail_intact else unmet(text, "audit")


def _indeterminate(facts: StudyFacts) -> Finding:
    calls = facts.reference.calls
    other = sum(n for call, n in calls.items() if call not in ("POSITIVE", "NEGATIVE"))
    text = _("Calls that are neither positive nor negative: %d; such patients are counted and left out.")
    return met(text % other, "pathology")


def _represents(facts: StudyFacts) -> Finding:
    calls = facts.reference.calls
    n = calls.get("POSITIVE", 0) + calls.get("NEGATIVE", 0)
    if not n:
        return unmet(_("No final HER2 label is on record."), "pathology")
    share = 100 * calls.get("POSITIVE", 0) / n
    text = _("HER2-positive: %(share).0f %% of %(n)d labelled patients; 15–20 %% is usual in practice.")
    return with_statement(partly(text % {"share": share, "n": n}, "cohort"), "representativeness", facts)


def _internal(facts: StudyFacts) -> Finding:
    if "oof" not in facts.evaluations:
        return unmet(_("Nothing has been judged yet."), "models")
    return met(
        _("Out-of-fold figures of all 24 models, apparent figures beside them only to show the gap."),
        "results",
    )


TOLD: dict[str, str] = {
    "predictors": gettext_noop(
        "All 2,184 video features and six clinical variables enter; columns are chosen inside folds only."
    ),
    "handling": gettext_noop(
        "Imputation, scaling and selection are told above; they were fitted inside folds."
    ),
    "building": gettext_noop(
        "Classifiers, grids, folds and seed are told above, as stored with the ensemble."
    ),
    "measures": gettext_noop("Discrimination, calibration, clinical use and comparisons are told above."),
    "statistics": gettext_noop("Every interval and every test is named with its method."),
    "calculation": gettext_noop(
        "Predictions are computed by this program, on the patient page and by its API."
    ),
    "threshold": gettext_noop(
        "A probability with an interval; the cut-off is Youden’s on out-of-fold predictions, frozen."
    ),
    "fusion": gettext_noop("Sixteen late fusions of a video and a clinical classifier, told above."),
}
"""Topics that the methods of this report tell wherever an ensemble is of record."""

MODEL_TOPICS: dict[str, Topic] = {
    **{name: _needs_model(text) for name, text in TOLD.items()},
    "internal": _internal,
    "title": _title,
    "summary": _summary,
    "split": _split,
    "level": _level,
    "sample_size": _size_planned,
    "events": _events,
    "clusters": _clusters,
    "fairness_done": _fairness,
    "imbalance": _imbalance,
    "updating": _updating,
    "sets_compared": _sets_compared,
    "performance": _performance,
    "calibrated": _calibrated,
    "crosstab": _crosstab,
    "external": _external,
    "failures": _failures,
    "robustness": _robustness,
    "explained": _explained,
    "model_given": _model_given,
    "chosen": _chosen,
    "software": _software,
    "initial": _initial,
    "limits": _limits,
    "input_quality": _input_quality,
    "interaction": _interaction,
    "outputs": _outputs,
    "indeterminate": _indeterminate,
    "represents": _represents,
}
