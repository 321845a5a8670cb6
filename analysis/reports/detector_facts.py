"""The model card of a detector, from its stored recipe and figures: the shipped one, or one of a study."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.utils.translation import gettext as _

from analysis.models import ModelVersion
from analysis.reports.detector_card import SHIPPED, WEIGHTS
from analysis.reports.tables import Cell, Column, Line, Table

FIGURES = ("mAP50", "recall", "precision", "mean_iou", "fp_per_image")
BREAKDOWNS = ("by_source", "by_pathology", "by_size")


@dataclass(frozen=True, slots=True)
class DetectorFacts:
    """What the page prints; n_training, n_held_out: images (shipped) or frames of signed cines (study)."""

    name: str
    digest: str
    is_shipped: bool
    confidence: float | None
    n_training: int
    n_clips: int | None
    n_held_out: int
    figures: Table
    recall_curve: Table | None
    stages: Table
    software: tuple[tuple[str, str], ...]


def shipped_facts() -> DetectorFacts:
    """The card of the detector that comes with the program."""
    recipe = _shipped_recipe()
    held_out = recipe["held_out"]
    sections = {
        _("each still looked at from both sides"): held_out,
        _("looked at once, as frames of a cine are"): recipe["held_out_plain"],
    }
    return DetectorFacts(
        name=SHIPPED,
        digest=recipe["files"][f"{SHIPPED}.onnx"],
        is_shipped=True,
        confidence=recipe["confidence"],
        n_training=recipe["training"]["images"],
        n_clips=None,
        n_held_out=held_out["n_images"],
        figures=figure_table(sections),
        recall_curve=recall_table(sections),
        stages=stage_table(recipe["stages"]),
        software=tuple(recipe["versions"].items()),
    )


def candidate_facts(version: ModelVersion) -> DetectorFacts:
    """The card of a detector trained on a study's signed tracks."""
    held_out = version.summary.get("held_out") or {}
    words = {"candidate": _("this version"), "shipped": _("the shipped detector, on the same frames")}
    sections = {words.get(name, name): section for name, section in held_out.items()}
    recipe = version.parameters.get("recipe", {})
    return DetectorFacts(
        name=version.name,
        digest=version.digest,
        is_shipped=False,
        confidence=version.summary.get("confidence"),
        n_training=version.training_snapshot.get("frames", 0),
        n_clips=version.training_snapshot.get("clips"),
        n_held_out=version.summary.get("n_held_out", 0),
        figures=figure_table(sections),
        recall_curve=recall_table(sections) if sections else None,
        stages=stage_table(recipe.get("stages", [])),
        software=tuple(recipe.get("versions", {}).items()),
    )


def figure_table(sections: Mapping[str, Mapping[str, Any]]) -> Table:
    """Figures on images that training never saw, each with its interval; subsets below the whole."""
    lines = []
    for words, section in sections.items():
        lines.append(_figure_line(words, section))
        for name in BREAKDOWNS:
            parts = section.get(name) or {}
            if len(parts) > 1:
                lines += [_figure_line(part_words(part), found, level=True) for part, found in parts.items()]
    columns = [
        Column(_("Images"), name="images"),
        Column("n", numeric=True, name="n"),
        Column(_("Lesions"), numeric=True, name="lesions"),
        Column(_("mAP@0.5"), numeric=True, name="mAP50"),
        Column(_("Recall"), numeric=True, name="recall"),
        Column(_("Precision"), numeric=True, name="precision"),
        Column(_("Mean overlap of the best box"), numeric=True, name="mean_iou"),
        Column(_("False boxes an image"), numeric=True, name="fp_per_image"),
    ]
    notes = (
        _(
            "Right: an overlap (IoU) of at least 0.5 with a lesion not yet taken, at the operating point. "
            "Intervals: 95 %, bootstrap over groups of near-duplicates or over patients."
        ).replace("%%", "%"),
    )
    empty = _("No patient was held out: there were too few. Look at its boxes before you rely on it.")
    return Table("detector-figures", _("On images that training never saw"), columns, lines, notes, empty)


def recall_table(sections: Mapping[str, Mapping[str, Any]]) -> Table | None:
    """Recall at several rates of false boxes; None where it was not stored."""
    curves = {words: section.get("recall_at_fp_per_image") for words, section in sections.items()}
    rates = list(dict.fromkeys(rate for curve in curves.values() for rate in curve or {}))
    if not rates:
        return None
    lines = [
        Line([words, *[Cell((curve or {}).get(rate), places=3) for rate in rates]])
        for words, curve in curves.items()
    ]
    columns = [Column(_("False boxes an image"), name="rate"), *[Column(r, numeric=True) for r in rates]]
    return Table("recall-curve", _("Recall, by how many false boxes are put up with"), columns, lines)


def stage_table(stages: Sequence[Mapping[str, Any]]) -> Table:
    """The stages of training with their parameters, in order."""
    lines = []
    for stage in stages:
        options = stage.get("options", {})
        passes, seconds = stage.get("epochs_run"), stage.get("cpu_seconds")
        cells = (options.get(name) for name in ("image_size", "learning_rate", "batch", "seed"))
        lines.append(Line([stage_words(stage.get("stage", "–")), passes, *cells, seconds]))
    columns = [
        Column(_("Stage"), name="stage"),
        Column(_("Passes"), numeric=True, name="passes"),
        Column(_("Input, px"), numeric=True, name="px"),
        Column(_("Learning rate"), numeric=True, name="rate"),
        Column(_("Batch"), numeric=True, name="batch"),
        Column(_("Seed"), numeric=True, name="seed"),
        Column(_("Processor seconds"), numeric=True, name="seconds"),
    ]
    return Table("stages", _("How it was trained"), columns, lines, (), _("The recipe was not stored."))


def part_words(name: str) -> str:
    """A subset of the images in words; names of collections stay as they are."""
    words = {
        "small": _("small lesions"), "medium": _("medium lesions"), "large": _("large lesions"),
        "no lesion": _("no lesion"), "benign": _("benign"), "malignant": _("malignant"),
        "normal": _("normal tissue"), "signed track": _("signed track"),
    }  # fmt: skip
    return words.get(name, name)


def stage_words(name: str) -> str:
    """A stage of training in words."""
    words = {
        "pre-training": _("pre-training on simulated stills"),
        "first fit": _("first fit to real stills"),
        "main fit": _("main fit to real stills"),
        "polish": _("last fit at full size"),
        "teacher: pre-training": _("teacher: pre-training on simulated stills"),
        "teacher: main fit": _("teacher: main fit to real stills"),
        "learning from the teacher": _("learning from the teacher"),
    }
    return words.get(name, name)


def _figure_line(words: str, section: Mapping[str, Any], *, level: bool = False) -> Line:
    intervals = section.get("intervals") or {}
    cells = []
    for name in FIGURES:
        low, high = intervals.get(name) or (None, None)
        cells.append(Cell(section.get(name), low, high, places=3))
    return Line([words, section.get("n_images"), section.get("n_lesions"), *cells], level=level)


@cache
def _shipped_recipe() -> dict[str, Any]:
    recipe: dict[str, Any] = json.loads((WEIGHTS / f"{SHIPPED}.json").read_text(encoding="utf-8"))
    return recipe
