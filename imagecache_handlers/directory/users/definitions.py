"""Definitions: the machines of libvirt, and the disks that each has."""

from collections.abc import Iterable
import os
import stat

from imagecache_handlers.directory.system.bounded import Progress
from imagecache_handlers.directory.system.descriptors import closing
from imagecache_handlers.directory.system import safe_open
from imagecache_handlers.directory.users.formats.values import Backing
from imagecache_handlers.directory.users.formats.values import Header
from imagecache_handlers.directory.users.formats.values import shown
from imagecache_handlers.directory.users.ignoring import Ignored
from imagecache_handlers.directory.users.walked_files import identity
from imagecache_handlers.directory.users.walked_files import Met
from imagecache_handlers.directory.users.walked_files import Naming
from imagecache_handlers.directory.users import words

_ENDING = '.xml'


def read(
    folder: str, met: Met, ignored: Ignored, progress: Progress
) -> list[words.Word]:
    """Note who uses what by the definitions in a folder.

    Gives what they say of the form of each disk.
    """
    progress.step(folder)
    said: list[words.Word] = []
    # Where it is empty, or not mounted, there is a count as well.
    met.under.setdefault(folder, 0)
    try:
        with closing(safe_open.open_folder(folder)) as fd:
            for name in sorted(os.listdir(fd)):
                if name.endswith(_ENDING):
                    path = f'{folder}/{name}'
                    progress.step(path)
                    is_ignored = ignored.ignores(path, name)
                    domain = _read_definition(fd, path, name, met, is_ignored)
                    if domain is not None:
                        met.under[folder] += 1
                        said += domain.disks
    except (OSError, ValueError) as error:
        met.tell(folder, error)
    return said


def _read_definition(
    fd: int, path: str, name: str, met: Met, is_ignored: bool
) -> words.Domain | None:
    try:
        with closing(safe_open.open_file(fd, name, os.O_RDONLY)) as file:
            if not stat.S_ISREG(os.fstat(file).st_mode):
                return None
            domain = words.read_domain(os.pread(file, words.MOST + 1, 0))
    except FileNotFoundError:
        # Undefined just now.
        return None
    except (OSError, ValueError) as error:
        if not is_ignored:
            met.tell_with_way(path, error)
        return None
    user = shown(domain.name or name)
    below = _backing_of(domain.disks)
    handed = _backing_of(domain.perhaps)
    open_ = tuple(one for one in below if not one.is_raw)
    if not is_ignored:
        met.say(path, domain.problems)
    header = Header('', open_, (), domain.hints)
    met.naming.append(Naming(user, path, header))
    handed += [one for one in below if one.is_raw]
    met.perhaps += [(user, path, one) for one in handed]
    met.mentions += [(user, mention) for mention in domain.mentions]
    return domain


def _backing_of(said: Iterable[words.Word]) -> list[Backing]:
    return [Backing(one.path, one.form == 'raw') for one in said]


def agree(said: list[words.Word], met: Met, progress: Progress) -> None:
    """Note of which disks it is said that they are raw.

    Whoever says otherwise names it as what may name others.
    """
    for path, form, is_weak in dict.fromkeys(said):
        if form == 'raw':
            progress.step(path)
            try:
                file = identity(os.stat(path))
            except (OSError, ValueError):
                # That it is missing is told where its users are looked for.
                continue
            if is_weak:
                met.words.raw.add(file)
            else:
                met.words.hear(file, form)
