"""Mount table: what is mounted where, as proc(5) tells it."""

import re
from typing import NamedTuple

_MOUNTS = '/proc/self/mountinfo'
_OCTAL = re.compile(r'\\([0-7]{3})')


class Mount(NamedTuple):
    """What is mounted where, as proc(5) tells it."""

    number: str
    root: str
    point: str
    kind: str
    source: str

    @classmethod
    def parse(cls, line: str) -> 'Mount':
        mount, _, file_system = line.partition(' - ')
        number, _, _, root, point = mount.split()[:5]
        kind, source = file_system.split()[:2]
        return cls(
            number,
            _plain_field(root),
            _plain_field(point),
            kind,
            _plain_field(source),
        )


def _plain_field(field: str) -> str:
    return _OCTAL.sub(lambda found: chr(int(found[1], 8)), field)


def is_in(point: str, folder: str) -> bool:
    return point != folder and point.startswith(f'{folder.rstrip("/")}/')


def mount_above(path: str) -> Mount | None:
    """Find what a folder lies on by its path alone; it is not asked."""
    found = None
    for mount in read_mounts():
        above = mount.point == path or is_in(path, mount.point)
        # Of two in one place the later one is seen.
        if above and (not found or len(mount.point) >= len(found.point)):
            found = mount
    return found


def read_mounts() -> list[Mount]:
    with open(_MOUNTS, encoding='utf-8', errors='surrogateescape') as file:
        return [Mount.parse(line) for line in file]


def mount_of(fd: int) -> Mount | None:
    with open(f'/proc/self/fdinfo/{fd}', encoding='utf-8') as file:
        [number] = [
            line.split()[1] for line in file if line.startswith('mnt_id:')
        ]
    for mount in read_mounts():
        if mount.number == number:
            return mount
    return None
