"""Joint folders: both labels are read back, and Nova reads its own."""

import datetime

from hypothesis import given
from hypothesis import strategies as st
import pytest

from imagecache_handlers import labels as core
from imagecache_handlers.labels import LABEL
from imagecache_handlers_vmware.joint_folders import find_dead_claims
from imagecache_handlers_vmware.joint_folders import find_rename
from imagecache_handlers_vmware.joint_folders import join_folders
from imagecache_handlers_vmware.joint_folders import Rename
from imagecache_handlers_vmware.joint_folders import split_folder
from imagecache_handlers_vmware.label_folders import plan_change
from imagecache_handlers_vmware.label_folders import read_labels
from imagecache_handlers_vmware.label_folders import SHIELD_FOLDER

CLAIM = 'ic-claim.00ff.20261122t082200z'
LATER = 'ic-claim.00ff.20261122t083200z'
MARK = 'ts-2026-11-01-08-22-00'

times = st.datetimes(
    min_value=datetime.datetime(1970, 1, 1),
    max_value=datetime.datetime(9998, 12, 31),
    timezones=st.just(datetime.UTC),
)
claims = st.builds(
    core.claim_label, st.from_regex(r'[0-9a-f]{1,16}', fullmatch=True), times
)
replaced = st.one_of(
    st.integers(0, 10**12 - 1).map('hits.{}'.format),
    times.map(core.unused_label),
    times.map(core.seen_label),
)


def read_as_nova(folder):
    """Read a mark as ImageCacheManager._get_datetime_from_filename does."""
    text = folder.lstrip('ts-')  # noqa: B005 -- as Nova has it
    return datetime.datetime.strptime(text, '%Y-%m-%d-%H-%M-%S')


@given(replaced, claims)
def test_both_labels_are_read_back(label, claim):
    [folder] = plan_change(frozenset(), {label}, ()).make
    joint = join_folders(folder, f'ic-{claim}')
    assert read_labels([joint]) == {label, claim}
    # A name of VMFS has no more letters.
    assert len(joint) <= 127


@given(times, claims)
def test_nova_reads_the_same_time(time, claim):
    [folder] = plan_change(frozenset(), {core.unused_label(time)}, ()).make
    joint = join_folders(folder, f'ic-{claim}')
    assert joint.startswith('ts-')
    assert read_as_nova(joint) == read_as_nova(folder)


@given(st.text('ts-0123', max_size=40).map('ts-{}2026-11-01-08-22-00'.format))
def test_what_is_not_written_so_is_not_read_so(folder):
    told = split_folder(folder)
    if len(told) > 1:
        assert join_folders(*told) == folder


@given(st.from_regex(LABEL, fullmatch=True))
def test_a_folder_of_one_label_is_not_joint(label):
    [folder] = plan_change(frozenset(), {label}, ()).make
    assert split_folder(folder) == (folder,)


@pytest.mark.parametrize(
    ('folders', 'leaving', 'rename'),
    [
        ((), (), None),
        ((MARK,), (), (MARK, join_folders(MARK, CLAIM))),
        # What Nova knows nothing of gives way first.
        ((MARK, 'ic-hits.3'), (), ('ic-hits.3', f'ic-hits.3+{CLAIM[3:]}')),
        # What somebody looks for to keep the image stays as it is.
        (('ic-pin.ops', 'ic-lease.a.20261122t082200z'), (), None),
        ((SHIELD_FOLDER,), (), None),
        ((LATER,), (), None),
        # Of two hosts one comes first.
        ((join_folders(MARK, LATER),), (), None),
        # A claim that is renewed makes room itself.
        ((LATER,), (LATER,), (LATER, CLAIM)),
        (
            (join_folders(MARK, LATER),),
            (LATER,),
            (join_folders(MARK, LATER), join_folders(MARK, CLAIM)),
        ),
        (('ts-xyz', 'other'), (), None),
    ],
)
def test_what_gives_way(folders, leaving, rename):
    expected = rename and Rename(old=rename[0], new=rename[1])
    assert find_rename(folders, CLAIM, leaving) == expected


def test_only_claims_share_a_folder():
    assert find_rename([MARK], 'ic-pin.ops') is None
    assert join_folders(MARK, 'ic-pin.ops') is None


@pytest.mark.parametrize(
    'folder',
    [
        'ic-pin.ops+claim.00ff.20261122t082200z',
        'ic-hits.3+pin.ops',
        'ic-hits.3+claim.00ff',
        'ts-tt2026-11-01-08-22-00',
        f'ts-{"t" * 200}2026-11-01-08-22-00',
    ],
)
def test_what_nobody_wrote_is_not_joint(folder):
    assert split_folder(folder) == (folder,)


def test_a_token_that_cannot_be_written_has_no_room():
    assert join_folders(MARK, 'ic-claim.z.20261122t082200z') is None
    assert join_folders(MARK, 'ic-claim.00.19691122t082200z') is None


def test_only_a_claim_that_is_over_is_dead():
    end = datetime.datetime(2026, 11, 22, 8, 22, tzinfo=datetime.UTC)
    second = datetime.timedelta(seconds=1)
    names = [join_folders(MARK, CLAIM), 'ic-pin.ops', LATER]
    assert find_dead_claims(names, end) == set()
    assert find_dead_claims(names, end + second) == {CLAIM}
    assert find_rename(names[:1], LATER, {CLAIM}).old == names[0]
