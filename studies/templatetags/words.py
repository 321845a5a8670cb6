"""Words for what is stored as a code: roles, acts, HER2 calls, fields, and the rules' own sentences."""

from functools import lru_cache

from django import template
from django.core.exceptions import FieldDoesNotExist
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from studies.models import ClinicalRecord, DataQuery, Exam, Label, Lesion, RoleGrant, Screening, Specimen
from studies.rules.eligibility import BY_CODE
from studies.rules.sentences import Notice, Sentence
from studies.templatetags.stored_sentences import translated

register = template.Library()

CALL_STYLES = {"POSITIVE": "status-plus", "NEGATIVE": "status-minus"}


@register.simple_tag
def role_label(role: str) -> str:
    """Return a role in the language of the page."""
    return str(dict(RoleGrant.Role.choices).get(role, role))


@register.simple_tag
def action_label(action: str) -> str:
    """Return an audited act in words; one without words shows its own name."""
    words = _action_words()
    if action in words:
        return words[action]
    if action.startswith("track.restore_revision"):
        return _("restored an earlier revision of a track")
    if action.startswith("track."):
        return _("edited a track")
    return action


@register.simple_tag
def call_label(call: str) -> str:
    """Return the engine's HER2 call in words."""
    return _call_words_in(get_language()).get(call, call)


@register.simple_tag
def call_short(call: str) -> str:
    """Return a call in words for a column that is headed HER2 already."""
    return {"POSITIVE": _("positive"), "NEGATIVE": _("negative")}.get(call) or call_label(call)


@register.simple_tag
def call_style(call: str) -> str:
    """Return the class that gives a call its shape and colour."""
    return CALL_STYLES.get(call, "status-warn")


@register.simple_tag
def category_label(category: str) -> str:
    """Return the secondary descriptor of a negative call in words."""
    words = {
        "LOW": _("HER2-low"),
        "ULTRALOW": _("HER2-ultralow"),
        "NULL": _("HER2-null"),
    }
    return words.get(category, _("HER2-null or -ultralow, not told apart"))


@register.simple_tag
def reading_role(role: str) -> str:
    """Return which of the readings of a specimen this is, in words."""
    return {"first": _("first reading"), "second": _("second reading")}.get(role, _("adjudication"))


@register.simple_tag
def decision_label(decision: str) -> str:
    """Return what the screening of a patient comes to, in words."""
    return str(dict(Screening.Decision.choices).get(decision, decision))


@register.simple_tag
def decision_style(decision: str) -> str:
    """Return the class that gives a decision its shape and colour."""
    return {"included": "status-ok", "excluded": "status-bad"}.get(decision, "status-wait")


@register.simple_tag
def verdict_label(verdict: str) -> str:
    """Return a verdict of the protocol in words."""
    return _(str(verdict)) if verdict else ""


@register.simple_tag
def field_label(name: str) -> str:
    """Return a field's name as the forms show it; names of no form stay as they are."""
    if name in BY_CODE:
        return in_words(BY_CODE[name].name)
    if name in (others := _other_fields_in(get_language())):
        return others[name]
    for model in (ClinicalRecord, Screening, Lesion, Exam, Specimen, Label):
        try:
            return str(model._meta.get_field(name).verbose_name)
        except FieldDoesNotExist:
            continue
    return name


@register.filter
def query_words(query: DataQuery) -> str:
    """Return the question of a data query: a rule's in the language of the page, a person's as written."""
    if not query.sentence:
        return query.text
    return Sentence(query.sentence["template"], **query.sentence["values"]).translated(_)


@register.filter
def remark_words(remark: dict) -> str:
    """Return the sentence of a remark that was stored as template and values."""
    if not remark.get("values"):
        return translated(remark.get("template", ""))
    return Sentence(remark["template"], **remark["values"]).translated(_)


@register.simple_tag
def verdict_word(verdict: str) -> str:
    """Return the verdict of an imported row in words."""
    return {"new": _("new"), "change": _("changes"), "same": _("as stored"), "error": _("refused")}[verdict]


@register.simple_tag
def verdict_style(verdict: str) -> str:
    """Return the class that gives a verdict its shape and colour."""
    return {"new": "status-ok", "change": "status-run", "same": "status-wait", "error": "status-bad"}[verdict]


@register.simple_tag
def status_word(status: str) -> str:
    """Return a HER2 status as a hospital entered it in words."""
    words = {
        "positive": _("positive"), "negative": _("negative"), "equivocal": _("equivocal"),
        "indeterminate": _("indeterminate"), "none": _("not entered"),
    }  # fmt: skip
    return words.get(status, status)


@register.simple_tag
def question_label(code: str) -> str:
    """Return what kind of question a rule's code stands for."""
    return _question_words().get(code, code)


@register.simple_tag
def query_style(status: str) -> str:
    """Return the class that gives a query's status its shape and colour."""
    return {"open": "status-warn", "answered": "status-run", "closed": "status-ok"}.get(status, "")


