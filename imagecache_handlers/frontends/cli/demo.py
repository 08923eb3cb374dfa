"""``imagecache demo``: the commands at work, on a cache of their own."""

import argparse
import datetime
import io
import os
import pathlib
import shlex
import subprocess
import sys
import tempfile

from imagecache_handlers.cache import ImageCache
from imagecache_handlers.directory import DirectoryHandler
from imagecache_handlers.frontends.cli.app import FAILED
from imagecache_handlers.frontends.cli.base import Command
from imagecache_handlers.frontends.cli.options import utc_now
from imagecache_handlers.frontends.evidence import Clock
from imagecache_handlers.model import Evidence
from imagecache_handlers.model import ImageMeta
from imagecache_handlers.rules import Rules

_UBUNTU = '7a6f9a52-6c37-4a2e-9d53-6f1c04a4b001'
_DEBIAN = '1c2ab13e-87d0-4b5f-8a0c-3f2d9c11e002'
_GOLDEN = '93d9f4c1-0e5b-4d7a-b1f6-a85f7be2c003'
_FEDORA = 'e40b7d66-52a9-4c18-9f3e-27c6d05b4004'

_STEPS = (
    (
        'Four images are cached; three have lain here for three days.',
        'list -c image -c size -c state -c reason',
    ),
    ('What would a sweep do? Nobody was asked who uses them:', 'plan'),
    (
        'Two of them are in use, and that list is complete:',
        'plan --in-use in-use.txt --in-use-complete',
    ),
    (
        'One that would go shall stay:',
        f'pin {_GOLDEN} --owner ops --until +30d',
    ),
    ('So now:', 'plan --in-use in-use.txt --in-use-complete'),
    (
        'A sweep does just that, each after another look at the image:',
        'sweep --in-use in-use.txt --in-use-complete',
    ),
    (
        'What is left:',
        'list --in-use in-use.txt --in-use-complete '
        '-c image -c size -c state -c reason',
    ),
)


class Demo(Command):
    """Show the commands at work, on a small cache that is made for it."""

    def take_action(self, parsed_args: argparse.Namespace) -> int:
        with tempfile.TemporaryDirectory(prefix='imagecache-demo-') as name:
            place = pathlib.Path(name)
            _furnish(place)
            codes = [self._show(place, *step) for step in _STEPS]
        self.say(f'{name} is removed again.')
        return FAILED if any(codes) else 0

    def _show(self, place: pathlib.Path, told: str, line: str) -> int:
        self.say(f'# {told}')
        self.say(f'$ imagecache --config-file cache.conf {line}')
        self.app.stdout.flush()
        command = [sys.executable, '-m', 'imagecache_handlers.frontends.cli']
        command += ['--config-file', 'cache.conf', *shlex.split(line)]
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
        return done.returncode


def _furnish(place: pathlib.Path) -> None:
    folder = place / 'images'
    folder.mkdir()
    config = f'[imagecache_directory]\npath = {folder}\n'
    (place / 'cache.conf').write_text(config)
    (place / 'in-use.txt').write_text(f'{_UBUNTU} vm-17,vm-23\n')
    then = utc_now() - datetime.timedelta(days=3)
    _add(folder, {_UBUNTU: 6, _DEBIAN: 4, _GOLDEN: 3}, lambda: then)
    _sweep(folder, lambda: then)
    _add(folder, {_FEDORA: 5}, utc_now)
    # As a virtual machine does whose disk is a link to its image.
    os.link(folder / _FEDORA, place / 'disk-of-vm-42')


def _add(folder: pathlib.Path, sizes: dict[str, int], clock: Clock) -> None:
    handler = DirectoryHandler([str(folder)], clock=clock)
    for image_id, size in sizes.items():
        content = os.urandom(size * 2**20)
        meta = ImageMeta(
            image_id=image_id, size=len(content), disk_format='raw'
        )
        handler.add(meta, io.BytesIO(content), str(folder))


def _sweep(folder: pathlib.Path, clock: Clock) -> None:
    """Let a sweep of that time find all that is there unused."""
    handler = DirectoryHandler([str(folder)])
    nobody = Evidence(complete=True, as_of=clock())
    ImageCache(handler, Rules(), clock=clock).sweep(lambda: nobody)
