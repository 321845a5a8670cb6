"""Where a column can go: the fields of the record, what tables call them, and how each is read."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from studies.rules import table_cells as cells
from studies.rules.her2_text import NAMES, TCGA_COLUMNS

KEEP, DROP = "keep", "drop"
"""What else can become of a column: its text stays with the row as entered; or it is not stored at all."""

MENOPAUSE = {
    "0": 0, "pre": 0, "premenopausal": 0, "premenopause": 0, "pre-menopausal": 0, "绝经前": 0, "未绝经": 0,
    "1": 1, "post": 1, "postmenopausal": 1, "postmenopause": 1, "post-menopausal": 1, "绝经后": 1,
    "已绝经": 1,
}  # fmt: skip
GRADE = {"1": 1, "2": 2, "3": 3, "g1": 1, "g2": 2, "g3": 3, "i": 1, "ii": 2, "iii": 3, "ⅰ": 1, "ⅱ": 2}
STATUS = {"positive": "positive", "pos": "positive", "+": "positive", "阳性": "positive",
          "negative": "negative", "neg": "negative", "阴性": "negative"}  # fmt: skip
SPECIMEN = {
    "core": "core", "biopsy": "core", "cnb": "core", "穿刺": "core", "excision": "excision",
    "surgical": "excision", "resection": "excision", "surgery": "excision",
    "手术": "excision", "术后": "excision", "node": "node", "metastasis": "metastasis",
}  # fmt: skip
PROBE = {"dual": "dual", "双探针": "dual", "single": "single", "单探针": "single"}
PHASE = {
    "baseline": "baseline", "neoadjuvant": "neoadjuvant", "before": "before_surgery",
    "before_surgery": "before_surgery", "基线": "baseline", "新辅助": "neoadjuvant", "术前": "before_surgery",
}  # fmt: skip
INVASIVE = {
    "yes": True, "1": True, "true": True, "invasive": True, "浸润性": True, "是": True,
    "no": False, "0": False, "false": False, "非浸润性": False, "否": False,
}  # fmt: skip


@dataclass(frozen=True)
class Target:
    """A field that a column can fill. `part` is the kind of row, `names` what tables call it."""

    part: str
    field: str
    read: cells.Read
    names: tuple[str, ...]

    @cached_property
    def name(self) -> str:
        """The stable name: part.field."""
        return f"{self.part}.{self.field}" + ("_mm" if self.read is cells.read_millimetres else "")


def _raw(text: str, field: str) -> cells.Cell:
    """HER2 entries are read together, by `her2_text.parse_specimen`."""
    return cells.Cell(text)


_HER2_NAMES = {
    "ihc_score": ("ihc_score", "her2_ihc", "ihc", "her2评分", "her2免疫组化", "免疫组化"),
    "ihc_status": ("ihc_status", "her2_status"),
    "ihc_percent": ("ihc_percent", "stained_percent"),
    "fish_status": ("fish_status", "ish_status", "fish", "ish", "fish结果"),
    "her2_copies": ("her2_copies", "her2_signals", "her2拷贝数"),
    "cep17_copies": ("cep17_copies", "cep17_signals", "cep17拷贝数"),
    "ratio": ("ratio", "her2_cep17_ratio", "fish_ratio", "比值"),
    "cells": ("cells", "cells_counted", "计数细胞数"),
}
TARGETS: tuple[Target, ...] = (
    Target("patient", "code", cells.read_code, (
        "patient", "code", "patient_code", "patient_id", "study_id", "id", "bcr_patient_barcode",
        "编号", "患者编号", "研究编号",
    )),
    Target("patient", "site", cells.read_code, (
        "site", "centre", "center", "site_code", "中心", "医院", "分中心",
    )),
    Target("patient", "hospital_number", cells.read_text, (
        "hospital_number", "mrn", "medical_record_number", "住院号", "病历号", "病案号", "门诊号", "就诊号",
    )),
    Target("clinical", "age_years", cells.read_number, (
        "age", "age_years", "age_at_diagnosis", "年龄", "年龄岁",
    )),
    Target("clinical", "menopause", cells.words(MENOPAUSE), (
        "menopause", "menopausal_status", "menopause_status", "绝经", "绝经状态", "月经状态",
    )),
    Target("clinical", "size_cm", cells.read_centimetres, (
        "size_cm", "size", "us_size", "us_size_cm", "超声大小", "超声大小cm", "肿瘤大小", "肿瘤大小cm",
        "最大径cm",
    )),
    Target("clinical", "size_cm", cells.read_millimetres, (
        "size_mm", "us_size_mm", "超声大小mm", "肿瘤大小mm", "最大径mm",
    )),
    Target("clinical", "c_t", cells.read_t, (
        "ct", "c_t", "clinical_t", "ajcc_tumor_clinical_ct", "临床t分期",
    )),
    Target("clinical", "c_n", cells.read_n, (
        "cn", "c_n", "clinical_n", "ajcc_nodes_clinical_cn", "临床n分期",
    )),
    Target("clinical", "c_tnm", cells.read_stage, (
        "ctnm", "c_tnm", "clinical_stage", "ajcc_clinical_tumor_stage", "临床分期",
    )),
    Target("clinical", "er_status", cells.words(STATUS), ("er_status", "er_status_by_ihc", "er状态")),
    Target("clinical", "er_percent", cells.read_number, ("er_percent", "er", "er百分比", "雌激素受体")),
    Target("clinical", "pr_status", cells.words(STATUS), ("pr_status", "pr_status_by_ihc", "pr状态")),
    Target("clinical", "pr_percent", cells.read_number, ("pr_percent", "pr", "pr百分比", "孕激素受体")),
    Target("clinical", "ki67_percent", cells.read_number, ("ki67_percent", "ki67", "ki67百分比", "ki67指数")),
    Target("clinical", "histology", cells.read_text, (
        "histology", "histological_type", "histologic_type", "组织学类型", "病理类型",
    )),
    Target("clinical", "grade", cells.words(GRADE), ("grade", "histologic_grade", "组织学分级", "分级")),
    Target("lesion", "laterality", cells.read_side, (
        "laterality", "side", "breast_side", "anatomic_neoplasm_subdivision", "侧别", "患侧", "部位",
    )),
    Target("lesion", "clock_position", cells.read_clock, (
        "clock_position", "clock", "oclock", "钟点", "钟点方位",
    )),
    Target("exam", "performed_on", cells.read_date, (
        "exam_date", "us_date", "ultrasound_date", "performed_on", "检查日期", "超声日期",
    )),
    Target("exam", "phase", cells.words(PHASE), ("phase", "exam_phase", "检查阶段")),
    Target("specimen", "kind", cells.words(SPECIMEN), ("specimen", "specimen_kind", "标本类型", "标本")),
    Target("specimen", "number", cells.read_text, ("specimen_number", "标本号", "标本序号")),
    Target("specimen", "taken_on", cells.read_date, (
        "specimen_date", "taken_on", "surgery_date", "取材日期", "手术日期",
    )),
    Target("specimen", "invasive", cells.words(INVASIVE), ("invasive", "浸润")),
    Target("label", "probe", cells.words(PROBE), ("probe", "ish_probe", "探针")),
    *(Target("label", name, _raw, (*_HER2_NAMES[name], TCGA_COLUMNS[name])) for name in NAMES),
)  # fmt: skip
BY_NAME: Mapping[str, Target] = {target.name: target for target in TARGETS}
PATHOLOGY_PARTS = frozenset({"specimen", "label"})
_IDENTIFIES = re.compile(
    r"姓名|身份证|出生|生日|电话|手机|地址|住址|联系|name$|^name|birth|dob|phone|mobile|address|email|passport"
    r"|insurance|ssn|national_id|id_card"
)


def _plain(name: str) -> str:
    folded = unicodedata.normalize("NFKC", name).strip().lower()
    return re.sub(r"[\s/_()\[\]%-]+", "_", folded).strip("_")


def guess_mapping(columns: Iterable[str]) -> dict[str, str]:
    """For each column the name of the target that it seems to be, KEEP, or DROP where it names a person.

    Each target is given once, to the first column that fits.
    """
    by_word = {_plain(word): target.name for target in reversed(TARGETS) for word in target.names}
    found: dict[str, str] = {}
    for column in columns:
        plain = _plain(column)
        target = by_word.get(plain) or by_word.get(plain.replace("_", ""))
        if target and target not in found.values():
            found[column] = target
        else:
            found[column] = DROP if _IDENTIFIES.search(plain) else KEEP
    return found
