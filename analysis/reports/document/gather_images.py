"""Rows of cines, boxes and features -> facts."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from statistics import median
from typing import Any

from django.db.models import Count, QuerySet

from analysis.models import FeatureSet, ModelVersion
from analysis.reports.document.facts import Features, Images
from studies.models import Clip, Detection, Study, Track, Upload
from studies.services.adjudication import study_agreement

DECIMALS = 3


def gather_images(study: Study, used: Sequence[FeatureSet]) -> Images:
    """Counts over every clip of the study; box sources and interpolation of the features in use."""
    clips = Clip.objects.filter(exam__patient__study=study)
    cines = list(clips.filter(n_frames__gt=1).exclude(kind=Clip.Kind.STILL).defer("frame_times_ms"))
    signed = Track.objects.filter(
        clip__in=clips, source=Track.Source.READER, status=Track.Status.SIGNED, is_deleted=False
    )
    agreed = [pair.agreement.mean_iou for pair in study_agreement(clips) if pair.agreement.mean_iou]
    per_clip = signed.values("clip").annotate(n=Count("reader", distinct=True)).order_by()
    return Images(
        cines=len(cines),
        stills=clips.count() - len(cines),
        frames=sum(clip.n_frames for clip in cines),
        frames_spread=spread(clip.n_frames for clip in cines),
        kinds=dict(Counter(clip.kind for clip in cines)),
        rate_known=sum(clip.fps is not None for clip in cines),
        rate_spread=spread(clip.fps for clip in cines if clip.fps is not None),
        spacing_known=sum(clip.spacing_mm is not None for clip in cines),
        devices=dict(Counter(name for clip in cines if (name := _device(clip)))),
        frequency_known=sum("frequency_khz" in clip.acquisition for clip in cines),
        depth_known=sum("depth_mm" in clip.acquisition for clip in cines),
        with_defects=sum(bool(clip.defects) for clip in cines),
        blanked=sum(bool(clip.blanked_regions) for clip in cines),
        refused_files=study.uploads.filter(status=Upload.Status.REFUSED).count(),
        detectors=_detectors(clips),
        box_sources=dict(Counter(row.box_source for row in used)),
        signed_cines=per_clip.count(),
        readers=signed.values("reader").distinct().count(),
        double_read=sum(row["n"] > 1 for row in per_clip),
        reader_iou=_rounded(sum(agreed) / len(agreed)) if agreed else None,
        adjudicated=clips.filter(
            tracks__source=Track.Source.ADJUDICATED, tracks__status=Track.Status.SIGNED
        ).count(),
        interpolated=_interpolated(used),
    )


def gather_features(study: Study, used: Sequence[FeatureSet], cines: int) -> Features:
    """With which code and parameters the features in use were computed."""
    texts = Counter(json.dumps(row.parameters, sort_keys=True) for row in used)
    newest = FeatureSet.objects.filter(clip__exam__patient__study=study)
    refused = newest.filter(compliant=False).values("clip").distinct().count()
    return Features(
        sets=len(used),
        versions=dict(Counter(row.pipeline_version for row in used)),
        parameter_sets=tuple((json.loads(text), n) for text, n in texts.most_common()),
        time_bases=dict(Counter(row.time_base for row in used)),
        base=dict(study.feature_base),
        window_spread=spread(row.window_stop - row.window_start for row in used),
        not_compliant=min(refused, cines),
        bridged=_median(row.qc.get("bridge_rate") for row in used),
    )


def features_in_use(study: Study, version: ModelVersion | None, judged: Iterable[str]) -> list[FeatureSet]:
    """The sets that the ensemble of record learned from and was judged on, else the newest of every cine."""
    rows = FeatureSet.objects.filter(clip__exam__patient__study=study).defer("dynamic")
    if version is None:
        newest = {row.clip_id: row for row in rows.order_by("created_at")}
        return list(newest.values())
    trained = [found[0] for found in version.training_snapshot.get("patients", {}).values()]
    test = version.predictions.filter(patient__in=list(judged)).values("feature_set")
    return list(rows.filter(digest__in=trained).order_by("digest")) + list(
        rows.filter(pk__in=test).exclude(digest__in=trained).order_by("digest")
    )


def spread(values: Iterable[float]) -> tuple[float, float, float] | None:
    """(smallest, median, largest), None of nothing."""
    found = sorted(float(value) for value in values)
    return (_rounded(found[0]), _rounded(median(found)), _rounded(found[-1])) if found else None


def _rounded(value: float) -> float:
    return round(float(value), DECIMALS)


def _device(clip: Clip) -> str:
    names = (clip.acquisition.get("manufacturer"), clip.acquisition.get("model"))
    return " ".join(str(name) for name in names if name)


def _detectors(clips: QuerySet[Clip]) -> tuple[dict[str, Any], ...]:
    found = Detection.objects.filter(clip__in=clips)
    rows = found.values("detector_name", "detector_digest", "input_size_px").annotate(
        n=Count("clip", distinct=True)
    )
    return tuple(
        {
            "name": row["detector_name"],
            "digest": row["detector_digest"],
            "input_px": row["input_size_px"],
            "cines": row["n"],
        }
        for row in rows.order_by("-n", "detector_digest")
    )


def _interpolated(used: Sequence[FeatureSet]) -> float | None:
    """Median share of interpolated boxes over the cines whose boxes are the detector's."""
    return _median(row.qc.get("detection", {}).get("interp_rate") for row in used)


def _median(values: Iterable[float | None]) -> float | None:
    known = [float(value) for value in values if value is not None]
    return _rounded(median(known)) if known else None
