"""Steering root: whoever owns a store may swap the folder of its stages.

They cannot enter it: what root reads, writes and publishes is root's own.
"""

import hashlib
import os
import pathlib
import shutil
import subprocess
import tempfile

import pytest

from imagecache_handlers.directory import DirectoryHandler
from imagecache_handlers.staging.limits import Limits
from imagecache_handlers.staging.names import Names
from imagecache_handlers.staging.stage import Stages
from tests.staging import disks
from tests.staging.sources import Memory
from tests.staging.sources import meta_of

NOVA = 65534
SIZE = 4 * 2**20
SECRET = b'root:$y$j9T$secret:20000:0:99999:7:::\n'.ljust(SIZE, b'#')


class Place:
    """A store of nova's, and a file that root alone may read."""

    def __init__(self, root):
        self.store = root / 'store'
        self.store.mkdir()
        os.chown(self.store, NOVA, NOVA)
        self.secret = root / 'secret'
        self.secret.write_bytes(SECRET)
        self.secret.chmod(0o600)
        self.disk = disks.make_raw(root / 'raw', SIZE)
        disks.convert(root / 'raw', root / 'qcow2', 'qcow2')
        content = (root / 'qcow2').read_bytes()
        self.source = Memory(content, meta_of(content, disk_format='qcow2'))
        self.names = Names.of(self.source.meta)
        self.handler = DirectoryHandler([str(self.store)])
        self.folder = pathlib.Path(self.handler.staging(str(self.store)))

    def open_stage(self):
        return Stages(str(self.folder), limits=Limits()).open_stage(
            self.source.meta
        )

    def swap_folder(self):
        """Do as nova may do in that store, at any time."""
        as_nova('mv', self.folder, self.store / 'aside')
        as_nova('mkdir', '-m', '700', self.folder)
        as_nova('ln', '-s', self.secret, self.folder / self.names.made)
        as_nova(
            *('qemu-img', 'create', '-q', '-u', '-f', 'qcow2', '-F', 'raw'),
            *('-b', self.secret, self.folder / self.names.stage, str(SIZE)),
        )


def as_nova(*command):
    run_as_nova(*command).check_returncode()


def run_as_nova(*command):
    return subprocess.run(  # noqa: S603
        ['setpriv', '--reuid', str(NOVA), '--regid', str(NOVA)]  # noqa: S607
        + ['--clear-groups', '--', *map(str, command)],
        capture_output=True,
        text=True,
    )


@pytest.fixture
def place():
    assert os.geteuid() == 0, 'only root could be steered: be root'
    # Whoever is nova has to get there.
    with tempfile.TemporaryDirectory() as root:
        pathlib.Path(root).chmod(0o755)
        place = Place(pathlib.Path(root))
        as_nova('ls', place.store)
        yield place


def test_nova_touches_nothing_that_root_stages(place):
    with place.open_stage() as stage:
        stage.fetch_image(place.source)
        staged = place.folder / place.names.stage
        for command in (
            ('cat', staged),
            ('mv', '-f', place.store, staged),
            ('ln', '-s', place.secret, place.folder / place.names.made),
            ('flock', '-n', place.folder / place.names.lock, 'true'),
        ):
            done = run_as_nova(*command)
            assert done.returncode
            assert 'Permission denied' in done.stderr
        assert staged.read_bytes() == place.source.content


def test_a_conversion_reads_what_was_inspected(place):
    with place.open_stage() as stage:
        stage.fetch_image(place.source)
        stage.inspect_image()
        place.swap_folder()
        stage.convert_image('raw')
        with stage.open_content() as (_, content, _):
            assert content.read() == place.disk


def test_a_conversion_writes_no_file_of_root(place, monkeypatch):
    """The swap is in the last moment before qemu-img opens its files."""
    programs = place.store.parent / 'bin'
    programs.mkdir()
    ready, go = place.store.parent / 'ready', place.store.parent / 'go'
    for pipe in ready, go:
        os.mkfifo(pipe)
    real = shutil.which('qemu-img')
    (programs / 'qemu-img').write_text(
        f'#!/bin/sh\necho > {ready}; read x < {go}; exec {real} "$@"\n'
    )
    (programs / 'qemu-img').chmod(0o755)
    with place.open_stage() as stage:
        stage.fetch_image(place.source)
        nova = os.fork()
        if nova == 0:
            try:
                ready.read_text()
                place.swap_folder()
            finally:
                go.write_text('\n')
                os._exit(0)
        path = os.environ['PATH']
        monkeypatch.setenv('PATH', f'{programs}:{path}')
        stage.convert_image('raw')
        os.waitpid(nova, 0)
        with stage.open_content() as (_, content, _):
            assert content.read() == place.disk
    assert (place.store / 'aside').exists()
    assert place.secret.read_bytes() == SECRET


def test_what_is_published_is_what_was_hashed(place):
    with place.open_stage() as stage:
        stage.fetch_image(place.source)
        place.swap_folder()
        with stage.open_content() as (meta, content, sha256):
            place.handler.add(meta, content, str(place.store), {'site.a'})
    [image] = place.handler.enumerate(str(place.store))
    data = (place.store / image.location).read_bytes()
    assert hashlib.sha256(data).hexdigest() == sha256


def test_a_lock_of_novas_keeps_nobody_waiting(place):
    """In the folder that is theirs they may lock whatever they like."""
    theirs = place.store / '.imagecache-incoming'
    as_nova('mkdir', '-m', '700', theirs)
    with subprocess.Popen(  # noqa: S603
        ['flock', theirs / place.names.lock, 'sh', '-c']  # noqa: S607
        + ['echo; read x'],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as holder:
        holder.stdout.readline()
        stages = Stages(str(place.folder))
        with stages.open_stage(place.source.meta, wait=False):
            pass
        holder.communicate()
