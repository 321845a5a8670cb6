"""The world that the page tests of studies/ share: two studies, their people, and one row of every kind."""

from types import SimpleNamespace

import pytest
from django.test import Client

from tests.factories import logged_in, make_world


@pytest.fixture
def world(db) -> SimpleNamespace:
    """Two studies with one row of every kind; a test module may build a richer one of its own."""
    return make_world()


@pytest.fixture
def coordinator(world) -> Client:
    """A browser in which the coordinator of the first study is logged in."""
    return logged_in(world.people["coordinator"])
