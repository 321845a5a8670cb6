"""Who has a clip open: one window of a reader, and no more readers than the study asks for."""

import pytest

from studies.models import AuditEvent
from studies.services.annotation import track_open_for_reader
from studies.services.presence import (
    clip_offered,
    presence_claim,
    presence_of,
    presence_release,
    presences,
)
from tests.studies.reading import Reading, clip_of, reading

pytestmark = pytest.mark.django_db


@pytest.fixture
def ready() -> Reading:
    return reading()


def claim(ready: Reading, reader: int, tab: str = "a", *, take_over: bool = False):
    return presence_claim(actor=ready.readers[reader], clip=ready.clip, tab=tab, take_over=take_over)


def test_a_second_window_waits_until_it_takes_over(ready):
    first = claim(ready, 0, "a")
    assert first.mine
    second = claim(ready, 0, "b")
    assert (second.mine, second.who, second.since) == (False, None, first.since)
    assert claim(ready, 0, "b", take_over=True).mine
    assert not claim(ready, 0, "a").mine
    assert AuditEvent.objects.filter(action="clip.take_over").count() == 1


def test_another_reader_waits_and_learns_who_is_there(ready):
    first = claim(ready, 0)
    second = claim(ready, 1)
    assert (second.mine, second.who, second.since) == (False, "sono1", first.since)
    assert claim(ready, 0).mine, "who was there first stays"
    taken = claim(ready, 1, take_over=True)
    assert taken.mine
    lost = claim(ready, 0)
    assert (lost.mine, lost.who) == (False, "sono2")
    event = AuditEvent.objects.get(action="clip.take_over")
    assert event.changes == {"from": ["sono1", "sono2"]}


def test_who_leaves_or_is_silent_holds_nothing(ready):
    claim(ready, 0)
    presence_release(actor=ready.readers[0], clip=ready.clip, tab="another")
    assert not claim(ready, 1).mine
    presence_release(actor=ready.readers[0], clip=ready.clip, tab="a")
    assert claim(ready, 1).mine


def test_a_reader_with_a_track_is_never_sent_away(ready):
    track_open_for_reader(actor=ready.readers[1], clip=ready.clip)
    claim(ready, 0)
    answer = claim(ready, 1)
    assert answer.mine
    assert [present.name for present in answer.others] == ["sono1"]


def test_two_readers_work_at_once_where_the_study_asks_for_two():
    ready = reading(readers_per_clip=2)
    assert claim(ready, 0).mine
    assert claim(ready, 1).mine
    third = claim(ready, 2)
    assert not third.mine
    track_open_for_reader(actor=ready.readers[0], clip=ready.clip)
    assert claim(ready, 2).who == "sono2", "one place is taken for good, the other one is held"


def test_whoever_only_looks_sees_who_works_and_holds_nothing(ready):
    claim(ready, 0)
    assert [present.name for present in presence_of(ready.clip, besides=ready.coordinator)] == ["sono1"]
    presence_claim(actor=ready.coordinator, clip=ready.clip, tab="c")
    assert presence_of(ready.clip, besides=ready.readers[0]) == ()


def test_the_next_clip_offered_is_one_that_nobody_else_has_open(ready):
    second = clip_of(ready.patient, number=2)
    assert clip_offered(ready.study, viewer=ready.readers[1]) == ready.clip
    claim(ready, 0)
    assert clip_offered(ready.study, viewer=ready.readers[0]) == ready.clip
    assert clip_offered(ready.study, viewer=ready.readers[1]) == second
    assert clip_offered(ready.study, viewer=ready.readers[1], after=second) == ready.clip
    clip_of(ready.patient, number=3, n_frames=1)
    assert clip_offered(ready.study, viewer=ready.readers[0], after=ready.clip) == second


def test_a_clip_that_was_passed_over_comes_back_at_the_end(ready):
    second, third = (clip_of(ready.patient, number=n) for n in (2, 3))
    reader = ready.readers[0]
    track_open_for_reader(actor=reader, clip=ready.clip)

    def after(clip):
        return clip_offered(ready.study, viewer=reader, after=clip)

    assert clip_offered(ready.study, viewer=reader) == ready.clip, "what was begun comes first"
    assert [after(ready.clip), after(second), after(third)] == [second, third, ready.clip]


def test_many_clips_cost_one_query_and_one_look_into_the_cache(ready, django_assert_num_queries):
    clips = [ready.clip, *(clip_of(ready.patient, number=n) for n in range(2, 9))]
    claim(ready, 0)
    assert presences(ready.study, [], besides=ready.readers[1]) == {}
    with django_assert_num_queries(2):  # the cache of the tests is a table
        found = presences(ready.study, clips, besides=ready.readers[1])
    assert list(found) == [ready.clip.pk]
