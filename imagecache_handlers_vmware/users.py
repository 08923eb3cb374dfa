"""Users: which machines name the files of which image.

A machine names every file of every disk that it may read, those of its
snapshots and of the disks below a linked clone included; an ISO only as
what is in its drive.
"""

from collections import defaultdict
from collections.abc import Iterable
import dataclasses

from imagecache_handlers_vmware.paths import DatastorePath
from imagecache_handlers_vmware.paths import read_path


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """A virtual machine as vCenter tells of it.

    ``files`` are written as datastore paths.  None: they cannot be read,
    and it may use any image of its datastores.
    """

    name: str
    files: frozenset[str] | None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Users:
    """Who uses which image below one base folder.

    ``unreadable`` names machines that may use any of them.
    """

    by_image: dict[str, frozenset[str]]
    unreadable: tuple[str, ...] = ()

    def of_image(self, image_id: str) -> frozenset[str]:
        return self.by_image.get(image_id, frozenset())

    @property
    def why_unknown(self) -> str | None:
        """Say why an image without a known user may have one."""
        if not self.unreadable:
            return None
        count, name = len(self.unreadable), self.unreadable[0]
        machines = 'machine' if count == 1 else 'machines'
        return (
            f'{count} {machines} of this datastore cannot be read, such as '
            f'{name!r}: repair or unregister it, or name it in ignore_vms'
        )


def find_users(
    machines: Iterable[Machine],
    base: DatastorePath,
    ignored: Iterable[str] = (),
) -> Users:
    """Tell who uses which image below a base folder.

    ``ignored`` names machines that the operator has written off: one that
    cannot be read then counts for nothing, one that can counts as ever.
    """
    found: dict[str, set[str]] = defaultdict(set)
    written_off = frozenset(ignored)
    unreadable = []
    for machine in machines:
        if machine.files is not None:
            for image_id in _images_of(machine.files, base):
                found[image_id].add(machine.name)
        elif machine.name not in written_off:
            unreadable.append(machine.name)
    by_image = {one: frozenset(who) for one, who in found.items()}
    return Users(by_image=by_image, unreadable=tuple(sorted(unreadable)))


def _images_of(files: Iterable[str], base: DatastorePath) -> set[str]:
    begin = f'{base.path}/'
    images = set()
    for text in files:
        path = read_path(text, base.datastore)
        if path is not None and path.startswith(begin):
            images.add(path.removeprefix(begin).partition('/')[0])
    return images
