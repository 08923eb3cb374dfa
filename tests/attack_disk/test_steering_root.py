"""Root stages in a store of nova's: nova steers it to files of root's."""

import hashlib
import os
import shutil
import subprocess

import pytest

from imagecache_handlers import Checksum
from imagecache_handlers.directory import DirectoryHandler
from imagecache_handlers import ImageMeta
from imagecache_handlers.staging.stage import Stages
from tests.actions.incoming import Images

NOVA = 65534
SECRET = b'root:$y$j9T$secret:20000:0:99999:7:::\n'.ljust(65536, b'#')

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason='it takes root')


class Given(Images):
    """What an image service says of a qcow2."""

    def describe(self, image_id):
        data = self.images[image_id]
        return ImageMeta(
            image_id=image_id,
            size=len(data),
            disk_format='qcow2',
            checksum=Checksum(
                algorithm='sha256', value=hashlib.sha256(data).hexdigest()
            ),
        )


def as_nova(*command):
    subprocess.run(
        ['setpriv', '--reuid', str(NOVA), '--regid', str(NOVA)]
        + ['--clear-groups', '--', *map(str, command)],
        check=True,
        stdout=subprocess.DEVNULL,
    )


@pytest.fixture
def place(tmp_path):
    """A store of nova's, and a file that root alone may read."""
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_uid == 0 and str(folder).startswith('/tmp/'):
            folder.chmod(0o755)
    store = tmp_path / 'store'
    store.mkdir()
    os.chown(store, NOVA, NOVA)
    roots = tmp_path / 'roots'
    roots.mkdir(0o700)
    (roots / 'shadow').write_bytes(SECRET)
    (roots / 'shadow').chmod(0o600)
    return tmp_path


def make_qcow2(path, *more):
    subprocess.run(
        ['qemu-img', 'create', '-q', '-f', 'qcow2', *more, path, '65536'],
        check=True,
    )


def open_stage(place):
    """A stage as prefetch has it, in the folder that the handler names."""
    store = str(place / 'store')
    folder = DirectoryHandler([store]).staging(store)
    make_qcow2(place / 'image.qcow2')
    source = Given(image=(place / 'image.qcow2').read_bytes())
    return source, Stages(folder).open_stage(source.describe('image'))


def test_a_conversion_reads_no_file_of_root(place):
    """The swapped file has root's secret for its backing file."""
    evil = place / 'store' / 'evil.qcow2'
    as_nova(
        *('qemu-img', 'create', '-q', '-u', '-f', 'qcow2', '-F', 'raw'),
        *('-b', place / 'roots' / 'shadow', evil, '65536'),
    )
    source, opening = open_stage(place)
    with opening as stage:
        stage.fetch_image(source)
        stage.inspect_image()
        # Between the look and qemu-img, which opens it by its name again.
        [staged] = (place / 'store' / '.imagecache-incoming').glob('*.stage')
        as_nova('mv', '-f', evil, staged)
        try:
            stage.convert_image('raw')
        except Exception:  # noqa: BLE001 -- refusing is fine
            return
        with stage.open_content() as (_meta, content, _sha256):
            assert b'secret' not in content.read()


def test_a_conversion_writes_no_file_of_root(place, monkeypatch):
    """The new file is swapped for a symlink before qemu-img opens it."""
    victim = place / 'roots' / 'shadow'
    incoming = place / 'store' / '.imagecache-incoming'
    programs = place / 'bin'
    programs.mkdir()
    real = shutil.which('qemu-img')
    # What nova does in that moment, told by inotify: here by a wrapper.
    (programs / 'qemu-img').write_text(
        '#!/bin/sh\n'
        f'for made in {incoming}/*.made; do\n'
        f'setpriv --reuid {NOVA} --regid {NOVA} --clear-groups '
        f'ln -sf {victim} "$made"\n'
        f'done\nexec {real} "$@"\n'
    )
    (programs / 'qemu-img').chmod(0o755)
    source, opening = open_stage(place)
    monkeypatch.setenv('PATH', f'{programs}:{os.environ["PATH"]}')
    with opening as stage:
        stage.fetch_image(source)
        try:
            stage.convert_image('raw')
        except Exception as error:  # noqa: BLE001 -- refusing is fine
            print(error)
    assert victim.read_bytes() == SECRET


def test_what_is_published_is_what_was_hashed(place):
    """A root's file in a folder of nova's becomes nova's, and an image.

    As libvirt leaves a guest's disk among the instances: root's, 0600, in a
    folder where nova may rename.
    """
    handler_path = str(place / 'store')
    handler = DirectoryHandler([handler_path])
    data = os.urandom(65536)
    source = Images(image=data)
    meta = source.describe('image')
    instance = place / 'store' / 'instance'
    as_nova('mkdir', instance)
    disk = instance / 'disk'
    disk.write_bytes(SECRET)
    disk.chmod(0o600)
    with Stages(handler.staging(handler_path)).open_stage(meta) as stage:
        stage.fetch_image(source)
        [staged] = (place / 'store' / '.imagecache-incoming').glob('*.stage')
        as_nova('mv', '-f', disk, staged)
        try:
            with stage.open_content() as (told, content, sha256):
                handler.add(told, content, handler_path, {f'sha256.{sha256}'})
        except Exception:  # noqa: BLE001 -- refusing is fine
            return
    image = place / 'store' / 'image'
    found = image.stat()
    print(oct(found.st_mode), found.st_uid)
    assert hashlib.sha256(image.read_bytes()).hexdigest() == sha256
