"""Leftovers: gone a day later, unless somebody works on them."""

import datetime
import os
import pathlib
import time

import pytest

from imagecache_handlers.staging.leftovers import drop_leftovers
from imagecache_handlers.staging.leftovers import list_leftovers
from imagecache_handlers.staging.leftovers import remove_leftover
from imagecache_handlers.staging.stage import Stages
from imagecache_handlers import StoreUnavailable
from imagecache_handlers import utc_now
from tests.staging.sources import Memory
from tests.staging.sources import random_bytes

DAY = datetime.timedelta(days=1)


@pytest.fixture
def stages(tmp_path):
    return Stages(f'{tmp_path}/stages')


@pytest.fixture
def source():
    return Memory.of(random_bytes(2**16))


def leave(stages, source, age=2 * DAY):
    """Have a stage, its record and a dead one's lock lie there."""
    with stages.open_stage(source.meta) as stage:
        stage.fetch_image(source)
    [one] = [name for name in entries(stages) if name.endswith('.stage')]
    path = os.path.join(stages.folder, f'{one.rsplit(".", 2)[0]}.lock')
    open(path, 'x').close()
    then = time.time() - age.total_seconds()
    for entry in entries(stages):
        os.utime(os.path.join(stages.folder, entry), (then, then))


def entries(stages):
    return sorted(os.listdir(stages.folder))


def test_what_is_old_is_listed_and_removed(stages, source):
    leave(stages, source)

    left = list_leftovers(stages.folder, utc_now())

    assert [one.location for one in left] == entries(stages)
    assert len(left) == 3
    assert sum(one.size for one in left) >= 2**16
    assert all(remove_leftover(stages.folder, one) for one in left)
    assert entries(stages) == []


def test_what_is_young_stays(stages, source):
    leave(stages, source, age=DAY / 2)

    assert list_leftovers(stages.folder, utc_now()) == []
    assert list_leftovers(stages.folder, utc_now(), DAY / 4)


def test_what_somebody_works_on_stays(stages, source):
    leave(stages, source)
    left = list_leftovers(stages.folder, utc_now())
    before = entries(stages)

    with stages.open_stage(source.meta):
        assert list_leftovers(stages.folder, utc_now()) == []
        assert not any(remove_leftover(stages.folder, one) for one in left)
        assert entries(stages) == before


def test_what_is_dropped_is_old_and_nobodys(stages, source):
    leave(stages, source)
    with stages.open_stage(source.meta):
        drop_leftovers(stages.folder, utc_now())
        assert len(entries(stages)) == 3
    leave(stages, source, age=DAY / 2)
    drop_leftovers(stages.folder, utc_now())
    assert len(entries(stages)) == 3
    drop_leftovers(stages.folder, utc_now() + DAY)
    assert entries(stages) == []


def test_trouble_with_what_is_dropped_is_logged(tmp_path, caplog):
    tmp_path.chmod(0o777)
    drop_leftovers(str(tmp_path), utc_now())
    assert 'is not removed' in caplog.text


def test_what_has_changed_since_it_was_listed_stays(stages, source):
    leave(stages, source)
    left = [
        one
        for one in list_leftovers(stages.folder, utc_now())
        if one.location.endswith('.stage')
    ]
    os.utime(os.path.join(stages.folder, left[0].location))

    assert not remove_leftover(stages.folder, left[0])
    assert left[0].location in entries(stages)


@pytest.mark.parametrize(
    'name', ['a', 'a.lock', 'a-0123456789abcdef.0123456789abcdef.disk', '.x']
)
def test_what_is_foreign_stays(stages, source, name):
    leave(stages, source)
    path = os.path.join(stages.folder, name)
    open(path, 'x').close()
    os.utime(path, (0, 0))

    found = list_leftovers(stages.folder, utc_now())

    assert name not in [one.location for one in found]


def test_a_folder_that_is_not_there_has_none(tmp_path):
    assert list_leftovers(f'{tmp_path}/none', utc_now()) == []
    assert not os.path.exists(f'{tmp_path}/none')


def test_a_folder_that_others_may_enter_is_told(stages, source):
    leave(stages, source)
    pathlib.Path(stages.folder).chmod(0o755)

    with pytest.raises(StoreUnavailable, match='chmod go='):
        list_leftovers(stages.folder, utc_now())
