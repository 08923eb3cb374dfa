"""Known formats of disks, each a room of its own, tried one after another.

A form that is not known here, as that of a raw disk, is ''.  What QEMU finds
out by trying is tried here as well, and some that only others know.  A new
format is a module with ``FORM``, ``is_one`` and ``read``, in ``_FORMS``.
"""

from collections.abc import Callable

from imagecache_handlers.directory.users.formats import qcow
from imagecache_handlers.directory.users.formats import qcow2
from imagecache_handlers.directory.users.formats import qed
from imagecache_handlers.directory.users.formats import simple
from imagecache_handlers.directory.users.formats.values import Disk
from imagecache_handlers.directory.users.formats.values import Header
from imagecache_handlers.directory.users.formats.values import header
from imagecache_handlers.directory.users.formats.values import Named
from imagecache_handlers.directory.users.formats.values import Unresolved
from imagecache_handlers.directory.users.formats import vdi
from imagecache_handlers.directory.users.formats import vhd
from imagecache_handlers.directory.users.formats import vhdx
from imagecache_handlers.directory.users.formats import vmdk

# Which disks each knows, what those name, and its form.
_FORMS = tuple(
    (room.is_one, room.read, room.FORM)
    for room in (qcow2, qcow, qed, vmdk, vhdx, vhd, vdi, simple)
)


def read_header(fd: int, size: int) -> Header:
    """Tell which files an open disk of that size names.

    Only a bounded part of it is read, and nothing else is opened.

    :raises OSError: when it cannot be read.
    """
    disk = Disk(fd, size)
    found = [
        _read_as(disk, read_form, form)
        for is_one, read_form, form in _FORMS
        if is_one(disk)
    ]
    if not found:
        return Header()
    if len(found) == 1:
        return found[0]
    # What looks like two forms names what either does.
    return header(found[0].form, [Named(*one[1:]) for one in found])


def _read_as(
    disk: Disk, read_form: Callable[[Disk], Header], form: str
) -> Header:
    try:
        return read_form(disk)
    except Unresolved as error:
        return Header(form, problems=(str(error),))
