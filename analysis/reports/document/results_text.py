"""Results in words and small tables, from stored evaluations."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from analysis.models import Evaluation
from analysis.reports.document.facts import StudyFacts
from analysis.reports.document.methods_data import percent
from analysis.reports.model_tables import cohort_label, likelihood_ratio, model_name
from analysis.reports.tables import DASH, INFINITE, Cell, Table, printed
from analysis.reports.temporal import TemporalTest
from studies.templatetags.stored_sentences import translated

HEADLINE = (Evaluation.Cohort.TEST, Evaluation.Cohort.OUT_OF_FOLD)
RATIOS = ("LR+", "LR-")
SIDES = (
    Evaluation.Cohort.TEST,
    Evaluation.Cohort.TEMPORAL,
    Evaluation.Cohort.OUT_OF_FOLD,
    Evaluation.Cohort.APPARENT,
)


@dataclass(frozen=True, slots=True)
class Grid:
    """A plain table: caption, heads, rows of text, and a note below."""

    caption: str
    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""


def headline_side(evaluations: Mapping[str, Any]) -> str | None:
    """The side whose figures come first: the test side where somebody looked, else out of fold."""
    return next((str(side) for side in HEADLINE if side in evaluations), None)


def summary_of(facts: StudyFacts) -> list[tuple[str, str]]:
    """A structured summary: heading and sentence."""
    patients = facts.patients
    found = [
        (
            _("Design"),
            _("Retrospective; development and internal evaluation of a model that predicts HER2 status."),
        ),
        (
            _("Data"),
            _(
                "%(registered)d patients, %(cines)d cines with %(frames)d frames; training %(training)d, "
                "test %(test)d."
            )
            % {
                "registered": patients.registered,
                "cines": facts.images.cines,
                "frames": facts.images.frames,
                "training": patients.training.assigned,
                "test": patients.test.assigned,
            },
        ),
        (_("Reference"), _reference(facts)),
    ]
    if facts.fitted is None:
        return [*found, (_("Result"), _("No ensemble is of record yet."))]
    return [
        *found,
        (
            _("Model"),
            _("%s, the best of sixteen late fusions out of fold.") % model_name(facts.fitted.chosen),
        ),
        (_("Result"), performance(facts)),
    ]


def performance(facts: StudyFacts) -> str:
    """AUC, sensitivity and specificity of the chosen model on the headline side, each with its method."""
    side = headline_side(facts.evaluations)
    if side is None:
        return _("Nothing has been judged yet.")
    return performance_on(facts, side)


def performance_on(facts: StudyFacts, side: str) -> str:
    """The same on one side."""
    row = facts.evaluations[side]
    chosen = row["chosen"]
    sensitivity, specificity = chosen["metrics"]["SEN"], chosen["metrics"]["SPC"]
    return _(
        "%(side)s (%(events)d HER2-positive, %(others)d negative): AUC %(auc).3f [%(low).3f, %(high).3f] by "
        "DeLong; at the frozen cut-off sensitivity %(sen)s and specificity %(spc)s, intervals by %(method)s."
    ) % {
        "side": capitalised(cohort_label(side)),
        "events": row["positive"],
        "others": row["negative"],
        "auc": chosen["auc"],
        "low": chosen["auc_low"],
        "high": chosen["auc_high"],
        "sen": fraction(sensitivity),
        "spc": fraction(specificity),
        "method": sensitivity["method"],
    }


def result_paragraphs(facts: StudyFacts) -> list[str]:
    """Participants and performance in words."""
    patients = facts.patients
    labels = _("On record: %s of the registered patients have a side of the split.") % percent(
        patients.training.assigned + patients.test.assigned, patients.registered
    )
    if facts.fitted is None:
        return [labels]
    found = [labels, performance(facts)]
    side = headline_side(facts.evaluations)
    if side is None:
        return found
    row = facts.evaluations[side]
    majority = row["chosen"]["metrics"]["MAJORITY"]
    right = row["chosen"]["metrics"]["ACC"]
    found.append(
        _("Right calls: %(right)s; calling everybody the majority class would be right in %(majority)s.")
        % {"right": fraction(right), "majority": fraction(majority)}
    )
    if calibration := row["chosen"]["calibration"]:
        found.append(_calibration(calibration))
    if selection := facts.evaluations.get(Evaluation.Cohort.OUT_OF_FOLD, {}).get("selection"):
        found.append(_chosen_among(selection))
    if facts.patients.temporal is not None:
        found.append(_temporal(facts, facts.patients.temporal))
    return found


def _temporal(facts: StudyFacts, found: TemporalTest) -> str:
    """What is known of the temporal test, in the order: figures, how many, when."""
    assigned = (
        ngettext(
            "Temporal test: %d patient who came after the seal.",
            "Temporal test: %d patients who came after the seal.",
            found.assigned,
        )
        % found.assigned
    )
    judged = _("Nobody has looked at it with this version; its classes are sealed.")
    if found.is_judged and facts.evaluations.get(Evaluation.Cohort.TEMPORAL, {}).get("chosen"):
        judged = performance_on(facts, Evaluation.Cohort.TEMPORAL)
    return " ".join(text for text in (assigned, judged, found.too_small, found.when) if text)


def _chosen_among(selection: Mapping[str, Any]) -> str:
    return _(
        "Out of fold, corrected for choosing among sixteen (%(method)s): AUC %(corrected).3f [%(low).3f, "
        "%(high).3f] instead of %(naive).3f for the best, %(best)s."
    ) % {
        "method": selection["method"],
        "corrected": selection["corrected"],
        "low": selection["low"],
        "high": selection["high"],
        "naive": selection["naive"],
        "best": model_name(selection["best"]),
    }


def crosstab(facts: StudyFacts) -> Grid | None:
    """Calls against the reference on every side that was judged."""
    sides = [side for side in SIDES if side in facts.evaluations and facts.evaluations[side]["chosen"]]
    if not sides:
        return None
    rows = []
    for side in sides:
        counts = facts.evaluations[side]["chosen"]["counts"]
        rows.append([cohort_label(side), *(str(counts[name]) for name in ("tp", "fn", "fp", "tn"))])
    heads = [_("side"), _("called positive, HER2+"), _("called negative, HER2+")]
    heads += [_("called positive, HER2−"), _("called negative, HER2−")]
    note = _("At the frozen cut-off. Patients without a final label are in the flow diagram, not here.")
    return Grid(_("Calls of the chosen model against the reference standard (patients)"), heads, rows, note)


def ratios(facts: StudyFacts) -> Grid | None:
    """PPV, NPV and likelihood ratios with intervals."""
    side = headline_side(facts.evaluations)
    if side is None or not facts.evaluations[side]["chosen"]:
        return None
    chosen = facts.evaluations[side]["chosen"]
    metrics = chosen["metrics"] | {name: likelihood_ratio(chosen, name) for name in RATIOS}
    rows = [
        [name, fraction(metrics[name]), translated(metrics[name]["method"])]
        for name in ("SEN", "SPC", "PPV", "NPV", "YI", "LR+", "LR-")
        if metrics.get(name)
    ]
    note = _("PPV and NPV hold at this cohort’s share of HER2-positive patients only.")
    caption = _("Figures at the frozen cut-off, %s") % cohort_label(side)
    return Grid(caption, [_("figure"), _("value [interval]"), _("interval")], rows, note)


def comparisons(evaluation: Evaluation | None) -> Grid | None:
    """The chosen model against the others on the same patients."""
    stored = evaluation.results.get("comparisons") if evaluation else None
    if not stored:
        return None
    rows = [
        [
            model_words(row["second"]),
            signed(f"{row['difference']:+.3f} [{row['interval'][0]:+.3f}, {row['interval'][1]:+.3f}]"),
            _p(row["p"]),
            _p(row["p_holm"]),
            _p(row["mcnemar"]["SEN"]),
            _p(row["mcnemar"]["SPC"]),
        ]
        for row in stored
    ]
    first = model_words(stored[0]["first"])
    heads = [_("compared with"), _("difference of AUC"), "p", _("p (Holm)"), _("p, SEN"), _("p, SPC")]
    caption = _("%(name)s against the others on the same patients, %(side)s") % {
        "name": first, "side": cohort_label(evaluation.cohort) if evaluation else "",
    }  # fmt: skip
    return Grid(caption, heads, rows, _("Paired DeLong; exact McNemar at the frozen cut-offs."))


def grid_of(table: Table | None) -> Grid | None:
    """A table of the results pages as the report prints it, raw counts before each share."""
    if table is None:
        return None
    rows = [[_with_counts(cell) for cell in line.cells] for line in table.lines]
    return Grid(table.title, [column.label for column in table.columns], rows, " ".join(table.notes))


def _with_counts(cell: object) -> str:
    if cell is None:
        return DASH
    counts = f"{cell.counts} = " if isinstance(cell, Cell) and cell.counts else ""
    return signed(f"{counts}{printed(cell)}") if isinstance(cell, Cell) else printed(cell)


def model_words(model: str) -> str:
    """A model with its branch."""
    words = {"video": _("video"), "clinical": _("clinical"), "fused": _("fused")}
    return f"{words.get(model.split(':')[0], '')} {model_name(model)}".strip()


def fraction(estimate: Mapping[str, Any]) -> str:
    """A stored estimate as printed: 10/14 = 0.714 [0.454, 0.883]."""
    if estimate["value"] is None:
        return "–"
    if not isfinite(estimate["value"]):
        return f"{INFINITE} [{estimate['low']:.3f}, {estimate['high']:.3f}]"
    counts = f"{estimate['numerator']}/{estimate['denominator']} = " if estimate["denominator"] else ""
    value = f"{counts}{estimate['value']:.3f}"
    if estimate["low"] is None or estimate["high"] is None:
        return value
    return signed(f"{value} [{estimate['low']:.3f}, {estimate['high']:.3f}]")


def signed(figures: str) -> str:
    """Figures with a true minus sign."""
    return figures.replace("-", "−")


def capitalised(words: str) -> str:
    """With a capital at the beginning of a sentence."""
    return words[:1].upper() + words[1:]


def _reference(facts: StudyFacts) -> str:
    calls = facts.reference.calls
    positive, negative = calls.get("POSITIVE", 0), calls.get("NEGATIVE", 0)
    text = _("HER2 by pathology: %(positive)d positive, %(negative)d negative") % {
        "positive": positive, "negative": negative,
    }  # fmt: skip
    if facts.n_looks:
        return text + "."
    return text + _(" (without the sealed test side).")


def _calibration(stored: Mapping[str, Any]) -> str:
    slope = "–" if stored["slope"] is None else f"{stored['slope']:.2f}"
    return _(
        "Calibration: intercept %(intercept).2f, slope %(slope)s, observed to expected %(ratio).2f, Brier "
        "score %(brier).3f (predicting the prevalence for everybody: %(null).3f)."
    ) % {
        "intercept": stored["intercept"],
        "slope": slope,
        "ratio": stored["observed_expected"],
        "brier": stored["brier"],
        "null": stored["brier_null"],
    }


def _p(value: float | None) -> str:
    if value is None:
        return "–"
    return "< 0.001" if value < 0.001 else f"{value:.3f}"
