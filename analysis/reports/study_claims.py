"""What the rows of a study support of the words that may be used of it, in three queries."""

from django.db.models import Max, Min

from analysis.reports.honest_words import Claims
from studies.models import Exam, Membership, Study


def study_claims(study: Study) -> Claims:
    """Looks so far, and whether the test patients are of another centre or a later time than all others."""
    return Claims(looks=study.looks.count(), other_centre_or_time=other_centre(study) or later_time(study))


def other_centre(study: Study) -> bool:
    """Whether no site has patients on both sides of the split."""
    sides: dict[str, set[object]] = {}
    rows = Membership.objects.filter(patient__study=study).values_list("side", "patient__site")
    for side, site in rows.distinct():
        sides.setdefault(side, set()).add(site)
    training, test = (sides.get(side, set()) for side in (Membership.Side.TRAINING, Membership.Side.TEST))
    return bool(training and test) and training.isdisjoint(test)


def later_time(study: Study) -> bool:
    """Whether every test patient was examined after every training patient; False where a date is missing."""
    exams = Exam.objects.filter(patient__study=study, performed_on__isnull=False)
    members = Membership.objects.filter(patient__study=study)
    if members.exclude(patient__in=exams.values("patient")).exists():
        return False
    training = exams.filter(patient__membership__side=Membership.Side.TRAINING).aggregate(
        at=Max("performed_on")
    )
    test = exams.filter(patient__membership__side=Membership.Side.TEST).aggregate(at=Min("performed_on"))
    return training["at"] is not None and test["at"] is not None and training["at"] < test["at"]
