"""Who may do what: plain predicates over a user's grants. Views, API and files are thin wrappers of these.

A sonographer's grant blinds its holder to labels and predictions of that study, whatever else they hold.
A pathologist does not see predictions, so that no label is read in their light.
"""

from collections.abc import Iterable

from django.contrib.auth.models import User
from django.db.models import Q

from studies.models import Clip, DataQuery, Patient, RoleGrant, Site, Study, TableImport, Track

Role = RoleGrant.Role
GRANTS_CACHE = "_grants_by_study"

IMAGE_ROLES = frozenset(set(Role.values) - {Role.PATHOLOGIST})
"""Roles whose holders see images, boxes and features."""
LABEL_ROLES = frozenset({Role.PATHOLOGIST, Role.COORDINATOR, Role.CLINICIAN})
"""Roles whose holders see every label at their sites (administrators: none of a sealed test side)."""
RESULT_ROLES = frozenset({Role.CLINICIAN, Role.COORDINATOR, Role.ADMINISTRATOR})
"""Roles whose holders see predictions, models and results."""


def grants_in(user: User, study: Study) -> list[RoleGrant]:
    """Return the user's grants in a study, read once per user object."""
    return _grants_by_study(user).get(study.pk, [])


def _grants_by_study(user: User) -> dict[object, list[RoleGrant]]:
    if not user.is_active:
        return {}
    cached: dict[object, list[RoleGrant]] | None = getattr(user, GRANTS_CACHE, None)
    if cached is None:
        cached = {}
        for grant in RoleGrant.objects.filter(user_id=user.pk):
            cached.setdefault(grant.study_id, []).append(grant)
        setattr(user, GRANTS_CACHE, cached)
    return cached


def forget_grants(user: User) -> None:
    """Drop the cached grants of a user object after they changed."""
    if hasattr(user, GRANTS_CACHE):
        delattr(user, GRANTS_CACHE)


def roles_in(user: User, study: Study, site: Site | None = None) -> set[str]:
    """Return the roles of a user in a study; with a site, only those that reach that site."""
    held = {
        grant.role
        for grant in grants_in(user, study)
        if site is None or grant.site_id is None or grant.site_id == site.pk
    }
    return held | {Role.ADMINISTRATOR} if user.is_active and getattr(user, "is_superuser", False) else held


def has_role(user: User, study: Study, roles: Iterable[str], site: Site | None = None) -> bool:
    """Whether the user holds any of these roles there."""
    return not roles_in(user, study, site).isdisjoint(roles)


def has_role_everywhere(user: User, study: Study, roles: Iterable[str]) -> bool:
    """Whether the user holds one of these roles for all sites: what acts that change the whole study need."""
    if user.is_active and getattr(user, "is_superuser", False) and Role.ADMINISTRATOR in set(roles):
        return True
    return any(grant.role in set(roles) and grant.site_id is None for grant in grants_in(user, study))


def is_blinded(user: User, study: Study) -> bool:
    """Whether a sonographer's grant hides labels and predictions of this study from the user."""
    return any(grant.role == Role.SONOGRAPHER for grant in grants_in(user, study))


def reach(
    user: User,
    roles: Iterable[str] = tuple(Role.values),
    *,
    study: str = "study",
    site: str | None = "site",
    unblinded: bool = False,
) -> Q:
    """The condition of a query that keeps the rows which the user reaches through one of these roles.

    Args:
        roles: the roles that count; a superuser is an administrator everywhere.
        study: lookup from the row to its study.
        site: lookup from the row to its site; "" where a grant at any site reaches the whole study, None
            where only a grant for all sites does.
        unblinded: leave out the studies in which a sonographer's grant blinds the user.
    """
    wanted = set(roles)
    grants = [grant for rows in _grants_by_study(user).values() for grant in rows]
    blind = {grant.study_id for grant in grants if grant.role == Role.SONOGRAPHER} if unblinded else set()
    if user.is_active and getattr(user, "is_superuser", False) and Role.ADMINISTRATOR in wanted:
        return ~Q(**{f"{study}__in": blind})
    held = [grant for grant in grants if grant.role in wanted and grant.study_id not in blind]
    whole = {grant.study_id for grant in held if grant.site_id is None or site == ""}
    condition = Q(**{f"{study}__in": whole})
    if site:
        condition |= Q(**{f"{site}__in": {grant.site_id for grant in held if grant.site_id is not None}})
    return condition


