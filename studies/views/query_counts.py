"""How many data queries are open, answered and closed at each site: for the list and the dashboards."""

from dataclasses import dataclass, field

from django.contrib.auth.models import AbstractBaseUser
from django.db.models import Count

from studies.models import DataQuery, Study
from studies.selectors import queries_in_reach, sites_for


@dataclass(frozen=True, slots=True)
class SiteCount:
    """The queries of one site by status."""

    site: str
    counts: dict[str, int] = field(default_factory=dict)

    @property
    def open(self) -> int:
        """Waiting for an answer."""
        return self.counts.get(DataQuery.Status.OPEN, 0)

    @property
    def answered(self) -> int:
        """Answered, waiting to be closed."""
        return self.counts.get(DataQuery.Status.ANSWERED, 0)

    @property
    def closed(self) -> int:
        """Settled."""
        return self.counts.get(DataQuery.Status.CLOSED, 0)

    @property
    def unsettled(self) -> int:
        """Open or answered."""
        return self.open + self.answered


def queries_by_site(study: Study, *, viewer: AbstractBaseUser) -> list[SiteCount]:
    """One row a site within the viewer's reach, sites without queries included; two queries."""
    rows = (
        queries_in_reach(viewer=viewer)
        .filter(patient__study=study)
        .order_by()
        .values_list("patient__site__code", "status")
        .annotate(n=Count("pk"))
    )
    found: dict[str, dict[str, int]] = {site.code: {} for site in sites_for(study, viewer=viewer)}
    for site, status, n in rows:
        found.setdefault(site, {})[status] = n
    return [SiteCount(site, counts) for site, counts in sorted(found.items())]