@register.filter
def duration(seconds: int | None) -> str:
    """Return seconds as people say them: 48 s, 3 min 20 s, 2 h 5 min; nothing for None."""
    if seconds is None:
        return ""
    minutes, rest = divmod(int(seconds), 60)
    hours, left = divmod(minutes, 60)
    if hours:
        return _("%(hours)d h %(minutes)d min") % {"hours": hours, "minutes": left}
    if minutes:
        return _("%(minutes)d min %(seconds)d s") % {"minutes": minutes, "seconds": rest}
    return _("%d s") % rest


@register.filter
def in_words(sentence: object) -> str:
    """Return a sentence of the rules, or a stored one, in the language of the page."""
    if isinstance(sentence, Notice):
        sentence = sentence.sentence
    if isinstance(sentence, Sentence):
        return sentence.translated(_)
    return translated(str(sentence)) if sentence else ""


@lru_cache(maxsize=8)
def _call_words_in(_language: str | None) -> dict[str, str]:
    """The words of the language that is active; a table asks for them hundreds of times a page."""
    return _call_words()


@lru_cache(maxsize=8)
def _other_fields_in(_language: str | None) -> dict[str, str]:
    """As above."""
    return _other_fields()


def _call_words() -> dict[str, str]:
    return {
        "POSITIVE": _("HER2 positive"),
        "NEGATIVE": _("HER2 negative"),
        "PENDING_ISH": _("equivocal: ISH pending"),
        "NEEDS_IHC": _("IHC needed"),
        "NEEDS_RECOUNT": _("recount needed"),
        "NEEDS_ADJUDICATION": _("adjudication needed"),
        "NEEDS_DUAL_PROBE": _("dual-probe ISH needed"),
        "INDETERMINATE": _("indeterminate"),
        "UNDEFINED": _("undefined"),
        "": "–",
    }


def _question_words() -> dict[str, str]:
    return {
        "age_outside_range": _("age outside the range of the paper"),
        "bound_leaves_one_group": _("a bound that leaves one ISH group"),
        "bound_not_a_value": _("a bound or range instead of a value"),
        "cells_missing": _("number of cells missing"),
        "copies_look_like_totals": _("copies look like totals over all cells"),
        "copies_missing": _("ratio without HER2 copies"),
        "differs_from_table": _("stored value differs from the table"),
        "er_status_contradicts_percent": _("ER status contradicts its percentage"),
        "fish_status_contradicts_ratio": _("ISH status contradicts the ratio"),
        "fish_status_contradicts_score": _("ISH status contradicts the IHC score"),
        "fish_without_counts": _("ISH status without counts"),
        "ihc_score_contradicts_percent": _("IHC score contradicts the percentage"),
        "ihc_status_contradicts_score": _("IHC status contradicts the score"),
        "ihc_status_without_score": _("IHC status without a score"),
        "impossible_value": _("a value that no count can give"),
        "menopause_unlikely_at_age": _("menopausal status unlikely at this age"),
        "no_such_choice": _("a word that fits no choice"),
        "not_whole": _("no whole number"),
        "number_differs": _("another hospital number is stored"),
        "number_twice": _("hospital number of another patient"),
        "pr_status_contradicts_percent": _("PR status contradicts its percentage"),
        "probe_unknown": _("probe not recorded"),
        "ratio_differs": _("ratio entered differs from the copies"),
        "ratio_straddles_cut": _("ratio on both sides of the cut-off"),
        "side_unclear": _("no single side named"),
        "signed_differs": _("signed reading differs from the table"),
        "size_differs_from_t": _("size does not fit cT"),
        "stage_differs": _("stage does not fit T and N"),
        "staging_not_understood": _("no category of the staging"),
        "text_not_understood": _("text not understood"),
        "words_not_a_number": _("words instead of a number"),
    }


def _other_fields() -> dict[str, str]:
    return {
        "change": _("changes"),
        "error": _("refused"),
        "exams": _("visits"),
        "field": _("field"),
        "format": _("format"),
        "lesions": _("lesions"),
        "patients": _("patients"),
        "readings": _("readings"),
        "clip_readings": _("readings of clips"),
        "new": _("new"),
        "queries": _("queries"),
        "rows": _("rows"),
        "same": _("as stored"),
        "found": _("found"),
        "hospital_number": _("hospital number"),
        "resealed": _("sealed anew"),
        "decision": _("decision"),
        "call": _("call"),
        "paper_label": _("paper’s label"),
        "category": _("secondary descriptor"),
        "ish_group": _("ISH group"),
        "recount": _("second observer’s recount"),
        "reader": _("reader"),
        "signature": _("signature"),
        "other_reading_seen": _("the other reading was visible"),
        "newcomer_rule": _("rule for new patients"),
        "ultrasound_on": _("date of the ultrasound"),
        "index_clip": _("index clip"),
        "revision": _("revision"),
        "attempt": _("attempt"),
        "role": _("role"),
        "site": _("site"),
        "status": _("status"),
        "user": _("user"),
    }


