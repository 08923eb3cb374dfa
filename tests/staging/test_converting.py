"""Converting: by a real qemu-img, in bounds that it meets."""

import hashlib
import os
import shutil
import subprocess
import threading
import time

import pytest

from imagecache_handlers import Checksum
from imagecache_handlers import ConfigurationError
from imagecache_handlers import NoRoom
from imagecache_handlers.staging.limits import Limits
from imagecache_handlers.staging.stage import Stages
from imagecache_handlers import Stopped
from imagecache_handlers import Unsupported
from tests.staging import disks
from tests.staging.sources import Memory
from tests.staging.sources import meta_of

SIZE = 4 * 2**20


def source_of(path, disk_format, **properties):
    content = path.read_bytes()
    meta = meta_of(content, disk_format=disk_format, properties=properties)
    return Memory(content, meta)


@pytest.fixture
def image(tmp_path):
    """Give a qcow2 of a disk, and what is on that disk."""
    content = disks.make_raw(tmp_path / 'raw', SIZE)
    disks.convert(tmp_path / 'raw', tmp_path / 'qcow2', 'qcow2')
    return tmp_path / 'qcow2', content


def stages_of(tmp_path, **limits):
    return Stages(f'{tmp_path}/stages', limits=Limits(**limits))


def make(stages, source, *args, **more):
    with stages.open_stage(source.meta) as stage:
        stage.fetch_image(source)
        stage.convert_image(*args, **more)
        with stage.open_content() as (meta, content, sha256):
            return meta, content.read(), sha256


def test_raw_is_made_of_qcow2(tmp_path, image):
    path, disk = image

    meta, content, sha256 = make(
        stages_of(tmp_path), source_of(path, 'qcow2', hw='x'), 'raw'
    )

    assert content == disk
    assert sha256 == hashlib.sha256(disk).hexdigest()
    assert (meta.size, meta.virtual_size, meta.disk_format) == (
        *(SIZE, SIZE),
        'raw',
    )
    assert meta.checksum == Checksum(algorithm='sha256', value=sha256)
    assert meta.properties == {'hw': 'x'}
    assert meta.allocated is not None
    assert meta.allocated <= 2**18


@pytest.mark.parametrize(
    ('disk_format', 'subformat', 'qemu_format', 'disk_type'),
    [
        ('vhd', '', 'vpc', None),
        ('vhdx', '', 'vhdx', None),
        ('vdi', '', 'vdi', None),
        ('vmdk', '', 'vmdk', 'sparse'),
        ('vmdk', 'monolithicSparse', 'vmdk', 'sparse'),
        ('vmdk', 'streamOptimized', 'vmdk', 'streamOptimized'),
        ('vmdk', 'monolithicFlat', 'raw', 'preallocated'),
    ],
)
def test_a_made_format_holds_the_same_disk(
    tmp_path, image, disk_format, subformat, qemu_format, disk_type
):
    path, disk = image

    meta, content, sha256 = make(
        stages_of(tmp_path), source_of(path, 'qcow2'), disk_format, subformat
    )

    assert meta.disk_format == disk_format
    assert meta.size == len(content)
    assert meta.properties.get('vmware_disktype') == disk_type
    assert sha256 == hashlib.sha256(content).hexdigest()
    made, back = tmp_path / 'made', tmp_path / 'back'
    made.write_bytes(content)
    disks.run('convert', '-f', qemu_format, '-O', 'raw', made, back)
    assert back.read_bytes() == disk


@pytest.mark.parametrize(
    ('wanted', 'adapter'),
    [('ide', 'ide'), ('busLogic', 'buslogic'), ('paraVirtual', 'lsilogic')],
)
def test_a_vmdk_has_its_adapter(tmp_path, image, wanted, adapter):
    source = source_of(image[0], 'qcow2', vmware_adaptertype=wanted)

    _, content, _ = make(stages_of(tmp_path), source, 'vmdk')

    assert f'ddb.adapterType = "{adapter}"'.encode() in content[:2000]


def test_a_right_format_stays_as_it_is(tmp_path, image):
    source = source_of(image[0], 'qcow2')

    meta, content, _ = make(stages_of(tmp_path), source, 'qcow2')

    assert content == source.content
    assert meta.checksum == source.meta.checksum
    assert meta.virtual_size == SIZE


@pytest.mark.parametrize(
    ('disk_format', 'subformat'),
    [('iso', ''), ('raw', 'x'), ('vmdk', 'twoGbMaxExtentFlat'), ('', '')],
)
def test_what_nothing_makes_is_told(tmp_path, image, disk_format, subformat):
    with pytest.raises(Unsupported, match='nothing makes'):
        make(
            stages_of(tmp_path),
            source_of(image[0], 'qcow2'),
            disk_format,
            subformat,
        )


