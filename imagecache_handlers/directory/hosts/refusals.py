"""Refusals: what a host is told that may not evict, and what it can do.

What is to be typed in a shell has no word in it that others could choose.
"""

from imagecache_handlers.directory.hosts.places import DEFINITIONS
from imagecache_handlers.directory.hosts.places import HOST
from imagecache_handlers.directory.hosts.places import MOUNTED
from imagecache_handlers.directory.hosts.places import View
from imagecache_handlers.directory.hosts.records import Record
from imagecache_handlers.directory.hosts.records import Unread

_ACCEPT = 'if that is right, say: imagecache host accept'


def show_host(name: str) -> str:
    """Show the name of a host, or what somebody put in place of one."""
    return name if HOST.fullmatch(name) else ascii(name)


def say_unseen(name: str, place: str) -> str:
    """Say that another host looks somewhere, and this one does not."""
    gone = f'if {name} is gone for good, say: imagecache host forget {name}'
    if place.startswith(DEFINITIONS):
        return (
            f'host {name} reads the definitions in '
            f'{place.removeprefix(DEFINITIONS)}, and this host does not: name '
            f'that folder in libvirt_definitions, too, on a share that both '
            f'hosts have mounted; or {gone}'
        )
    if place.startswith(MOUNTED):
        return (
            f'host {name} has something mounted at '
            f'{place.removeprefix(MOUNTED)}, and this host does not see that: '
            f'mount it here, too; or if it is not mounted there any more, '
            f'say on {name}: imagecache host accept; or {gone}'
        )
    return (
        f'host {name} looks at {place}, and this host does not: name that '
        f'folder in instance_paths, too; if it is one that both hosts have '
        f'mounted, set instances_shared_as on each; or {gone}'
    )


def say_own_unseen(record: Record, place: str, view: View) -> str:
    """Say that this host looked somewhere, and does not now."""
    until = f'until {_date_of(record)}'
    if place.startswith(DEFINITIONS):
        where = place.removeprefix(DEFINITIONS)
        return (
            f'this host read the definitions in {where} {until}, and does not '
            f'now: name that folder in libvirt_definitions again; {_ACCEPT}'
        )
    if place.startswith(MOUNTED):
        return (
            f'something was mounted at {place.removeprefix(MOUNTED)} {until}, '
            f'and is not now: mount it; {_ACCEPT}'
        )
    if view.renames(place):
        return (
            f'what this host looked at as {place} {until} is named otherwise '
            f'now: {_ACCEPT}'
        )
    return (
        f'this host looked at {place} {until}, and does not now: mount it, or '
        f'name it in instance_paths again; {_ACCEPT}'
    )


def say_unread(record: Unread, own: bool) -> str:
    """Say that nobody can tell what a host looks at."""
    name = record.host
    if not HOST.fullmatch(name):
        return (
            f'the file {ascii(record.entry)} in the store is not a record of '
            f'any host: remove it'
        )
    why = f'its file {record.entry} cannot be read ({record.why})'
    if own:
        return (
            f'what this host has looked at is not known, for {why}: if it '
            f'sees all disks now, say: imagecache host accept'
        )
    return (
        f'what host {name} looks at is not known, for {why}: any change that '
        f'it makes here may mend that; or if it is gone for good, say: '
        f'imagecache host forget {name}'
    )


def say_nothing_met(what: str, path: str, before: int | None) -> str:
    """Say that a look met no disk, or no definition, in a folder."""
    there = 'was' if before == 1 else 'were'
    last = f' (the last time there {there} {before})' if before else ''
    right = _ACCEPT[0].upper() + _ACCEPT[1:]
    if what == 'definition':
        return (
            f'met no definitions in {path}: does libvirt keep them there? '
            f'{right}{last}'
        )
    return f'met no disk in {path}: is it mounted? {right}{last}'


def say_fewer_met(
    what: str, path: str, now: int, before: int, record: Record
) -> str:
    """Say that it met far fewer than the last time."""
    several = what if now == 1 else f'{what}s'
    return (
        f'met {now} {several} in {path}, {before} the last time '
        f'({_date_of(record)}): {_ACCEPT}'
    )


def _date_of(record: Record) -> str:
    return f'{record.at:%Y-%m-%d}'
