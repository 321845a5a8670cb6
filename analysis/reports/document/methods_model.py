"""Methods of learning and judging, written from the parameters that are stored with the ensemble."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from analysis.reports.document.facts import Fitted, StudyFacts
from analysis.reports.document.methods_data import Section
from analysis.reports.fusion_words import fusion_rule
from analysis.reports.model_tables import model_name


def model_sections(facts: StudyFacts) -> list[Section]:
    """Methods from the split to the statistics; learning is told only where something was learned."""
    sections = [Section(_("Split and seal"), (_split(facts), _seal(facts)))]
    if facts.fitted is None:
        nothing = _("No ensemble is of record yet, so nothing about learning can be told.")
        return [*sections, Section(_("Classifiers"), (nothing,)), _blinding(facts)]
    fitted = facts.fitted
    return [
        *sections,
        Section(_("Missing values"), (_missing(facts),)),
        Section(_("Classifiers"), (_selection(fitted), _classifiers(fitted))),
        Section(_("Fusion, choice and cut-off"), (_fusion(fitted), _cutoff(fitted))),
        Section(_("Statistics"), tuple(_statistics(facts))),
        _blinding(facts),
    ]


def _split(facts: StudyFacts) -> str:
    conduct, patients = facts.conduct, facts.patients
    rules = "; ".join(f"“{rule}”: {n}" for rule, n in sorted(conduct.split_rules.items()))
    if not rules:
        return _("The split is not drawn yet.")
    newcomers = _("those who came after the seal join the training side (%d so far)") % patients.late_joiners
    if patients.temporal is not None:
        newcomers = (
            _("those who came after the seal form a temporal test of their own (%d so far)")
            % patients.temporal.assigned
        )
    return _(
        "Patients were assigned to a side by stored rules (%(rules)s), seed %(seed)d. The level of the split "
        "is the patient; patients that share a file or have look-alike cines stay on one side: %(linked)s. A "
        "patient never moves; %(newcomers)s."
    ) % {
        "rules": rules,
        "seed": conduct.split_seed,
        "linked": ngettext(
            "%d linked group on both sides", "%d linked groups on both sides", patients.linked_across
        )
        % patients.linked_across,
        "newcomers": newcomers,
    }


def _seal(facts: StudyFacts) -> str:
    conduct = facts.conduct
    if not conduct.sealed_on:
        return _("The split is not sealed; test patients could still change sides.")
    state = {
        True: _("the membership still fits the seal"),
        False: _("the membership no longer fits the seal"),
        None: "",
    }[conduct.seal_intact]
    looks = ngettext("%d counted look", "%d counted looks", len(conduct.looks)) % len(conduct.looks)
    said = _("Sealed on %(day)s with SHA-256 %(hash)s; %(state)s. Test side: %(looks)s so far.") % {
        "day": conduct.sealed_on, "hash": conduct.seal_hash, "state": state, "looks": looks,
    }  # fmt: skip
    if facts.patients.temporal is None:
        return said
    n = len(conduct.temporal_looks)
    counted = ngettext("%d counted look", "%d counted looks", n) % n
    return f"{said} " + _("Temporal test: %s of its own so far.") % counted


def _missing(facts: StudyFacts) -> str:
    share = facts.fitted.parameters["classifiers"]["missing_share"] if facts.fitted else 0
    return _(
        "Missing values were replaced by the median of the training patients inside each fold; a video "
        "feature with more than %(share)g %% missing was dropped. Patients without a final label, a cine, "
        "current features or a compliant cine were left out and are counted in the flow, not imputed."
    ) % {"share": 100 * share}


def _selection(fitted: Fitted) -> str:
    chosen = fitted.parameters["classifiers"]
    return _(
        "Inside each training fold, and nowhere else: constant columns dropped, z-values, of columns "
        "correlated above |Spearman ρ| %(redundancy)g the better separator kept, then a lasso (%(folds)d "
        "folds, one standard error, at most %(most)d columns). SVM and logistic regression take one column "
        "for five events at most."
    ) % {
        "redundancy": chosen["redundancy"],
        "folds": chosen["lasso_folds"],
        "most": chosen["most_features"],
    }


def _classifiers(fitted: Fitted) -> str:
    chosen = fitted.parameters["classifiers"]
    return _(
        "Four classifiers were fitted on the 2,184 video features and the same four on six clinical "
        "variables (age, size, menopausal status, cT, cN, cTNM), classes weighted inversely to their "
        "frequency. Grids: SVM with radial kernel C %(svm)s; random forest of %(trees)d trees, smallest leaf "
        "%(leaves)s; logistic regression C %(lr)s; XGBoost depth %(depths)s, %(rounds)s rounds. Tuned on "
        "%(inner)d inner folds inside %(outer)d outer folds, seed %(seed)d."
    ) % {
        "svm": _grid(chosen["svm_c"]),
        "trees": chosen["rf_trees"],
        "leaves": _grid(chosen["rf_leaves"]),
        "lr": _grid(chosen["lr_c"]),
        "depths": _grid(chosen["xgb_depths"]),
        "rounds": _grid(chosen["xgb_trees"]),
        "inner": fitted.parameters["inner_folds"],
        "outer": fitted.parameters["outer_folds"],
        "seed": fitted.parameters["seed"],
    }


def _fusion(fitted: Fitted) -> str:
    return _(
        "Each of the 16 pairs of a video and a clinical classifier was fused late by %(rule)s. The model of "
        "record, %(name)s (version %(number)d of %(day)s), is the fused one with the largest out-of-fold "
        "AUC: chosen among sixteen on training patients alone. The rule was chosen before training."
    ) % {
        "rule": fusion_rule(fitted.parameters["fusion"]),
        "name": model_name(fitted.chosen),
        "number": fitted.number,
        "day": fitted.day,
    }


def _cutoff(fitted: Fitted) -> str:
    return _(
        "Its cut-off, %(cutoff).4f on the fused score, maximises Youden’s index on out-of-fold predictions "
        "of the training patients and was frozen. Probabilities are recalibrated by Platt’s sigmoid on the "
        "same predictions. Then all classifiers were fitted once more on all training patients."
    ) % {"cutoff": fitted.cutoff}


def _statistics(facts: StudyFacts) -> list[str]:
    chosen = next((row["chosen"] for row in facts.evaluations.values() if row["chosen"]), None)
    if chosen is None:
        return [_("Nothing has been judged yet.")]
    proportion = chosen["metrics"]["SEN"]["method"]
    texts = [
        _(
            "AUC with DeLong’s interval%(bootstrap)s. Sensitivity, specificity and the share of right calls "
            "with %(proportion)s intervals and raw counts; Youden’s index: %(youden)s; likelihood ratios: "
            "%(ratio)s. All intervals are two-sided at 95 %%."
        )
        % {
            "bootstrap": _bootstrap(chosen),
            "proportion": proportion,
            "youden": chosen["metrics"]["YI"]["method"],
            "ratio": chosen["metrics"].get("LR+", {}).get("method", "–"),
        },
        _(
            "Models are compared on the same patients by paired DeLong, a bootstrap of the difference and "
            "exact McNemar at the frozen cut-offs, Holm-adjusted over all comparisons. Calibration: "
            "intercept, slope, observed to expected, smoothed curve, Brier score. Clinical use: decision "
            "curve."
        ),
    ]
    selection = next((row["selection"] for row in facts.evaluations.values() if row["selection"]), None)
    if selection:
        texts.append(_("Correction for having chosen among sixteen: %s.") % selection["method"])
    return texts


def _bootstrap(chosen: Mapping[str, Any]) -> str:
    if not chosen["bootstrap"]:
        return ""
    return _(" and beside it a %(method)s interval (%(n)d resamples, seed %(seed)d)") % {
        "method": chosen["bootstrap"]["method"],
        "n": chosen["bootstrap"]["replicates"],
        "seed": chosen["bootstrap"]["seed"],
    }


def _blinding(facts: StudyFacts) -> Section:
    conduct = facts.conduct
    first = _(
        "Whoever holds a sonographer’s grant sees neither labels nor predictions of the study, whatever else "
        "they hold; pathologists see no images, boxes or predictions through their role. By the grants as "
        "they are now: %(readers)d of the readers with signed boxes could see labels or predictions; "
        "%(pathologists)d of %(granted)d pathologists could see predictions."
    ) % {
        "readers": conduct.readers_unblinded,
        "pathologists": conduct.pathologists_seeing_predictions,
        "granted": conduct.pathologists_granted,
    }
    second = _(
        "Labels of the sealed test side were readable to %(trainers)d of %(granted)d administrators before "
        "the first look. Refused attempts on record: %(denials)d by %(people)d people. Boxes of test "
        "patients edited by people after the first look: %(boxes)d. Boxes of record, labels and clinical "
        "values of test patients that differ from what was judged: %(edits)d."
    ) % {
        "trainers": conduct.trainers_seeing_labels,
        "granted": conduct.trainers_granted,
        "denials": conduct.denials,
        "people": conduct.denied_people,
        "boxes": conduct.test_box_edits,
        "edits": len(conduct.test_edits),
    }
    return Section(_("Blinding"), (first, second))


def _grid(values: Sequence[float]) -> str:
    return " / ".join(f"{value:g}" for value in values)
