"""No page offers what its reader may not open: every link of every page, followed as each role."""

import re
from collections import deque
from html import unescape
from types import SimpleNamespace

import pytest

from tests.factories import logged_in, make_world
from tests.studies.test_pages import PAGES_OF, judge

pytestmark = pytest.mark.django_db

OFFER = re.compile(r'\s(?:href|hx-get|src)="(/[^"]*)"')
IDENTIFIER = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}")
ELSEWHERE = ("/static/", "/admin/", "/logout/", "/api/docs/", "/api/schema/")
PAGES_AT_MOST = 250
KINDS_OF_ONE = 2
"""How many addresses that differ by identifier or filter only are followed."""


@pytest.fixture
def world() -> SimpleNamespace:
    world = make_world()
    world.study = world.alpha
    judge(world)
    return world


def kind_of(address: str) -> str:
    """An address without identifiers, numbers and filters."""
    return re.sub(r"/\d+/", "/N/", IDENTIFIER.sub("ID", address.split("?")[0]))


def dead_links(client) -> list[str]:
    """Addresses that pages offer and that answer with a refusal or an error, each with its page."""
    queue, seen, counts, dead = deque([("/", "start")]), {"/"}, {}, []
    while queue and len(seen) < PAGES_AT_MOST:
        address, page = queue.popleft()
        answer = client.get(address, follow=True)
        if answer.status_code >= 400:
            dead.append(f"{answer.status_code} {address} on {page}")
        if not answer.get("Content-Type", "").startswith("text/html"):
            continue
        for found in OFFER.findall(answer.content.decode()):
            link = unescape(found).split("#")[0]
            kind = kind_of(link)
            if link.startswith(ELSEWHERE) or link in seen or counts.get(kind, 0) >= KINDS_OF_ONE:
                continue
            counts[kind] = counts.get(kind, 0) + 1
            seen.add(link)
            queue.append((link, address))
    assert len(seen) < PAGES_AT_MOST, "the crawl did not come to its end"
    return dead


@pytest.mark.parametrize("role", PAGES_OF)
def test_every_link_leads_where_its_reader_may_go(world, role):
    assert "\n".join(dead_links(logged_in(world.people[role]))) == ""
