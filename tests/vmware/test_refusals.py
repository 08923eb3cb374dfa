"""Refusals: how long an image tells that it was refused."""

import datetime

import pytest

from imagecache_handlers import CachedImage
from imagecache_handlers.labels import Marks
from imagecache_handlers_vmware.refusals import refusal_label
from imagecache_handlers_vmware.refusals import with_refusal

NOW = datetime.datetime(2026, 11, 29, 12, tzinfo=datetime.UTC)


@pytest.mark.parametrize(
    ('ago', 'is_told'),
    [
        (datetime.timedelta(), True),
        (datetime.timedelta(days=2, hours=23), True),
        (datetime.timedelta(days=3), False),
        (datetime.timedelta(minutes=-4), True),
        (datetime.timedelta(minutes=-6), False),
    ],
)
def test_a_refusal_is_told_for_three_days(ago, is_told):
    image = CachedImage(
        image_id='one',
        store='store',
        location='there',
        size=1,
        marks=Marks.read([refusal_label(NOW - ago), 'pin.ops']),
    )
    told = with_refusal(image, NOW).undeletable
    assert (told is not None) == is_told
