"""Methods of the data, written from the facts: patients, reference standard, cines, boxes, features."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from analysis.pipeline.names import DYNAMIC_DESCRIPTORS, DYNAMIC_FEATURES, STATIC_FEATURES
from analysis.pipeline.tracking import ComplianceLimits, TrackingParameters
from analysis.reports.document.facts import Counts, StudyFacts
from studies.models import Clip, Label, Specimen, Study, Track

TRACKING, LIMITS = TrackingParameters(), ComplianceLimits()


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and its paragraphs."""

    title: str
    paragraphs: tuple[str, ...]


def data_sections(facts: StudyFacts) -> list[Section]:
    """Methods up to the feature table."""
    return [
        Section(_("Design and patients"), (_design(facts), _dates(facts))),
        Section(_("Reference standard"), (_reference(facts), _readings(facts))),
        Section(_("Cines"), (_cines(facts), _timing(facts))),
        Section(_("Lesion boxes"), (_detector(facts), _tracking(), _readers(facts))),
        Section(_("Features"), (_static(facts), _dynamic(facts), _compliance(facts))),
    ]


def percent(part: int, whole: int) -> str:
    """As printed: 12 of 40 (30 %)."""
    if not whole:
        return _("%(part)d of %(whole)d") % {"part": part, "whole": whole}
    return _("%(part)d of %(whole)d (%(percent).0f %%)") % {
        "part": part, "whole": whole, "percent": 100 * part / whole,
    }  # fmt: skip


def listed(counts: Counts, words: Mapping[str, Any]) -> str:
    """Words with their counts, the most frequent first."""
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{words.get(name, name)} {n}" for name, n in ordered)


def three(values: tuple[float, float, float] | None) -> str:
    """Median and range."""
    if values is None:
        return _("not recorded")
    low, middle, high = (f"{value:.4g}" for value in values)
    return _("median %(middle)s (%(low)s to %(high)s)") % {"middle": middle, "low": low, "high": high}


def _design(facts: StudyFacts) -> str:
    patients = facts.patients
    text = _(
        "Retrospective study of stored breast-ultrasound cines. %(registered)d patients with %(lesions)d "
        "lesions from %(sites)s were registered; %(training)d were assigned to training and %(test)d to "
        "testing."
    )
    n_sites = len(patients.per_site)
    return text % {
        "registered": patients.registered,
        "lesions": patients.lesions,
        "sites": ngettext("%d site", "%d sites", n_sites) % n_sites,
        "training": patients.training.assigned,
        "test": patients.test.assigned,
    }


def _dates(facts: StudyFacts) -> str:
    patients = facts.patients
    if patients.exam_dates is None:
        return _("No date of an ultrasound examination is on record.")
    return _(
        "Examinations took place from %(first)s to %(last)s (dates on record: %(known)s of the examinations)."
    ) % {
        "first": patients.exam_dates[0],
        "last": patients.exam_dates[1],
        "known": percent(patients.exams_dated, patients.exams),
    }


def _reference(facts: StudyFacts) -> str:
    reference = facts.reference
    rule = dict(Study.LabelRule.choices).get(reference.rule, reference.rule)
    engines = ", ".join(sorted(name for name in reference.engines if name)) or _("not recorded")
    return _(
        "Outcome: HER2 status by the rule “%(rule)s” (rule engine %(engines)s), from the surgical excision, "
        "else from the core biopsy. Only positive and negative calls are used; a pending, indeterminate or "
        "unsigned reading leaves the patient without an outcome. Specimens: %(specimens)s."
    ) % {
        "rule": rule,
        "engines": engines,
        "specimens": listed(reference.specimens, dict(Specimen.Kind.choices)) or _("none"),
    }


