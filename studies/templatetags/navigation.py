"""Navigation of a study: the links that a user's roles open."""

from dataclasses import dataclass

from django import template
from django.urls import reverse
from django.utils.translation import gettext as _

from studies import permissions

register = template.Library()


@dataclass(frozen=True)
class Link:
    """One entry of the main navigation."""

    label: str
    url: str
    current: bool


@register.simple_tag(takes_context=True)
def study_links(context) -> list[Link]:
    """Return the links of the current study that the user may follow."""
    return _links(context["request"], context["study"])


@register.simple_tag(takes_context=True)
def study_shortcuts(context, study) -> list[Link]:
    """Return the links of a study that is listed on the home page."""
    return _links(context["request"], study)


@register.simple_tag
def role_label(role: str) -> str:
    """Return a role in the language of the page."""
    labels = {
        "coordinator": _("coordinator"),
        "sonographer": _("sonographer"),
        "pathologist": _("pathologist"),
        "clinician": _("clinician"),
        "administrator": _("administrator"),
    }
    return labels.get(role, role)


@register.simple_tag
def action_label(action: str) -> str:
    """Return an audited action in words; one without words shows its own name."""
    return _action_words().get(action, action)


def _action_words() -> dict[str, str]:
    return {
        "clinical.save": _("saved clinical values"),
        "clip.create": _("stored a clip"),
        "detection.store": _("stored the detector’s boxes"),
        "exam.create": _("added a visit"),
        "grant.create": _("granted a role"),
        "grant.revoke": _("took a role away"),
        "job.cancel": _("cancelled a job"),
        "job.describe": _("started computing features"),
        "job.detect": _("started finding lesions"),
        "job.judge": _("started judging on the test side"),
        "job.learn": _("started training the ensemble"),
        "job.train_detector": _("started training the detector"),
        "label.amend": _("re-opened a signed reading"),
        "label.lock": _("signed a reading"),
        "label.save": _("saved a reading"),
        "look.take": _("took a look at the test side"),
        "membership.assign": _("drew the split"),
        "model.promote": _("made a model the one of record"),
        "patient.create": _("added a patient"),
        "patient.index_clip": _("chose the index clip"),
        "patient.view": _("viewed a patient"),
        "permission.denied": _("was refused"),
        "site.create": _("added a site"),
        "specimen.create": _("registered a specimen"),
        "study.create": _("opened the study"),
        "study.seal": _("sealed the split"),
        "track.reopen": _("re-opened a signed track"),
        "track.sign": _("signed a track"),
        "upload.assign": _("gave a file its patient"),
        "upload.cancel": _("cancelled a file"),
        "upload.create": _("uploaded a file"),
        "upload.verdict": _("checked a file"),
    }


def _links(request, study) -> list[Link]:
    user = request.user
    entries = [
        (_("Overview"), "study", permissions.can_view_study(user, study)),
        (_("Cohort"), "cohort", permissions.can_view_study(user, study)),
        (_("Reading"), "worklist", permissions.has_role(user, study, {permissions.Role.SONOGRAPHER})),
        (_("Upload"), "upload", permissions.can_upload(user, study)),
        (_("Pathology"), "pathology", _is_pathologist(user, study)),
        (_("Results"), "results", permissions.can_view_results(user, study)),
        (_("Models"), "models", permissions.can_view_models(user, study)),
        (_("Jobs"), "jobs", permissions.can_view_jobs(user, study)),
        (_("People"), "people", permissions.can_administer(user, study)),
        (_("Audit"), "audit", permissions.can_administer(user, study)),
    ]
    return [
        Link(label, url := reverse(name, args=[study.slug]), url == request.path)
        for label, name, allowed in entries
        if allowed
    ]


def _is_pathologist(user, study) -> bool:
    blinded = permissions.is_blinded(user, study)
    return not blinded and permissions.has_role(user, study, {permissions.Role.PATHOLOGIST})
