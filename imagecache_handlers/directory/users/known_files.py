"""Known files: those of an earlier look, each as it was then or since."""

from collections.abc import Iterator
import os
import stat

from imagecache_handlers.directory.parts import Part
from imagecache_handlers.directory.system.bounded import Progress
from imagecache_handlers.directory.system.descriptors import close
from imagecache_handlers.directory.system.descriptors import closing
from imagecache_handlers.directory.system import safe_open
from imagecache_handlers.directory.users.chains import Chains
from imagecache_handlers.directory.users.facts import Facts
from imagecache_handlers.directory.users.facts import is_same_kind
from imagecache_handlers.directory.users.facts import is_same_state
from imagecache_handlers.directory.users.facts import is_settled
from imagecache_handlers.directory.users.facts import MetFile
from imagecache_handlers.directory.users.formats import known_formats
from imagecache_handlers.directory.users.formats.values import Header
from imagecache_handlers.directory.users.memory import now_ns
from imagecache_handlers.directory.users.reading import INFO
from imagecache_handlers.directory.users.walked_files import identity
from imagecache_handlers.directory.users.walked_files import Met
from imagecache_handlers.directory.users.walked_files import NOTHING
from imagecache_handlers.directory.users.walked_files import shape
from imagecache_handlers.directory.users.walked_files import SHORTEST


class KnownFiles:
    """The files that a look met; what changes without effect is noted.

    ``unsettled`` are the paths, of folders too, whose times need not tell of
    each change since.
    """

    def __init__(self, facts: Facts, met: Met, chains: Chains) -> None:
        self._met = met
        self._chains = chains
        self._files = {one.path: one for one in facts.files}
        self.unsettled = {
            path
            for path, found in _list_states(facts)
            if not is_settled(found, facts.began_ns)
        }

    def list_devices(self) -> set[int]:
        return {one.found.st_dev for one in self._files.values()}

    def settle(self, path: str, found: os.stat_result, at_ns: int) -> None:
        """Note if the times of a file tell of each change from now on."""
        if is_settled(found, at_ns):
            self.unsettled.discard(path)
        else:
            self.unsettled.add(path)

    def are_alike(self, progress: Progress) -> bool:
        """Tell if each names what it did, whatever has changed of it."""
        unsettled = self.unsettled
        for path, file in list(self._files.items()):
            progress.step(path)
            found = os.stat(path, follow_symlinks=False)
            if path not in unsettled and is_same_state(found, file.found):
                continue
            if not self._is_file_alike(file, found):
                return False
        return True

    def forget_file(self, path: str) -> bool:
        """Forget what named no file, and was nobody's."""
        file = self._files.get(path)
        if file is None or file.part not in (Part.IMAGE, Part.OURS):
            return False
        if self._is_used(file):
            return False
        del self._files[path]
        self._met.headers.pop(identity(file.found), None)
        return True

    def adopt_file(self, fd: int, path: str) -> bool:
        """Remember what is new of ours, unless it names a file."""
        name = os.path.basename(path)
        found = os.stat(name, dir_fd=fd, follow_symlinks=False)
        if not _names_none(fd, name, found):
            return False
        self._files[path] = MetFile(path, found, Part.OURS)
        self.unsettled.add(path)
        if stat.S_ISREG(found.st_mode):
            self._met.headers[identity(found)] = NOTHING
        return True

    def _is_used(self, file: MetFile) -> bool:
        """Tell if a file has users, or makes some of others."""
        which, name = identity(file.found), os.path.basename(file.path)
        return (
            which in self._chains.users
            or name in self._chains.named
            or self._met.headers.get(which, NOTHING) != NOTHING
        )

    def _is_file_alike(self, file: MetFile, found: os.stat_result) -> bool:
        """Judge a file that has changed, or may have."""
        if not is_same_kind(found, file.found):
            return False
        if not stat.S_ISREG(found.st_mode):
            # Where a symlink leads to is asked for with all other names.
            return True
        at_ns = now_ns()
        if identity(found) != identity(file.found):
            # A sidecar is replaced, never written over.
            is_ours = file.part is Part.OURS and not self._is_used(file)
            return is_ours and self._is_replaced_alike(file.path)
        if not self._is_content_alike(file, found):
            return False
        self._files[file.path] = file._replace(found=found)
        self.settle(file.path, found, at_ns)
        return True

    def _is_replaced_alike(self, path: str) -> bool:
        with closing(safe_open.open_folder(os.path.dirname(path))) as fd:
            return self.adopt_file(fd, path)

    def _is_content_alike(self, file: MetFile, found: os.stat_result) -> bool:
        if not self._is_shape_apart(file, found):
            return False
        folder, name = os.path.split(file.path)
        # However short it is, it says what the disks beside it are.
        if name == INFO:
            return False
        if is_small(found) or is_small(file.found):
            return is_small(found) and is_small(file.found)
        with closing(safe_open.open_folder(folder)) as fd:
            header = _read_anew(fd, name, found)
        return header == self._met.headers.get(identity(found))

    def _is_shape_apart(self, file: MetFile, found: os.stat_result) -> bool:
        """Tell if no image is taken for that file, by its size and time."""
        if shape(found) == shape(file.found):
            return True
        shapes = self._met.shapes
        return file.part is not Part.IMAGE and not (
            shape(found) in shapes or shape(file.found) in shapes
        )


def _list_states(facts: Facts) -> Iterator[tuple[str, os.stat_result]]:
    for folder in facts.folders:
        yield folder.path, folder.found
    for file in facts.files:
        yield file.path, file.found


def is_small(found: os.stat_result) -> bool:
    return stat.S_ISREG(found.st_mode) and found.st_size < SHORTEST


def _names_none(fd: int, name: str, found: os.stat_result) -> bool:
    """Tell if what is ours names no file."""
    if not stat.S_ISREG(found.st_mode) or found.st_size < SHORTEST:
        return True
    return _read_anew(fd, name, found) == NOTHING


def _read_anew(folder: int, name: str, found: os.stat_result) -> Header | None:
    """Read the header of a file; None: it was replaced meanwhile."""
    fd = safe_open.open_file(folder, name, os.O_RDONLY)
    try:
        opened = os.fstat(fd)
        if not os.path.samestat(found, opened):
            return None
        return known_formats.read_header(fd, opened.st_size)
    finally:
        close(fd)
