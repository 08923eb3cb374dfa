"""``imagecache demo``: the commands at work, on a cache of their own."""

import argparse
import datetime
import io
import os
import pathlib
import shlex
import shutil
import subprocess
import sys
import tempfile
from typing import NamedTuple

from imagecache_handlers.cache import ImageCache
from imagecache_handlers.clocks import utc_now
from imagecache_handlers.directory import DirectoryHandler
from imagecache_handlers.exceptions import ConfigurationError
from imagecache_handlers.frontends.cli.commands.base import Command
from imagecache_handlers.frontends.cli.exit_codes import FAILED
from imagecache_handlers.frontends.in_use_list import Clock
from imagecache_handlers.model import Evidence
from imagecache_handlers.model import ImageMeta
from imagecache_handlers.planning.rules import Rules

_QEMU_IMG = 'qemu-img'

_UBUNTU = '7a6f9a52-6c37-4a2e-9d53-6f1c04a4b001'
_DEBIAN = '1c2ab13e-87d0-4b5f-8a0c-3f2d9c11e002'
_GOLDEN = '93d9f4c1-0e5b-4d7a-b1f6-a85f7be2c003'
_FEDORA = 'e40b7d66-52a9-4c18-9f3e-27c6d05b4004'


class _Step(NamedTuple):
    """What is told, the command that shows it, and how that ends."""

    told: str
    line: str
    code: int = 0


_STEPS = (
    _Step(
        'Four images are cached; three have lain here for three days.',
        'list',
    ),
    _Step(
        'What would a sweep do? The disks in instances/ tell who uses what:',
        'plan',
    ),
    _Step('Why does the third of them stay?', f'show {_UBUNTU[:8]}'),
    _Step('Nothing can force it out:', f'evict {_UBUNTU[:8]} --force', FAILED),
    _Step(
        'One that would go shall stay:',
        f'pin {_GOLDEN[:8]} --owner ops --until +30d',
    ),
    _Step(
        'With watermarks below what is used, what would be in the way?',
        'plan --config-file full.conf',
        FAILED,
    ),
    _Step(
        'A sweep does what the plan shows, after another look at each image:',
        'sweep',
    ),
    _Step('Where the bytes are now:', 'usage'),
)


class Demo(Command):
    """Show the commands at work, on a small cache made for it."""

    def take_action(self, parsed_args: argparse.Namespace) -> int:
        if shutil.which(_QEMU_IMG) is None:
            raise ConfigurationError(
                'the demo makes disks with qemu-img: install it, on Debian '
                'with apt-get install qemu-utils'
            )
        with tempfile.TemporaryDirectory(prefix='imagecache-demo-') as name:
            place = pathlib.Path(name)
            _furnish_place(place)
            wrong = [
                step for step in _STEPS if not self._show_step(place, step)
            ]
        self.say(f'{name} is removed again.')
        return FAILED if wrong else 0

    def _show_step(self, place: pathlib.Path, step: _Step) -> bool:
        """Show a step; tell if it ended as it should."""
        self.say(f'# {step.told}')
        self.say(f'$ imagecache --config-file cache.conf {step.line}')
        self.app.stdout.flush()
        command = [sys.executable, '-m', 'imagecache_handlers.frontends.cli']
        command += ['--config-file', 'cache.conf', *shlex.split(step.line)]
        done = subprocess.run(  # noqa: S603 -- this very program
            command,
            cwd=place,
            env=os.environ | {'COLUMNS': '80'},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        self.say(done.stdout)
        return done.returncode == step.code


def _furnish_place(place: pathlib.Path) -> None:
    images, instances = place / 'images', place / 'instances'
    images.mkdir()
    (place / 'cache.conf').write_text(
        f'[imagecache_directory]\npath = {images}\n'
        f'instance_paths = {instances}\n'
    )
    (place / 'full.conf').write_text(_write_full_marks(images))
    then = utc_now() - datetime.timedelta(days=3, hours=1)
    _add_images(images, {_UBUNTU: 6, _DEBIAN: 4, _GOLDEN: 3}, lambda: then)
    _sweep_once(images, lambda: then)
    _add_images(images, {_FEDORA: 5}, utc_now)
    first = _make_disk(instances / 'vm-17', images / _UBUNTU, 'raw')
    _make_disk(instances / 'vm-23', first, 'qcow2')
    _make_disk(instances / 'vm-42', images / _FEDORA, 'raw')


def _write_full_marks(folder: pathlib.Path) -> str:
    """Write marks that call this very disk too full."""
    found = shutil.disk_usage(folder)
    used = 100 - found.free * 100 // found.total
    high, low = max(0, used - 1), max(0, used - 2)
    return f'[imagecache]\nhigh_watermark = {high}\nlow_watermark = {low}\n'


def _make_disk(
    folder: pathlib.Path, base: pathlib.Path, form: str
) -> pathlib.Path:
    """Make the disk of a virtual machine as its driver does: an overlay."""
    folder.mkdir(parents=True)
    disk = folder / 'disk'
    options = ['create', '-q', '-f', 'qcow2', '-F', form, '-b', str(base)]
    subprocess.run(  # noqa: S603 -- of our own folder
        [_QEMU_IMG, *options, str(disk)], check=True
    )
    return disk


def _add_images(
    folder: pathlib.Path, sizes: dict[str, int], clock: Clock
) -> None:
    handler = DirectoryHandler([str(folder)], clock=clock)
    for image_id, size in sizes.items():
        content = os.urandom(size * 2**20)
        meta = ImageMeta(
            image_id=image_id, size=len(content), disk_format='raw'
        )
        handler.add(meta, io.BytesIO(content), str(folder))


def _sweep_once(folder: pathlib.Path, clock: Clock) -> None:
    """Let a sweep of that time find all that is there unused."""
    handler = DirectoryHandler([str(folder)])
    nobody = Evidence(complete=True, as_of=clock())
    ImageCache(handler, Rules(), clock=clock).sweep(lambda: nobody)
