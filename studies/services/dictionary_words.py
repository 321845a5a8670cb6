"""What exported columns mean, for every language, where their model fields say it in English only."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

LABELS: dict[str, str | Promise] = {
    "Patient.code": _("patient code"),
    "Site.code": _("site code"),
    "Membership.side": _("side of the split"),
    "ClinicalRecord.c_tnm": _("clinical stage (cTNM)"),
    "ClinicalRecord.missing_reasons": _("reasons for empty fields"),
    "ClinicalRecord.kept_warnings": _("warnings kept"),
    "Label.call": _("HER2 call"),
    "Label.category": _("HER2 category"),
    "Label.paper_label": _("label by the paper’s rule"),
    "Label.role": _("role of the reading"),
    "Label.status": _("status of the reading"),
    "Label.ish_group": _("ISH group"),
    "Label.discordance": _("IHC and ISH disagree"),
    "Label.required_action": _("what is required next"),
    "Label.engine_version": _("version of the HER2 rules"),
    "Label.locked_at": _("when locked"),
    "Lesion.number": _("number of the lesion"),
    "Exam.number": _("number of the visit"),
    "Specimen.number": _("number of the specimen"),
    "Clip.id": _("identifier of the clip"),
    "Clip.n_frames": _("number of frames"),
    "Track.number": _("number of the track"),
    "Track.source": _("source of the track"),
    "Track.status": _("status of the track"),
    "Track.signed_at": _("when signed"),
    "Track.no_lesion": _("no lesion seen"),
    "DataQuery.subject": _("subject of the query"),
    "DataQuery.field": _("field of the query"),
    "DataQuery.code": _("rule of the query"),
    "DataQuery.text": _("text of the query"),
    "DataQuery.source": _("source of the query"),
    "DataQuery.status": _("status of the query"),
    "DataQuery.created_at": _("when raised"),
    "DataQuery.closed_at": _("when closed"),
}
"""By model and field."""

DESCRIPTIONS: dict[str, str | Promise] = {
    "ClinicalRecord.missing_reasons": _("Field name to reason, for empty fields."),
    "ClinicalRecord.kept_warnings": _("Warning code to the reason for keeping the values."),
    "Track.number": _("1, 2, … where a clip shows several."),
    "Track.no_lesion": _("Why the reader saw no lesion in any frame; empty: no statement."),
    "DataQuery.field": _("Name of the field; empty = the whole."),
    "DataQuery.code": _("Code of the rule; empty for a person’s."),
}
"""By model and field."""

TYPES: dict[str, str | Promise] = {
    "boolean": _("yes or no"), "integer": _("whole number"), "decimal": _("decimal number"),
    "number": _("decimal number"), "date and time": _("date and time"), "date": _("date"), "text": _("text"),
}  # fmt: skip
"""Types of columns as a page says them; files keep the codes."""

EMPTY_MEANS: dict[bool, str | Promise] = {True: _("not recorded"), False: _("never empty")}