def _readings(facts: StudyFacts) -> str:
    reference = facts.reference
    found = _("Signed readings: %(readings)s, by %(readers)s; unsigned drafts: %(drafts)d.") % {
        "readings": listed(reference.readings, dict(Label.Role.choices)) or _("none"),
        "readers": ngettext("%d pathologist", "%d pathologists", reference.readers) % reference.readers,
        "drafts": reference.drafts,
    }
    if not reference.compared:
        return found
    return f"{found} " + _(
        "The ASCO/CAP call and the published paper’s own rule give another outcome in %(differ)s of the "
        "patients."
    ) % {"differ": percent(reference.rules_differ, reference.compared)}


def _cines(facts: StudyFacts) -> str:
    images = facts.images
    return _(
        "%(cines)d cines with %(frames)d frames (frames a cine: %(spread)s); kinds: %(kinds)s. Identifiers "
        "were removed when files came in; %(blanked)d cines had regions blanked. Machine and model are on "
        "record for %(devices)s of the cines%(names)s."
    ) % {
        "cines": images.cines,
        "frames": images.frames,
        "spread": three(images.frames_spread),
        "kinds": listed(images.kinds, dict(Clip.Kind.choices)) or _("none"),
        "blanked": images.blanked,
        "devices": percent(sum(images.devices.values()), images.cines),
        "names": f" ({listed(images.devices, {})})" if images.devices else "",
    }


def _timing(facts: StudyFacts) -> str:
    images, base = facts.images, facts.features.base
    known = _(
        "The frame rate is known for %(rate)s of the cines (frames a second: %(spread)s), the pixel spacing "
        "for %(spacing)s."
    ) % {
        "rate": percent(images.rate_known, images.cines),
        "spread": three(images.rate_spread),
        "spacing": percent(images.spacing_known, images.cines),
    }
    if not base:
        return known
    time = _("frequencies in hertz") if base.get("time_base") == "hz" else _("frequencies in cycles a frame")
    length = _("lengths in millimetres") if base.get("spacing_base") == "mm" else _("lengths in pixels")
    band = _("up to %g") % base["fmax"] if base.get("fmax") else _("without an upper limit")
    return f"{known} " + _(
        "One base was frozen from the training cines when the split was drawn: %(time)s (%(band)s), "
        "%(length)s."
    ) % {"time": time, "band": band, "length": length}


def _detector(facts: StudyFacts) -> str:
    if not facts.images.detectors:
        return _("No detector has run yet.")
    found = [
        _("%(name)s (SHA-256 %(digest)s…, input %(px)d px) on %(cines)d cines")
        % {"name": row["name"], "digest": row["digest"][:12], "px": row["input_px"], "cines": row["cines"]}
        for row in facts.images.detectors
    ]
    return _(
        "A YOLOv5 detector proposed boxes in every frame: %(found)s. Detectors learn from public images and "
        "from signed boxes of training patients only."
    ) % {"found": "; ".join(found)}


def _tracking() -> str:
    return _(
        "Rejection and interpolation (constants of the code at this version): boxes under confidence "
        "%(drop)g or %(side)g px were dropped and boxes under confidence %(confidence)g rejected; a box was "
        "rejected when its centre or size left the Theil–Sen prediction from up to %(neighbours)d neighbours "
        "within %(radius)d frames by more than %(sigmas)g robust standard deviations (floors %(centre)g of "
        "the box size and %(size)g in log size) or overlapped the prediction by less than IoU %(iou)g, in "
        "%(passes)d passes. Gaps of up to %(gap)d frames were interpolated, longer ones and the ends were "
        "not."
    ) % {
        "drop": TRACKING.drop_confidence,
        "side": TRACKING.min_side_px,
        "confidence": TRACKING.min_confidence,
        "neighbours": TRACKING.neighbours,
        "radius": TRACKING.radius,
        "sigmas": TRACKING.sigmas,
        "centre": TRACKING.centre_floor,
        "size": TRACKING.size_floor,
        "iou": TRACKING.min_iou,
        "passes": TRACKING.passes,
        "gap": TRACKING.max_gap,
    }


