"""Further analyses of a judged study, in the dataclasses that the jobs store, from simulated scores."""

from typing import Any

import numpy as np

from analysis.models import Evaluation, ModelVersion, Supplement
from analysis.pipeline import metrics
from analysis.pipeline.kernels.cohort_report import jsonable
from analysis.pipeline.kernels.controls import LearningPoint, OutsideControl, OutsideModel, shuffle_verdict
from analysis.pipeline.kernels.explanation import ModelExplanation, Term, themes
from analysis.pipeline.kernels.subgroups import PatientFacts
from analysis.pipeline.kernels.weighted_kappa import weighted_kappa
from analysis.pipeline.names import DYNAMIC_FEATURES
from analysis.pipeline.three_way import ClassReport, PairReport, Share, ThreeWayReport
from analysis.pipeline.variants import VariantReport
from analysis.runners.supplement_basics import confounders_of, subgroups_of
from tests.analysis.judged_study import CHOSEN

Kind = Supplement.Kind
NONE = {"replicates": 0}
CUTOFF = 0.45


def facts(n: int) -> list[PatientFacts]:
    """Patients of two sites; one scanner is rare, one age missing."""
    return [
        PatientFacts(
            site="A" if row % 2 else "B", scanner="rare" if row < 3 else "usual",
            box_source="reader" if row % 3 else "model", age_years=None if row == 0 else 40 + row,
            size_cm=1.5 + row / 10, c_t=1 + row % 2, interpolated=0.05 * (row % 3), n_frames=60 + row,
            n_used=50 + row, fps=25.0, coverage=0.9,
        )
        for row in range(n)
    ]  # fmt: skip


def variant(name: str, how: str, y: np.ndarray, before: np.ndarray, after: np.ndarray) -> VariantReport:
    """One variant beside the record."""
    scores, cutoffs = {name: after, "record": before}, {name: CUTOFF, "record": CUTOFF}
    pair = metrics.compare(y, scores, cutoffs, [(name, "record")], **NONE)[0]
    judged = [metrics.evaluate(CHOSEN, "oof", y, s, CUTOFF, **NONE) for s in (before, after)]
    flipped = int(((before >= CUTOFF) != (after >= CUTOFF)).sum())
    return VariantReport(name, how, y.size, int(y.sum()), 0, *judged, pair, 0.9, flipped, "")


def variants(names: list[tuple[str, str]], y: np.ndarray, score: np.ndarray) -> dict[str, Any]:
    """Several variants, and one that could not be judged."""
    rng = np.random.default_rng(3)
    rows = [variant(n, how, y, score, np.clip(score + rng.normal(0, 0.1, y.size), 0, 1)) for n, how in names]
    rows.append(
        VariantReport("ring 5 mm alone", "learned", 1, 0, 31, None, None, None, None, None,
                      "0 positive and 1 negative patients have it: too few to judge")
    )  # fmt: skip
    return {"rows": rows, "left_out": {"no pixel spacing": 2}}


def explanation(n: int) -> dict[str, Any]:
    """The video and the clinical part of the model of record."""
    rng = np.random.default_rng(4)
    names = ("glcm_Contrast__t_std", "glcm_Contrast__t_pp", "firstorder_Mean__f_fc", "lbp_R1_bin9__t_mean")
    assert set(names) <= set(DYNAMIC_FEATURES)
    found = []
    for model, columns in (("video:XGBoost", names), ("clinical:LR", ("age", "size_cm", "cT"))):
        values = rng.normal(size=(n, len(columns)))
        shares = values * np.array([0.5, 0.3, -0.2, 0.05])[: len(columns)]
        video = model.startswith("video")
        terms = tuple(
            Term(c, *(c.split("__") if video else (c, "")), "amount" if video else "", 0.4 - 0.1 * i,
                 (1.0, 1.0, -1.0, 0.1)[i], 4 if video else None)
            for i, c in enumerate(columns)
        )  # fmt: skip
        put_together = themes(columns, values, shares) if video else ()
        found.append(ModelExplanation(model, "tree SHAP", n, 5, terms, put_together, values, shares))
    return {"chosen": CHOSEN, "models": found}


