"""What is retired, by what Glance said: tables of values."""

import pytest

from imagecache_handlers.frontends.glance_api import judging
from imagecache_handlers.model import Retired


def private(*owners):
    return [{'visibility': 'private', 'owner': owner} for owner in owners]


@pytest.mark.parametrize(
    ('shown', 'all_'),
    [
        ([], False),
        (private('a'), False),
        (private('a', 'a', 'a'), False),
        (private('a', 'b'), True),
        (private('a', 'a', 'b', 'a'), True),
        # What has no owner is shown to everybody.
        (private('a', None), False),
        (private('a', ''), False),
        (private('a', 7), False),
        (private(None, None), False),
        # The filter was not heeded, so it is anybody's answer.
        ([*private('a', 'b'), {'visibility': 'public', 'owner': 'c'}], False),
        ([*private('a', 'b'), {'owner': 'c'}], False),
        ([*private('a', 'b'), {}], False),
    ],
)
def test_who_sees_private_images_of_two_projects_sees_all(shown, all_):
    assert judging.sees_all(shown) == all_


@pytest.mark.parametrize(
    ('found', 'missing', 'enough'),
    [
        (0, 0, True),
        (1, 0, True),
        (1, 1, True),
        (2, 1, True),
        (100, 100, True),
        (0, 1, False),
        (1, 2, False),
        (99, 100, False),
        (0, 5000, False),
    ],
)
def test_as_many_must_be_found_as_are_not(found, missing, enough):
    statuses = {f'f{number}': 'active' for number in range(found)}
    statuses |= {f'm{number}': None for number in range(missing)}
    assert judging.count_missing(statuses) == missing
    assert judging.knows_enough(statuses) == enough


@pytest.mark.parametrize(
    ('status', 'believes', 'how'),
    [
        ('active', True, None),
        ('queued', True, None),
        ('saving', True, None),
        ('uploading', True, None),
        ('importing', True, None),
        ('killed', True, None),
        ('something of tomorrow', True, None),
        ('', True, None),
        ('deactivated', True, Retired.DEACTIVATED),
        ('deactivated', False, Retired.DEACTIVATED),
        ('deleted', False, Retired.DELETED),
        ('pending_delete', False, Retired.DELETED),
        (None, True, Retired.DELETED),
        (None, False, None),
    ],
)
def test_what_a_status_says(status, believes, how):
    said = judging.judge_images({'a': status}, believes_missing=believes)
    assert said == ({} if how is None else {'a': how})
