"""The model card of an ensemble, from stored rows: what it is, what it learned from, what it is worth."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Sum
from django.utils.translation import gettext as _

from analysis.models import Evaluation, FeatureSet, ModelVersion, Supplement
from analysis.reports.document.flow_drawing import reason_words
from analysis.reports.document.gather_patients import STORED_REASONS
from analysis.reports.feature_words import descriptor_label, static_label
from analysis.reports.model_tables import cohort_label, metric_cell, model_name
from analysis.reports.selected_features import most_selected
from analysis.reports.tables import Cell, Column, Line, Table
from analysis.reports.version_compare import flat
from analysis.reports.version_history import VersionRow, area_cell, evaluation_of, figures_of
from analysis.selectors import supplements_for
from studies.models import Study
from studies.selectors import patients_in_reach

Cohort = Evaluation.Cohort
CARD_ORDER = (Cohort.TEST, Cohort.TEMPORAL, Cohort.OUT_OF_FOLD, Cohort.APPARENT)


@dataclass(frozen=True, slots=True)
class EnsembleCard:
    """What the page prints; left_out: reason in words to patients; sources: who drew the boxes to patients.

    selection: the stored correction for choosing among sixteen, out of fold; shuffled: the stored negative
    control, None where it was not run.
    """

    row: VersionRow
    cutoff: float | None
    n_frames: int
    left_out: tuple[tuple[str, int], ...]
    sources: tuple[tuple[str, int], ...]
    pipelines: tuple[str, ...]
    sites: tuple[tuple[str, int], ...]
    figures: Table
    selected: tuple[tuple[str, int], ...]
    parameters: tuple[tuple[str, str], ...]
    selection: Mapping[str, Any] | None
    shuffled: Mapping[str, Any] | None
    folds: int


def ensemble_card(study: Study, row: VersionRow, *, viewer: User) -> EnsembleCard:
    """Gather the card of one version; the test side only as far as a counted look stored it."""
    version, snapshot = row.version, row.version.training_snapshot
    learned = snapshot.get("patients", {})
    features = FeatureSet.objects.filter(digest__in=[digest for digest, _outcome in learned.values()])
    oof = evaluation_of(version, Evaluation.Cohort.OUT_OF_FOLD)
    return EnsembleCard(
        row=row,
        cutoff=version.summary.get("cutoffs", {}).get(version.summary.get("chosen", "")),
        n_frames=features.aggregate(n=Sum("n_used"))["n"] or 0,
        left_out=left_out_of(snapshot.get("left_out", {})),
        sources=_sources(features),
        pipelines=tuple(sorted(set(features.order_by().values_list("pipeline_version", flat=True)))),
        sites=_sites(study, learned, viewer),
        figures=card_figures(version),
        selected=tuple((feature_words(name), folds) for name, folds in most_selected(version.summary)),
        parameters=tuple(flat(version.parameters).items()),
        selection=oof.results.get("selection") if oof else None,
        shuffled=_shuffled(version, viewer),
        folds=int(version.parameters.get("outer_folds", 0)),
    )


def feature_words(name: str) -> str:
    """A dynamic feature in words: Contrast: peak frequency."""
    texture, _sep, rhythm = name.partition("__")
    try:
        return f"{static_label(texture)}: {descriptor_label(rhythm)}"
    except KeyError:
        return name


def left_out_of(stored: Mapping[str, str]) -> tuple[tuple[str, int], ...]:
    """Reasons in words with their number of patients, the most frequent first."""
    words = reason_words() | {"other": _("another reason")}
    found = Counter(
        words[next((kind for head, kind in STORED_REASONS.items() if reason.startswith(head)), "other")]
        for reason in stored.values()
    )
    return tuple(found.most_common())


def card_figures(version: ModelVersion) -> Table:
    """The chosen model on every side where it was judged: a column a side, a row a figure."""
    sides = []
    for cohort in CARD_ORDER:
        row, stored = evaluation_of(version, cohort), figures_of(version, cohort)
        if row is not None and stored is not None:
            look = _(", look %(n)s") % {"n": row.look.number} if row.look else ""
            sides.append((cohort_label(cohort) + look, stored))
    words = {
        "SEN": _("Sensitivity (Wilson)"),
        "SPC": _("Specificity (Wilson)"),
        "ACC": _("Called rightly (Wilson)"),
        "MAJORITY": _("Called rightly if all were called the commoner class"),
    }
    fits = {"slope": _("Calibration slope (1 is best)"), "brier": _("Brier score (0 is best)")}
    lines = [
        Line([_("Patients"), *(stored["n"] for _words, stored in sides)]),
        Line([_("HER2-positive"), *(stored["events"] for _words, stored in sides)]),
        Line([_("AUC (DeLong)"), *(area_cell(stored) for _words, stored in sides)]),
        *[
            Line(
                [label, *(metric_cell(s["metrics"].get(name), scale=1, places=3) for _w, s in sides)],
                level=name == "MAJORITY",
            )
            for name, label in words.items()
        ],
        *[
            Line([label, *(Cell((s.get("calibration") or {}).get(name), places=3) for _w, s in sides)])
            for name, label in fits.items()
        ],
    ]
    columns = [
        Column(_("Figure"), name="figure"),
        *[Column(label, numeric=True) for label, _stored in sides],
    ]
    notes = (
        _(
            "Apparent figures are of the fit itself and say nothing about new patients. Out of fold, each "
            "patient was judged by a model fitted without them."
        ),
    )
    # xgettext:no-python-format
    title = _("Figures at the frozen cut-off, with 95 % intervals of the methods named")
    return Table("card-figures", title, columns, lines if sides else (), notes, _("Nothing was judged."))


def _sources(features: Any) -> tuple[tuple[str, int], ...]:
    words = dict(FeatureSet.BoxSource.choices)
    counts = Counter(features.order_by().values_list("box_source", flat=True))
    return tuple((str(words[source]), n) for source, n in counts.most_common())


def _sites(study: Study, learned: Mapping[str, Any], viewer: User) -> tuple[tuple[str, int], ...]:
    """Training patients by site, as far as the viewer reaches; the rest as one number."""
    rows = patients_in_reach(viewer=viewer).filter(study=study, pk__in=list(learned))
    counts = Counter(rows.values_list("site__code", flat=True))
    beyond = len(learned) - counts.total()
    return (*sorted(counts.items()), *([(_("elsewhere"), beyond)] if beyond else []))


def _shuffled(version: ModelVersion, viewer: User) -> Mapping[str, Any] | None:
    row = supplements_for(version, viewer=viewer).get(
        (Supplement.Kind.SHUFFLE, Evaluation.Cohort.OUT_OF_FOLD)
    )
    return row.results if row is not None and not row.results.get("reason") else None


def card_title(version: ModelVersion) -> str:
    """The name under which the card is filed."""
    return f"{model_name(version.name)}, {_('version %(n)s') % {'n': version.number}}"
