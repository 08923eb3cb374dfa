"""QEMU, asked what it can open: a judge that reads no header of ours."""

import hashlib
import json
import os
import pathlib
import subprocess
from typing import NamedTuple

from tests.directory.disks import QEMU


class Disk(NamedTuple):
    """A disk, and how QEMU is to be asked for it.

    ``form`` is what its owner says; without one QEMU looks for itself.
    ``more`` are arguments of qemu-img in place of the path.  ``within``:
    what is mounted where, for those alone whose disk it is.
    """

    path: str
    form: str = ''
    more: tuple[str, ...] = ()
    within: tuple[tuple[str, str], ...] = ()


class Answer(NamedTuple):
    """What QEMU reads in a disk: nothing that can be told, or all of it."""

    content: str
    why: str = ''

    @property
    def is_whole(self) -> bool:
        return bool(self.content)


def ask(disk: Disk, scratch: pathlib.Path) -> Answer:
    """Have QEMU read a disk to its end, through all that lies below it."""
    out = scratch / 'read'
    done = _qemu(disk, 'convert', '-U', tail=['-O', 'raw', str(out)])
    if done.returncode:
        return Answer('', done.stderr.decode(errors='replace').strip())
    content = hashlib.sha256(out.read_bytes()).hexdigest()
    out.unlink()
    return Answer(content)


def chain(disk: Disk) -> list[str]:
    """Give the formats in the chain of a disk, as QEMU calls them."""
    done = _qemu(disk, 'info', '-U', '--backing-chain', '--output=json')
    return [one['format'] for one in json.loads(done.stdout or b'[]')]


def _qemu(disk, verb, *options, tail=()):
    if disk.more:
        source = list(disk.more)
    else:
        source = [*(['-f', disk.form] if disk.form else []), disk.path]
    order = [QEMU, verb, *options]
    if verb == 'convert':
        # The format that is written comes before the file that is read.
        into, out = tail[:2], tail[2:]
        order += [*into, *source, *out]
    else:
        order += source
    return subprocess.run(  # noqa: S603 -- the real program is the point
        [*_inside(disk.within), *map(os.fsencode, order)],
        # As where libvirt has it run.
        cwd='/',
        capture_output=True,
        check=False,
    )


def _inside(within):
    """Begin a command that runs where more is mounted than here."""
    if not within:
        return []
    steps = ''.join(
        f'mount --bind "{source}" "{target}" && ' for source, target in within
    )
    return ['unshare', '--mount', 'sh', '-c', f'{steps}exec "$@"', 'sh']


class Judge:
    """Holds what QEMU could open before against what it can open after."""

    def __init__(self, disks, scratch):
        self._scratch = scratch
        self.before = {disk: ask(disk, scratch) for disk in disks}

    def note(self, disk):
        """Take in a disk that has come meanwhile."""
        self.before[disk] = ask(disk, self._scratch)

    @property
    def whole(self):
        return [disk for disk, it in self.before.items() if it.is_whole]

    def broken(self):
        """Name what QEMU could not open at all, with its own words."""
        return [
            f'{disk.path!r}: {it.why}'
            for disk, it in self.before.items()
            if not it.is_whole
        ]

    def losses(self, but=()):
        """Name what was whole and is not so any more, but for those."""
        return [
            f'{disk.path!r}: {after.why or "it has other content"}'
            for disk in self.whole
            if disk.path not in but
            if (after := ask(disk, self._scratch)) != self.before[disk]
        ]
