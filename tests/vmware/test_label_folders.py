"""Labels as folders: Nova reads ours, we read Nova's, none is lost."""

import datetime

from hypothesis import given
from hypothesis import strategies as st
import pytest

from imagecache_handlers import labels as core
from imagecache_handlers_vmware.label_folders import FolderChange
from imagecache_handlers_vmware.label_folders import is_label
from imagecache_handlers_vmware.label_folders import plan_change
from imagecache_handlers_vmware.label_folders import read_labels
from imagecache_handlers_vmware.label_folders import SHIELD_FOLDER

TIMES = st.datetimes(
    min_value=datetime.datetime(1, 1, 1),
    max_value=datetime.datetime(9998, 12, 31),
    timezones=st.just(datetime.UTC),
)
LABELS = st.one_of(
    st.from_regex(core.LABEL, fullmatch=True),
    TIMES.map(core.unused_label),
    st.sampled_from(['pin.ops', 'unused.never', '00', 'shield', 'x' * 96]),
)


def apply_change(folders, change):
    return (folders | set(change.make)) - set(change.remove)


@given(st.sets(LABELS, max_size=5))
def test_what_is_written_is_read_back(labels):
    change = plan_change(frozenset(), labels, ())
    assert read_labels(change.make) == labels
    assert all(map(is_label, change.make))


FEW = st.sets(LABELS, max_size=3)


@given(st.lists(st.tuples(FEW, FEW), max_size=4))
def test_changes_one_after_another_are_those_of_a_set(changes):
    folders, labels = set(), set()
    for add, remove in changes:
        change = plan_change(read_labels(folders), add, remove)
        folders = apply_change(folders, change)
        labels = (labels | add) - remove
        assert read_labels(folders) == labels


@given(FEW, FEW, FEW)
def test_a_shielded_image_has_no_other_stamp_that_nova_may_take(
    labels, add, remove
):
    folders = set(plan_change(frozenset(), labels, ()).make)
    change = plan_change(
        read_labels(folders), add | {'shield'}, remove - {'shield'}
    )
    stamps = {
        one for one in apply_change(folders, change) if one.startswith('ts-')
    }
    assert stamps <= {SHIELD_FOLDER}


@pytest.mark.parametrize(
    ('folders', 'labels'),
    [
        (['ts-2026-11-22-08-22-00'], {'unused.20261122t082200z'}),
        (['ic-pin.ops'], {'pin.ops'}),
        ([SHIELD_FOLDER], {'shield'}),
        (
            [SHIELD_FOLDER, 'ts-2026-11-22-08-22-00'],
            {
                'unused.ts-9999-01-01-00-00-00',
                'unused.20261122t082200z',
            },
        ),
        (
            [SHIELD_FOLDER, 'ic-unused.20261122t082200z'],
            {'shield', 'unused.20261122t082200z'},
        ),
        # Nova took the shield away, for it used the image.
        (['ic-unused.20261122t082200z', 'ic-pin.ops'], {'pin.ops'}),
        (['ic-unused.never'], {'unused.never'}),
        (['ts-xyz'], {'unused.ts-xyz'}),
        (['ts-2026-13-22-08-22-00'], {'unused.ts-2026-13-22-08-22-00'}),
        (['ts-2026-1-22-08-22-00'], {'unused.ts-2026-1-22-08-22-00'}),
        (['ic-shield'], set()),
        (['other'], set()),
    ],
)
def test_folders_are_read(folders, labels):
    assert read_labels(folders) == labels


def test_a_malformed_stamp_is_no_time_and_can_be_taken_away():
    [label] = read_labels(['ts-xyz'])
    assert core.Marks.read([label]).unused_since is None
    assert core.Marks.read([label]).malformed == {label}
    assert 'ts-xyz' in plan_change(frozenset({label}), (), {label}).remove


def test_a_shield_that_nova_may_overlook_is_made_whole():
    folders = {SHIELD_FOLDER, 'ts-2026-11-22-08-22-00', 'ts-xyz'}
    change = plan_change(read_labels(folders), {'shield'}, ())
    assert apply_change(folders, change) == {
        SHIELD_FOLDER,
        'ic-unused.20261122t082200z',
    }


def test_an_age_goes_back_to_nova_with_the_shield():
    labels = frozenset({'shield', 'unused.20261122t082200z'})
    assert plan_change(labels, (), {'shield'}) == FolderChange(
        make=('ts-2026-11-22-08-22-00',),
        remove=('ic-unused.20261122t082200z', SHIELD_FOLDER),
    )
