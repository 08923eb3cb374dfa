"""Stages: one at a time, of one content, in a folder that is ours."""

import os
import pathlib
import stat
import threading
import time

import pytest

from imagecache_handlers.clocks import Clocks
from imagecache_handlers import ImageBusy
from imagecache_handlers.source import Holed
from imagecache_handlers.source import Linkable
from imagecache_handlers import SourceError
from imagecache_handlers.staging.limits import Limits
from imagecache_handlers.staging.names import Names
from imagecache_handlers.staging.stage import Stages
from imagecache_handlers import Stopped
from imagecache_handlers import StoreUnavailable
from tests.staging.clock import Ticks
from tests.staging.sources import Memory
from tests.staging.sources import meta_of
from tests.staging.sources import random_bytes

SIZE = 2**20
SOMEBODY = 65530


@pytest.fixture
def stages(tmp_path):
    return Stages(f'{tmp_path}/stages')


def entries(stages):
    return sorted(os.listdir(stages.folder))


def path_of(stages, suffix='.stage'):
    [one] = [name for name in entries(stages) if name.endswith(suffix)]
    return pathlib.Path(stages.folder, one)


def fetch(stages, source):
    with stages.open_stage(source.meta) as stage:
        return stage.fetch_image(source)


def fetch_half(stages, source):
    """Leave a stage that is cut off for good in its middle."""
    source.cuts = [SIZE // 2]
    source.errors = []
    told: list[int] = []

    def should_stop():
        return bool(told and told[-1] >= SIZE // 2)

    with (
        stages.open_stage(source.meta) as stage,
        pytest.raises(Stopped),
    ):
        stage.fetch_image(source, told.append, should_stop)
    return told[-1]


def test_the_folder_and_its_files_are_for_us_alone(stages):
    fetch(stages, Memory.of(random_bytes(SIZE)))

    assert stat.S_IMODE(os.stat(stages.folder).st_mode) == 0o700
    for entry in entries(stages):
        found = os.stat(os.path.join(stages.folder, entry))
        assert stat.S_IMODE(found.st_mode) == 0o600
    assert {pathlib.Path(one).suffix for one in entries(stages)} == {
        '.record',
        '.stage',
    }


@pytest.mark.parametrize('image_id', ['a', 'a' * 255, '_.-..'])
def test_names_fit_and_are_the_same_each_time(stages, image_id):
    content = random_bytes(100)
    source = Memory(content, meta_of(content, image_id))
    fetch(stages, source)
    before = entries(stages)

    assert fetch(stages, source).found == 100
    assert entries(stages) == before


def test_a_folder_that_others_may_enter_is_not_used(stages):
    os.mkdir(stages.folder)
    pathlib.Path(stages.folder).chmod(0o750)

    with pytest.raises(StoreUnavailable, match='chmod go='):
        fetch(stages, Memory.of(b'x'))


def test_a_folder_by_a_symlink_is_not_used(stages, tmp_path):
    (tmp_path / 'real').mkdir(mode=0o700)
    os.symlink(tmp_path / 'real', stages.folder)

    with pytest.raises(StoreUnavailable):
        fetch(stages, Memory.of(b'x'))
    assert not os.listdir(tmp_path / 'real')


def test_a_folder_of_somebody_else_is_not_used(stages):
    os.mkdir(stages.folder, 0o700)
    os.chown(stages.folder, SOMEBODY, -1)

    with pytest.raises(StoreUnavailable, match=str(SOMEBODY)):
        fetch(stages, Memory.of(b'x'))


def test_a_folder_in_that_of_somebody_else_is_ours(stages):
    """As in a store that is Nova's, by a command that is root's."""
    os.chown(os.path.dirname(stages.folder), SOMEBODY, -1)

    assert fetch(stages, Memory.of(b'x')).size == 1
    assert os.stat(stages.folder).st_uid == os.geteuid()


def test_nor_is_one_used_that_its_owner_made(stages):
    """Root would be led by whoever owns the store."""
    os.mkdir(stages.folder, 0o700)
    for path in stages.folder, os.path.dirname(stages.folder):
        os.chown(path, SOMEBODY, -1)

    with pytest.raises(StoreUnavailable, match=f'{SOMEBODY}: move it away'):
        fetch(stages, Memory.of(b'x'))


def test_a_record_is_never_written_into_a_file_that_is_there(stages, tmp_path):
    source = Memory.of(b'x')
    victim = tmp_path / 'victim'
    victim.write_text('precious')
    os.mkdir(stages.folder, 0o700)
    name = Names.of(source.meta).new_record
    os.link(victim, os.path.join(stages.folder, name))

    fetch(stages, source)

    assert victim.read_text() == 'precious'


def test_a_folder_without_a_parent_is_told(tmp_path):
    with pytest.raises(StoreUnavailable, match='No such file'):
        fetch(Stages(f'{tmp_path}/none/stages'), Memory.of(b'x'))


def test_the_next_one_goes_on_where_the_last_one_was_stopped(stages):
    source = Memory.of(random_bytes(SIZE))
    done = fetch_half(stages, source)
    source.offsets.clear()

    fetched = fetch(stages, source)

    assert source.offsets == [done]
    assert (fetched.size, fetched.found) == (SIZE - done, done)


def test_before_it_goes_on_the_source_is_asked_again(stages):
    source = Memory.of(random_bytes(SIZE))
    fetch_half(stages, source)
    was = source.meta
    source.meta = meta_of(random_bytes(SIZE, seed=1))

    with (
        stages.open_stage(was) as stage,
        pytest.raises(SourceError, match='replaced meanwhile') as caught,
    ):
        stage.fetch_image(source)
    assert not caught.value.retry
    assert entries(stages) == []


def test_another_content_begins_anew(stages):
    fetch_half(stages, Memory.of(random_bytes(SIZE)))
    other = Memory.of(random_bytes(SIZE, seed=1))

    fetched = fetch(stages, other)

    assert (fetched.size, fetched.found) == (SIZE, 0)
    assert len(entries(stages)) == 2


def test_what_no_checksum_tells_of_begins_anew(stages):
    content = random_bytes(SIZE)
    source = Memory(content, meta_of(content, algorithm=None))
    fetch_half(stages, source)

    assert fetch(stages, source).found == 0


@pytest.mark.parametrize('damage', [b'', b'{', b'[]', b'{"image": "b"}'])
def test_a_stage_without_its_record_begins_anew(stages, damage):
    source = Memory.of(random_bytes(SIZE))
    fetch_half(stages, source)
    path_of(stages, '.record').write_bytes(damage)

    assert fetch(stages, source).found == 0


def test_a_tail_of_holes_begins_anew_once(stages):
    """As after a power cut: the size is there, and not what was written."""
    source = Memory.of(random_bytes(SIZE))
    done = fetch_half(stages, source)
    path = path_of(stages)
    os.truncate(path, done // 2)
    os.truncate(path, done)
    source.offsets.clear()

    fetched = fetch(stages, source)

    assert source.offsets == [done, 0]
    assert fetched.found == 0
    assert path.read_bytes() == source.content


@pytest.mark.parametrize('surplus', [1, 2**20])
def test_a_stage_that_is_too_long_begins_anew(stages, surplus):
    source = Memory.of(random_bytes(SIZE))
    fetch(stages, source)
    os.truncate(path_of(stages), SIZE + surplus)

    fetch(stages, source)

    assert path_of(stages).read_bytes() == source.content


def test_a_file_that_is_in_a_cache_is_never_written(stages, tmp_path):
    """As when somebody died between its link there and the stage's end."""
    source = Memory.of(random_bytes(SIZE))
    fetch_half(stages, source)
    cached = tmp_path / 'cached'
    os.link(path_of(stages), cached)
    before = cached.read_bytes()

    fetch(stages, source)

    assert cached.read_bytes() == before
    assert cached.stat().st_nlink == 1


def test_a_file_that_was_given_away_begins_anew(stages):
    """Whoever has it may hold it open, and write what nobody hashes."""
    source = Memory.of(random_bytes(SIZE))
    fetch_half(stages, source)
    path = path_of(stages)
    os.chown(path, SOMEBODY, SOMEBODY)

    assert fetch(stages, source).found == 0
    assert path.stat().st_uid == os.geteuid()


def test_another_file_than_was_hashed_is_no_content(stages):
    source = Memory.of(random_bytes(SIZE))
    with stages.open_stage(source.meta) as stage:
        stage.fetch_image(source)
        path = path_of(stages)
        path.rename(f'{path}.aside')
        path.write_bytes(source.content)

        with (
            pytest.raises(StoreUnavailable, match='replaced meanwhile'),
            stage.open_content(),
        ):
            pass


@pytest.mark.parametrize('kind', ['symlink', 'folder', 'pipe'])
def test_what_lies_in_the_place_of_a_stage_is_not_followed(
    stages, tmp_path, kind
):
    source = Memory.of(random_bytes(SIZE))
    fetch(stages, source)
    path = path_of(stages)
    path.unlink()
    (tmp_path / 'other').write_bytes(b'precious')
    if kind == 'symlink':
        path.symlink_to(tmp_path / 'other')
    elif kind == 'folder':
        path.mkdir()
    else:
        os.mkfifo(path)

    if kind == 'pipe':
        fetch(stages, source)
    else:
        with pytest.raises(StoreUnavailable):
            fetch(stages, source)
    assert (tmp_path / 'other').read_bytes() == b'precious'


def test_a_second_one_is_told(stages):
    source = Memory.of(random_bytes(SIZE))

    with (
        stages.open_stage(source.meta),
        pytest.raises(ImageBusy, match='on this host'),
        stages.open_stage(source.meta, wait=False),
    ):
        pass


def test_a_second_one_stops_waiting_when_told(stages):
    source = Memory.of(random_bytes(SIZE))

    with (
        stages.open_stage(source.meta),
        pytest.raises(Stopped),
        stages.open_stage(source.meta, should_stop=lambda: True),
    ):
        pass


def test_a_second_one_waits_for_a_bounded_time(tmp_path):
    ticks = Ticks()
    limits = Limits(turn_seconds=60)
    stages = Stages(f'{tmp_path}/a', limits=limits, clocks=ticks.clocks)
    source = Memory.of(random_bytes(SIZE))

    with (
        stages.open_stage(source.meta),
        pytest.raises(ImageBusy, match='on this host'),
        stages.open_stage(source.meta),
    ):
        pass
    assert 59.9 < ticks.slept < 61


def test_other_images_do_not_wait(stages):
    one, other = random_bytes(10), random_bytes(10, seed=1)

    with (
        stages.open_stage(meta_of(one, 'a')),
        stages.open_stage(meta_of(other, 'b'), wait=False),
    ):
        pass


def test_of_many_one_fetches(tmp_path):
    clocks = Clocks(sleep=lambda seconds: time.sleep(seconds / 4))
    stages = Stages(f'{tmp_path}/stages', clocks=clocks)
    source = Memory.of(random_bytes(2**16))
    fetched = []
    threads = [
        threading.Thread(target=lambda: fetched.append(fetch(stages, source)))
        for _ in range(100)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(fetched) == 100
    assert source.given == 2**16
    assert sorted(one.tries for one in fetched) == [0] * 99 + [1]


def test_what_is_dropped_is_gone(stages):
    source = Memory.of(random_bytes(SIZE))
    with stages.open_stage(source.meta) as stage:
        stage.fetch_image(source)
        stage.drop()
        stage.drop()

    assert entries(stages) == []


def test_content_comes_after_its_bytes(stages):
    with (
        stages.open_stage(meta_of(b'x')) as stage,
        pytest.raises(RuntimeError, match='comes first'),
        stage.open_content(),
    ):
        pass


def test_content_is_linked_and_stays(stages, tmp_path):
    source = Memory.of(random_bytes(SIZE))
    folder = os.open(tmp_path, os.O_RDONLY)
    with stages.open_stage(source.meta) as stage:
        stage.fetch_image(source)
        with stage.open_content() as (_, content, _):
            assert is_special(content)
            assert content.link_into(folder, 'cached')
            with pytest.raises(FileExistsError):
                content.link_into(folder, 'cached')
            assert content.read() == source.content
        stage.drop()
    os.close(folder)

    cached = tmp_path / 'cached'
    assert cached.read_bytes() == source.content
    assert cached.stat().st_nlink == 1


def is_special(content):
    return isinstance(content, Linkable) and isinstance(content, Holed)


def test_content_elsewhere_is_to_be_copied(stages):
    source = Memory.of(b'x')
    folder = os.open('/dev/shm', os.O_RDONLY)  # noqa: S108
    with stages.open_stage(source.meta) as stage:
        stage.fetch_image(source)
        with stage.open_content() as (_, content, _):
            assert os.stat(stages.folder).st_dev != os.fstat(folder).st_dev
            assert not content.link_into(folder, 'imagecache-none')
    os.close(folder)


def test_zeros_stay_holes_and_need_no_reading(stages):
    data = random_bytes(2**16)
    content = data + bytes(2**24) + data + bytes(2**20)
    source = Memory.of(content, piece=2**20)
    with stages.open_stage(source.meta) as stage:
        stage.fetch_image(source)
        with stage.open_content() as (meta, file, _):
            assert meta.allocated == 2**17
            assert path_of(stages).stat().st_blocks * 512 == 2**17
            assert file.skip_hole() == 0
            assert file.read(2**16) == data
            assert file.skip_hole() == 2**24
            assert file.read(2**16) == data
            assert file.skip_hole() == 2**20
            assert file.read() == b''