def _action_words() -> dict[str, str]:
    return _cohort_acts() | _reading_acts() | _pathology_acts() | _computing_acts()


def _cohort_acts() -> dict[str, str]:
    return {
        "clinical.save": _("saved clinical values"),
        "clip.create": _("stored a clip"),
        "pixels.clean": _("found no identifying text in a clip"),
        "pixels.wipe": _("marked regions of a clip to be wiped"),
        "pixels.wiped": _("had regions of a clip wiped"),
        "exam.create": _("added a visit"),
        "grant.create": _("granted a role"),
        "grant.revoke": _("took a role away"),
        "hospital_number.remove": _("cut the link to a hospital number"),
        "hospital_number.reseal": _("sealed hospital numbers with a new key"),
        "hospital_number.reveal": _("opened a hospital number"),
        "hospital_number.search": _("searched by hospital number"),
        "hospital_number.set": _("stored a hospital number"),
        "export.cohort": _("exported the cohort"),
        "view.delete": _("deleted a saved view"),
        "view.save": _("saved a view of the table"),
        "exam.save": _("changed a visit"),
        "import.apply": _("imported a table"),
        "import.create": _("uploaded a table"),
        "import.discard": _("threw a table away"),
        "lesion.create": _("added a lesion"),
        "lesion.save": _("changed a lesion"),
        "patient.create": _("added a patient"),
        "patient.index_clip": _("chose the index clip"),
        "patient.view": _("viewed a patient"),
        "login.locked": _("was locked out after wrong passwords"),
        "password.change": _("changed the password"),
        "permission.denied": _("was refused"),
        "query.answered": _("answered a query"),
        "query.closed": _("closed a query"),
        "query.raised": _("raised a query"),
        "query.reopened": _("re-opened a query"),
        "site.create": _("added a site"),
        "screening.save": _("saved facts of the screening"),
        "criterion.record": _("recorded criteria of the protocol"),
        "criterion.decide": _("decided a criterion by hand"),
        "export.flow": _("exported the recruitment flow"),
        "export.screening": _("exported the screening"),
        "export.labels": _("exported the tables of labels"),
        "export.audit": _("exported the audit trail"),
        "study.create": _("opened the study"),
        "study.freeze_base": _("froze the units and the frequency band"),
        "study.newcomer_rule": _("set the rule for new patients"),
        "study.seal": _("sealed the split"),
        "membership.assign": _("drew the split"),
        "upload.assign": _("gave a file its patient"),
        "upload.cancel": _("cancelled a file"),
        "upload.create": _("uploaded a file"),
        "upload.verdict": _("checked a file"),
    }


def _reading_acts() -> dict[str, str]:
    return {
        "clip.take_over": _("took over a clip"),
        "detection.store": _("stored the detector’s boxes"),
        "revision.append": _("edited a track"),
        "track.detect": _("stored the model’s track"),
        "track.start": _("started a track"),
        "track.sign": _("signed a track"),
        "track.reopen": _("re-opened a signed track"),
        "track.adjudicate": _("adjudicated a track"),
        "track.delete": _("deleted a track"),
        "track.patch": _("edited a track"),
        "track.exclude_frame": _("excluded a frame"),
        "track.include_frame": _("took an excluded frame back"),
    }


def _pathology_acts() -> dict[str, str]:
    return {
        "label.query.answered": _("answered a query"),
        "label.query.closed": _("closed a query"),
        "label.query.raised": _("raised a query"),
        "label.query.reopened": _("re-opened a query"),
        "label.amend": _("re-opened a signed reading"),
        "label.cosign": _("signed a consensus"),
        "label.lock": _("signed a reading"),
        "label.recount": _("stored a second observer’s count"),
        "label.take_over": _("took a reading over"),
        "label.save": _("saved a reading"),
        "specimen.save": _("changed a specimen"),
        "specimen.create": _("registered a specimen"),
    }


def _computing_acts() -> dict[str, str]:
    return {
        "export.report": _("downloaded a report"),
        "export.table": _("exported a table"),
        "export.figure": _("exported a figure"),
        "table.audit": _("audited a published table"),
        "job.cancel": _("cancelled a job"),
        "job.describe": _("started computing features"),
        "job.detect": _("started finding lesions"),
        "job.judge": _("started judging on the test side"),
        "job.judge_temporal": _("started judging on the temporal test"),
        "job.learn": _("started training the ensemble"),
        "job.report": _("asked for a report"),
        "job.retry": _("retried a job"),
        "job.supplement": _("started further analyses"),
        "job.train_detector": _("started training the detector"),
        "look.take": _("took a look at the test side"),
        "look.temporal": _("took a look at the temporal test"),
        "model.go_back": _("went back to the shipped detector"),
        "model.promote": _("made a model the one of record"),
        "model.store": _("stored a trained model"),
        "report.store": _("printed a report"),
        "statement.save": _("stated something for the report"),
        "supplement.store": _("stored a further analysis"),
    }