def holds_anywhere(user: User, roles: Iterable[str], *, unblinded: bool = False) -> bool:
    """Whether there is any study in which one of these roles counts for the user."""
    wanted = set(roles)
    if user.is_active and getattr(user, "is_superuser", False) and Role.ADMINISTRATOR in wanted:
        return True
    for rows in _grants_by_study(user).values():
        held = {grant.role for grant in rows}
        if held & wanted and not (unblinded and Role.SONOGRAPHER in held):
            return True
    return False


def can_view_study(user: User, study: Study) -> bool:
    """Any role in the study."""
    return bool(roles_in(user, study))


def can_view_patient(user: User, patient: Patient) -> bool:
    """Any role that reaches the patient's site."""
    return bool(roles_in(user, patient.study, patient.site))


def can_manage_cohort(user: User, study: Study, site: Site | None = None) -> bool:
    """Coordinators add patients, enter clinical data, and screen."""
    return has_role(user, study, {Role.COORDINATOR}, site)


def can_edit_patient(user: User, patient: Patient) -> bool:
    """Coordinators of the patient's site."""
    return can_manage_cohort(user, patient.study, patient.site)


def can_view_screening(user: User, study: Study) -> bool:
    """Coordinators, and whoever else is not blinded: evidence may speak of what was found later."""
    return can_manage_cohort(user, study) or (can_view_study(user, study) and not is_blinded(user, study))


def can_upload(user: User, study: Study, site: Site | None = None) -> bool:
    """Coordinators and sonographers bring files in."""
    return has_role(user, study, {Role.COORDINATOR, Role.SONOGRAPHER}, site)


def can_view_clip(user: User, clip: Clip) -> bool:
    """Whoever sees the patient, except pathologists: their reading stays blind to the images."""
    patient = clip.patient
    return has_role(user, patient.study, IMAGE_ROLES, patient.site)


def can_correct_boxes(user: User, clip: Clip) -> bool:
    """Sonographers of the patient's site."""
    patient = clip.patient
    return has_role(user, patient.study, {Role.SONOGRAPHER}, patient.site)


def can_edit_track(user: User, track: Track) -> bool:
    """The reader whose track it is, while still a sonographer there."""
    return track.reader_id == user.pk and can_correct_boxes(user, track.clip)


def can_enter_pathology(user: User, patient: Patient) -> bool:
    """Pathologists of the patient's site who are not blinded by a sonographer's grant."""
    return not is_blinded(user, patient.study) and has_role(
        user, patient.study, {Role.PATHOLOGIST}, patient.site
    )


def can_answer_query(user: User, query: DataQuery) -> bool:
    """Coordinators of the patient's site; pathologists where it is about pathology."""
    is_pathology = query.subject == DataQuery.Subject.PATHOLOGY
    return can_edit_patient(user, query.patient) or (
        is_pathology and can_enter_pathology(user, query.patient)
    )


def can_close_query(user: User, query: DataQuery) -> bool:
    """Coordinators of the patient's site, and whoever raised it."""
    return can_edit_patient(user, query.patient) or (
        query.raised_by_id == user.pk and can_view_patient(user, query.patient)
    )


def can_export(user: User, study: Study) -> bool:
    """Clinicians, coordinators and administrators; what the file holds is what they see on the pages."""
    return has_role(user, study, RESULT_ROLES)