def three_way(n: int) -> dict[str, Any]:
    """Positive, low, zero in equal parts; two of three called rightly."""
    classes = np.arange(n) % 3
    calls = np.where(np.arange(n) % 5 == 0, (classes + 1) % 3, classes)
    right = int((classes == calls).sum())
    share = Share(right, n, right / n, *metrics.wilson(right, n))
    bootstrap = metrics.bootstrap_auc([0, 0, 1, 1], [0.1, 0.4, 0.3, 0.9], replicates=20)
    report = ThreeWayReport(
        model=CHOSEN, n=n, patients=(), classes=classes, calls=calls,
        probabilities=np.full((n, 3), 1 / 3),
        questions=tuple(
            metrics.evaluate(name, "oof", classes >= lowest, calls / 2, 0.25 * lowest, **NONE)
            for name, lowest in (("low or positive", 1), ("positive", 2))
        ),
        per_class=tuple(
            ClassReport(
                name, n // 3, n // 3 < 20, 0.7, 0.5, 0.9, bootstrap, share, share if name == "low" else None
            )
            for name in ("zero", "low", "positive")
        ),
        pairs=(PairReport("zero", "low", n, 0.6, 0.4, 0.8),),
        confusion=np.array(
            [[int(((classes == a) & (calls == b)).sum()) for b in range(3)] for a in range(3)]
        ),
        accuracy=share, majority=1 / 3, kappa=weighted_kappa(classes, calls, 3, replicates=20),
    )  # fmt: skip
    return {"counts": {"zero": 1, "low": 1, "positive": 1}, "report": report}


def label_rules(y: np.ndarray, score: np.ndarray) -> dict[str, Any]:
    """One patient has no outcome under the paper's rule."""
    other = y.astype(float)
    other[0] = np.nan
    same = metrics.evaluate_label_rules(CHOSEN, score, CUTOFF, {"asco_cap": y, "paper": other}, cohort="oof")
    judged = metrics.evaluate(CHOSEN, "oof", y, score, CUTOFF, **NONE)
    learned = {"n": y.size, "events": int(y.sum()), "left_out": {}, "reason": ""}
    return {
        "rule": "asco_cap",
        "crosstab": [{"asco_cap": "POSITIVE", "paper": "UNDEFINED", "n": 1}],
        "same_scores": same,
        "learned": [
            {"name": "asco_cap", "evaluation": judged, **learned},
            {
                "name": "paper",
                **learned,
                "evaluation": None,
                "reason": "no patient has a label under this rule",
            },
        ],
    }


def all_results(y: np.ndarray, score: np.ndarray) -> dict[str, dict[str, Any]]:
    """Kind to what a job would store."""
    rng = np.random.default_rng(5)
    readers = {name: np.clip(score + rng.normal(0, 0.05, y.size), 0, 1) for name in ("reader 1", "reader 2")}
    study = metrics.reader_study(y, {CHOSEN: readers, "video:XGBoost": {k: v**2 for k, v in readers.items()}})
    outside = OutsideModel("video:RF", 0.52, 0.4, 0.64, 0.7, -0.18, (-0.3, -0.05), 0.01)
    twice = [("±5 %, draw 1", "applied"), ("ellipse", "learned")]
    return {
        Kind.SUBGROUPS: subgroups_of(y, score, CHOSEN, CUTOFF, facts(y.size), "oof"),
        Kind.CONFOUNDERS: confounders_of(y, facts(y.size)),
        Kind.SHUFFLE: {"mean": 0.51, "control": shuffle_verdict((0.5, 0.55, 0.48), 12, 20, 0)},
        Kind.OUTSIDE: {
            "control": OutsideControl(y.size, int(y.sum()), 0, (outside,), 0.52, 0.2, True, 0),
            "left_out": {"box fills the frame": 1},
        },
        Kind.LEARNING_CURVE: {
            "points": [
                LearningPoint(share, round(share * 26), 0.5 + 0.3 * share, 0.3 + 0.3 * share, 0.9)
                for share in (0.4, 0.6, 1.0)
            ]
        },
        Kind.LABEL_RULES: label_rules(y, score),
        Kind.BOX_SOURCE: variants([("model's boxes for everybody", "learned")], y, score) | {"n_people": 3},
        Kind.BOX_JITTER: variants(twice[:1], y, score),
        Kind.MASKS: variants(twice[1:], y, score),
        Kind.RINGS: variants([("lesion and ring 1 mm", "learned")], y, score),
        Kind.READERS: {
            "study": study, "agreement": 0.93, "calls_differ": 2, "n_readers": 2, "left_out": 3,
            "rows": variants([("reader 1", "applied")], y, score)["rows"],
        },
        Kind.THREE_WAY: three_way(y.size),
        Kind.EXPLANATION: explanation(y.size),
    }  # fmt: skip


def store_supplements(version: ModelVersion) -> None:
    """Store every kind, out of fold, of a judged version."""
    row = version.evaluations.get(cohort=Evaluation.Cohort.OUT_OF_FOLD)
    y = np.array(row.predictions["labels"])
    score = np.array(row.predictions["scores"][CHOSEN])
    size = {"n": int(y.size), "events": int(y.sum()), "model": CHOSEN, "reason": "", "cautions": []}
    for kind, found in all_results(y, score).items():
        Supplement.objects.create(version=version, kind=kind, results=jsonable({**size, **found}))