def _readers(facts: StudyFacts) -> str:
    images = facts.images
    sources = listed(images.box_sources, dict(Track.Source.choices)) or _("none")
    text = _(
        "Boxes behind the features in use: %(sources)s. %(readers)s signed boxes of %(signed)s of the cines; "
        "%(double)d cines were read twice, %(adjudicated)d adjudicated."
    ) % {
        "sources": sources,
        "readers": ngettext("%d reader", "%d readers", images.readers) % images.readers,
        "signed": percent(images.signed_cines, images.cines),
        "double": images.double_read,
        "adjudicated": images.adjudicated,
    }
    if images.interpolated is None:
        return text
    return f"{text} " + _(
        "Of the detector’s boxes in the window, a median share of %.1f %% was interpolated."
    ) % (100 * images.interpolated)


def _static(facts: StudyFacts) -> str:
    sets = facts.features.parameter_sets
    if not sets:
        return _("No features are computed yet.")
    parameters, n = sets[0]
    text = _(
        "%(static)d static features a frame (18 first-order, 9 of 2-D shape, 24 of the grey-level "
        "co-occurrence matrix, 40 local binary patterns) were computed on 8-bit grey levels inside a "
        "%(mask)s mask of the box (margin %(margin)g), %(levels)s; at least %(pixels)d pixels and %(side)d "
        "px a side, otherwise the frame does not count."
    ) % {
        "static": len(STATIC_FEATURES),
        "mask": mask_words().get(parameters.get("mask_kind", ""), str(parameters.get("mask_kind"))),
        "margin": parameters.get("margin", 1.0),
        "levels": _discretisation(parameters),
        "pixels": parameters.get("min_pixels", 0),
        "side": parameters.get("min_side_px", 0),
    }
    if len(sets) == 1:
        return text
    return f"{text} " + _(
        "Caution: these parameters hold for %(same)s of the feature sets; the others were computed "
        "differently."
    ) % {"same": percent(n, facts.features.sets)}


def mask_words() -> dict[str, str]:
    """Kinds of masks, in words."""
    return {"rect": _("rectangular"), "ellipse": _("elliptic"), "segment": _("segmented")}


def _discretisation(parameters: Mapping[str, Any]) -> str:
    if parameters.get("bin_count"):
        return _("discretised to %d grey levels a frame") % parameters["bin_count"]
    return _("discretised by a fixed bin width of %g grey levels") % parameters.get("bin_width", 0)


def _dynamic(facts: StudyFacts) -> str:
    features = facts.features
    parameters = features.parameter_sets[0][0] if features.parameter_sets else {}
    windows = {"rect": _("no taper"), "hann": _("a Hann taper")}
    trends = {"mean": _("the mean removed"), "linear": _("a line removed")}
    return _(
        "Each curve over the analysis window (frames: %(window)s) gave %(descriptors)d descriptors, 14 of "
        "time and 10 of frequency (%(taper)s, %(trend)s): %(dynamic)d features a cine. Rows of unreadable or "
        "excluded frames were bridged on the curve (median share %(bridged)s), never extrapolated. Code of "
        "the features: version %(version)s."
    ) % {
        "window": three(features.window_spread),
        "descriptors": len(DYNAMIC_DESCRIPTORS),
        "taper": windows.get(parameters.get("window", "rect"), "–"),
        "trend": trends.get(parameters.get("detrend", "mean"), "–"),
        "dynamic": len(DYNAMIC_FEATURES),
        "bridged": "–" if features.bridged is None else f"{100 * features.bridged:.1f} %",
        "version": ", ".join(sorted(features.versions)) or "–",
    }


def _compliance(facts: StudyFacts) -> str:
    return _(
        "A cine does not comply with fewer than %(used)d usable frames, coverage below %(coverage)g, more "
        "than %(reject)g of the boxes rejected, more than %(interp)g interpolated, or a median confidence "
        "below %(confidence)g; such cines are left out and counted (%(n)d here), never imputed."
    ) % {
        "used": LIMITS.min_used,
        "coverage": LIMITS.min_coverage,
        "reject": LIMITS.max_reject_rate,
        "interp": LIMITS.max_interp_rate,
        "confidence": LIMITS.min_median_conf,
        "n": facts.features.not_compliant,
    }
