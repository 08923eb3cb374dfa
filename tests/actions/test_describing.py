"""Describing: the patience of bytes, for what is said of an image."""

import dataclasses

import pytest

from imagecache_handlers.actions.describing import describe_image
from imagecache_handlers import SourceError
from imagecache_handlers.staging.limits import Limits
from imagecache_handlers import Stopped
from tests.staging.clock import Ticks
from tests.staging.sources import meta_of

META = meta_of(b'bytes')
AWAY = SourceError('glance', 'away', retry=True)


class Failing:
    """A source that fails before it says what an image is."""

    def __init__(self, *errors, meta=META):
        self.errors = list(errors)
        self.meta = meta

    def __str__(self):
        return 'glance'

    def describe(self, image_id):
        if self.errors:
            raise self.errors.pop(0)
        return self.meta


def describe(source, ticks=None, should_stop=lambda: False):
    clocks = (ticks or Ticks()).clocks
    return describe_image(source, META.image_id, Limits(), clocks, should_stop)


def test_what_passes_is_asked_again():
    assert describe(Failing(AWAY, AWAY)) == META


def test_when_it_wants_to_be_asked_is_heeded():
    ticks = Ticks()
    later = SourceError('glance', 'away', retry=True, after=100)
    assert describe(Failing(later), ticks) == META
    assert ticks.slept >= 99.9


@pytest.mark.parametrize(
    ('errors', 'left'),
    [
        ([SourceError('glance', 'no')] * 2, 1),
        ([AWAY] * 9, 4),
        ([SourceError('glance', 'away', retry=True, after=400)] * 2, 1),
    ],
)
def test_what_is_of_no_use_is_not(errors, left):
    source = Failing(*errors)
    with pytest.raises(SourceError):
        describe(source)
    assert len(source.errors) == left


@pytest.mark.parametrize(
    ('changes', 'why'),
    [({'image_id': 'other'}, "describes 'other'"), ({'size': 0}, 'empty')],
)
def test_another_image_and_none_are_refused(changes, why):
    meta = dataclasses.replace(META, **changes)
    with pytest.raises(SourceError, match=f"from 'glance': .*{why}"):
        describe(Failing(meta=meta))


def test_it_stops_while_it_waits():
    with pytest.raises(Stopped):
        describe(Failing(AWAY), should_stop=lambda: True)
