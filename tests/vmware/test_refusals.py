"""Refusals: how long an image tells that it was refused."""

import datetime

import pytest

from imagecache_handlers import CachedImage
from imagecache_handlers.labels import Marks
from imagecache_handlers_vmware.joint_folders import join_folders
from imagecache_handlers_vmware.refusals import find_refusal_rename
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


NEW, OLD = 'ic-undeletable.20261129t120000z', 'ic-undeletable.20260101t000000z'
CLAIM, MARK = 'ic-claim.5f0c.20261129t121000z', 'ts-2026-01-01-00-00-00'
BOTH, HITS = f'{NEW}+{CLAIM[3:]}', f'ic-hits.3+{CLAIM[3:]}'
MARKED = join_folders(MARK, CLAIM)


@pytest.mark.parametrize(
    ('folders', 'old', 'new'),
    [
        ((CLAIM, OLD, 'ic-hits.3', MARK), OLD, NEW),
        ((f'{OLD}+{CLAIM[3:]}', 'ic-hits.3'), f'{OLD}+{CLAIM[3:]}', BOTH),
        ((CLAIM, MARK, 'ic-pin.ops'), CLAIM, BOTH),
        ((HITS, MARK), HITS, BOTH),
        ((MARKED, 'ic-hits.3'), MARKED, BOTH),
        ((HITS, MARKED), HITS, BOTH),
    ],
)
def test_on_a_full_datastore_it_takes_the_place_of_least_worth(
    folders, old, new
):
    rename = find_refusal_rename(folders, NEW)
    assert (rename.old, rename.new) == (old, new)


@pytest.mark.parametrize(
    'folder',
    [
        MARK,
        'ts-9999-01-01-00-00-00',
        'ic-pin.ops',
        'ic-lease.vm.20261129t121000z',
        'ic-hits.3',
        'ic-claim.soon',
    ],
)
def test_what_tells_neither_refusal_nor_claim_never_gives_way(folder):
    assert find_refusal_rename([folder], NEW) is None