def can_view_import(user: User, table: TableImport) -> bool:
    """Whoever brought it in, and coordinators of the whole study; the blinded see no table with pathology."""
    study = table.study
    has_pathology = any(target.startswith(("specimen.", "label.")) for target in table.mapping.values())
    if has_pathology and is_blinded(user, study):
        return False
    whole = has_role_everywhere(user, study, {Role.COORDINATOR})
    return whole or (table.actor_id == user.pk and can_manage_cohort(user, study))


def can_view_labels(user: User, patient: Patient) -> bool:
    """Pathologists, coordinators and clinicians; administrators, who train, not of a sealed test side."""
    study = patient.study
    roles = roles_in(user, study, patient.site)
    if is_blinded(user, study):
        return False
    if roles & LABEL_ROLES:
        return True
    return Role.ADMINISTRATOR in roles and not _is_sealed_test(patient)


def can_view_labels_in(user: User, study: Study) -> bool:
    """Whether the user sees labels of a study at all (counts, lists); each patient is asked for itself."""
    return not is_blinded(user, study) and has_role(user, study, LABEL_ROLES)


def can_view_label_tables(user: User, study: Study) -> bool:
    """Who sees labels, and administrators; those see no patient of a sealed test side in the tables."""
    return not is_blinded(user, study) and has_role(user, study, LABEL_ROLES | {Role.ADMINISTRATOR})


def _is_sealed_test(patient: Patient) -> bool:
    membership = getattr(patient, "membership", None)
    if membership is None or membership.side == membership.Side.TEMPORAL:
        return membership is not None
    on_test_side = membership.side == membership.Side.TEST
    return on_test_side and patient.study.is_sealed and not patient.study.looks.exists()


def can_view_predictions(user: User, study: Study, site: Site | None = None) -> bool:
    """Clinicians, coordinators and administrators who are not blinded."""
    return not is_blinded(user, study) and has_role(user, study, RESULT_ROLES, site)


def can_view_results(user: User, study: Study) -> bool:
    """The same people as predictions."""
    return can_view_predictions(user, study)


def can_train(user: User, study: Study) -> bool:
    """Administrators of the whole study who are not blinded start training, promote and roll back."""
    return not is_blinded(user, study) and has_role_everywhere(user, study, {Role.ADMINISTRATOR})


def can_view_models(user: User, study: Study) -> bool:
    """Administrators, coordinators and clinicians who are not blinded."""
    return can_view_predictions(user, study)


def can_seal(user: User, study: Study) -> bool:
    """Coordinators of the whole study split, seal, and add sites."""
    return has_role_everywhere(user, study, {Role.COORDINATOR})


def can_take_look(user: User, study: Study) -> bool:
    """Coordinators and administrators of the whole study take a counted look at the test side."""
    roles = {Role.COORDINATOR, Role.ADMINISTRATOR}
    return not is_blinded(user, study) and has_role_everywhere(user, study, roles)


def can_state(user: User, study: Study) -> bool:
    """Coordinators of the whole study state what no row can tell (ethics, funding…) in its reports."""
    return has_role_everywhere(user, study, {Role.COORDINATOR})


def can_view_jobs(user: User, study: Study) -> bool:
    """Anyone in the study sees the list; each row shows only what the viewer may see."""
    return can_view_study(user, study)


def can_administer(user: User, study: Study) -> bool:
    """Administrators of the whole study manage grants and read the audit trail."""
    return has_role_everywhere(user, study, {Role.ADMINISTRATOR})


def can_administer_installation(user: User) -> bool:
    """Superusers keep accounts and read what belongs to no study."""
    return bool(user.is_active and user.is_superuser)


def can_create_study(user: User) -> bool:
    """Superusers, and anyone who coordinates or administers a study already."""
    if not user.is_active:
        return False
    return (
        user.is_superuser
        or RoleGrant.objects.filter(user_id=user.pk, role__in=[Role.COORDINATOR, Role.ADMINISTRATOR]).exists()
    )