def test_what_cannot_be_inspected_is_not_converted(tmp_path, image):
    with pytest.raises(Unsupported, match='its header says qcow2'):
        make(stages_of(tmp_path), source_of(image[0], 'raw'), 'vmdk')


@pytest.mark.parametrize('program', ['qemu-img', 'prlimit', 'setpriv'])
def test_a_missing_program_is_named_with_its_package(
    tmp_path, image, monkeypatch, program
):
    which = shutil.which

    def find(name):
        return None if name == program else which(name)

    monkeypatch.setattr(shutil, 'which', find)

    with pytest.raises(ConfigurationError, match=program) as caught:
        make(stages_of(tmp_path), source_of(image[0], 'qcow2'), 'raw')
    assert 'util' in str(caught.value)


def test_a_broken_disk_is_told_in_printable_words(tmp_path, image):
    path, _ = image
    disks.patch(path, 40, '>Q', 2**40 + 1)  # where its table lies

    with pytest.raises(Unsupported, match='cannot be converted') as caught:
        make(stages_of(tmp_path), source_of(path, 'qcow2'), 'raw')
    assert caught.value.why.isprintable()
    assert 'qemu-img' in caught.value.why
    assert len(caught.value.why) < 400


def test_memory_is_bounded(tmp_path, image):
    stages = stages_of(tmp_path, memory=32 * 2**20)

    with pytest.raises(Unsupported, match='cannot be converted'):
        make(stages, source_of(image[0], 'qcow2'), 'raw')


# A program in the place of qemu-img, as that cannot be told to be slow.
SPIN = '#!/bin/sh\nwhile :; do :; done\n'
SLEEP = '#!/bin/sh\nexec sleep 600\n'
TALK = '#!/bin/sh\nprintf "\\033[31mno\\n%900s" x >&2\nexit 7\n'


@pytest.fixture
def instead(tmp_path, monkeypatch):
    def put(script):
        (tmp_path / 'bin').mkdir()
        (tmp_path / 'bin/qemu-img').write_text(script)
        (tmp_path / 'bin/qemu-img').chmod(0o755)
        path = f'{tmp_path}/bin:{os.environ["PATH"]}'
        monkeypatch.setenv('PATH', path)

    return put


def test_cpu_time_is_bounded(tmp_path, image, instead):
    source = source_of(image[0], 'qcow2')
    instead(SPIN)

    with pytest.raises(Unsupported, match='over 1 s of CPU time'):
        make(stages_of(tmp_path, cpu_seconds=1), source, 'raw')


def test_time_is_bounded(tmp_path, image, instead):
    source = source_of(image[0], 'qcow2')
    instead(SLEEP)

    with pytest.raises(Unsupported, match='took over 1 s'):
        make(stages_of(tmp_path, conversion_seconds=1), source, 'raw')
    assert not sleepers(tmp_path)


def test_it_can_be_told_to_stop(tmp_path, image, instead):
    source = source_of(image[0], 'qcow2')
    instead(SLEEP)
    stop = threading.Event()
    threading.Timer(0.3, stop.set).start()

    with pytest.raises(Stopped):
        make(stages_of(tmp_path), source, 'raw', should_stop=stop.is_set)
    assert not sleepers(tmp_path)


def sleepers(folder):
    """Give the children that are left of such a program."""
    time.sleep(0.1)
    command = ['pgrep', '-f', f'{folder}/bin/qemu-img']
    return subprocess.run(command, capture_output=True).stdout  # noqa: S603


def test_what_it_says_is_shortened(tmp_path, image, instead):
    source = source_of(image[0], 'qcow2')
    instead(TALK)

    with pytest.raises(Unsupported) as caught:
        make(stages_of(tmp_path), source, 'raw')
    assert caught.value.why.endswith('raw: ?[31mno x')


def test_no_room_is_told_as_such(tmp_path, image, instead):
    source = source_of(image[0], 'qcow2')
    instead('#!/bin/sh\necho "x: No space left on device" >&2; exit 1\n')

    with pytest.raises(NoRoom) as caught:
        make(stages_of(tmp_path), source, 'raw')
    assert caught.value.wanted == SIZE


def test_a_stage_survives_its_conversion(tmp_path, image):
    source = source_of(image[0], 'qcow2')
    stages = stages_of(tmp_path)
    make(stages, source, 'raw')

    with stages.open_stage(source.meta) as stage:
        fetched = stage.fetch_image(source)
        assert (fetched.size, fetched.tries) == (0, 0)
        with stage.open_content() as (_, content, _):
            assert content.read() == source.content
