"""Sidecar: the file beside an image that makes it ours, with its labels.

Beside an image ``NAME`` may lie, while or after something was done to it::

    .NAME.imagecache                what this module reads and writes
    .NAME.imagecache-new            the next one, being written
    .NAME.imagecache-lock           held by whoever changes image or sidecar
    .NAME.TOKEN.imagecache-stage    the image itself, on its way in
    .NAME.imagecache+...            see ``notes``
"""

from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Iterator
import contextlib
import datetime
import json
import os
import re
import secrets
import stat
from typing import Any
from typing import NamedTuple
from typing import Self

from imagecache_handlers.checked_values import check_time
from imagecache_handlers.directory.system.descriptors import close
from imagecache_handlers.directory.system.descriptors import closing
from imagecache_handlers.directory.system import entries
from imagecache_handlers.directory.system import rights
from imagecache_handlers.directory.system import safe_open
from imagecache_handlers.directory.system import whole_files
from imagecache_handlers.labels import LABEL
from imagecache_handlers.model import IMAGE_ID

SIDECAR = '.imagecache'
LOCK = '.imagecache-lock'
STAGE = '.imagecache-stage'
NEW = '.imagecache-new'

_VERSION = 1
_EDITION = re.compile(r'(?:[0-9a-f]{16})?')
_JSON = json.JSONDecoder()
_SMALL = 2**12
_TOO_LARGE = 2**20  # no number of labels that anybody writes comes near


class Sidecar(NamedTuple):
    """What is written beside one image, and to which very file it belongs.

    A file that was put there later under the same name has another inode,
    or another time of its last change where the number was given out again.
    The device is not written: it may be another after a reboot, and always
    is the one that the sidecar itself lies on.  ``born_ns`` is written where
    others touch the file, so that its last change tells nothing.  Each
    writing is another ``edition``, of which notes may speak.
    """

    image_id: str
    cached_at: datetime.datetime
    labels: frozenset[str]
    inode: int
    size: int
    mtime_ns: int
    born_ns: int | None = None
    edition: str = ''

    @classmethod
    def of(
        cls,
        image_id: str,
        cached_at: datetime.datetime,
        labels: Collection[str],
        file: os.stat_result,
        born_ns: int | None = None,
    ) -> Self:
        return cls(
            image_id=image_id,
            cached_at=cached_at,
            labels=frozenset(labels),
            inode=file.st_ino,
            size=file.st_size,
            mtime_ns=file.st_mtime_ns,
            born_ns=born_ns,
        )

    def belongs_to(self, file: os.stat_result) -> bool:
        return (
            stat.S_ISREG(file.st_mode)
            and file.st_ino == self.inode
            and file.st_size == self.size
            and file.st_mtime_ns == self.mtime_ns
        )

    def survives(self, file: os.stat_result, born_ns: int | None) -> bool:
        """Tell if it belongs to a file that others may have touched.

        Where nobody knows when a file was born, one of the same number and
        size is taken for the same: its labels protect rather than not.
        """
        known = None not in (born_ns, self.born_ns)
        return (
            file.st_ino == self.inode
            and file.st_size == self.size
            and (born_ns == self.born_ns or not known)
        )

    def dump(self) -> bytes:
        fields: dict[str, Any] = {'version': _VERSION, **self._asdict()}
        fields['cached_at'] = self.cached_at.isoformat()
        fields['labels'] = sorted(self.labels)
        return json.dumps(fields, indent=1).encode() + b'\n'

    @classmethod
    def parse(cls, content: bytes) -> Self | None:
        """Read what ``dump`` wrote; None for anything else."""
        try:
            return cls._check_fields(_JSON.decode(content.decode()))
        # RecursionError: a few thousand brackets are valid JSON.
        except (ValueError, TypeError, KeyError, RecursionError):
            return None

    @classmethod
    def _check_fields(cls, fields: Any) -> Self:
        if not isinstance(fields, dict) or fields.pop('version') != _VERSION:
            raise ValueError('not ours')
        at = datetime.datetime.fromisoformat(fields['cached_at'])
        check_time('cached_at', at)
        labels = frozenset(fields['labels'])
        for label in labels:
            # This refuses what is not a text, too.
            if not LABEL.fullmatch(label):
                raise ValueError('no label')
        fields['cached_at'], fields['labels'] = at, labels
        sidecar = cls(**fields)
        if not IMAGE_ID.fullmatch(sidecar.image_id):
            raise ValueError('not an image id')
        if not _EDITION.fullmatch(sidecar.edition):
            raise ValueError('no edition')
        return sidecar


def path(name: str, ending: str = SIDECAR) -> str:
    return f'.{name}{ending}'


def stage(name: str, token: str) -> str:
    return f'.{name}.{token}{STAGE}'


# What lies beside an image has a longer name than that.
LONGEST_NAME = 255 - len(stage('', '00000000'))


def is_fit_name(name: str) -> bool:
    """Tell if the file of an image may have that name."""
    return len(name) <= LONGEST_NAME and bool(IMAGE_ID.fullmatch(name))


def image_of(entry: str) -> str | None:
    """Give the image that an entry lies beside, by its name alone."""
    for ending in (SIDECAR, NEW, LOCK, STAGE):
        if entry.startswith('.') and entry.endswith(ending):
            name = entry[1:].removesuffix(ending)
            if ending == STAGE:
                name = name.rpartition('.')[0]
            return name if IMAGE_ID.fullmatch(name) else None
    return None


def list_images(entries: Iterable[str]) -> Iterator[str]:
    """Give the images that have a sidecar among the entries of a folder."""
    for entry in entries:
        if entry.endswith(SIDECAR) and entry.startswith('.'):
            name = entry[1 : -len(SIDECAR)]
            if IMAGE_ID.fullmatch(name):
                yield name


def read(folder: int, name: str) -> Sidecar | None:
    """Read the sidecar of an image; None if there is none that is ours.

    :raises OSError: when it is there and cannot be read.
    """
    try:
        fd = safe_open.open_file(folder, path(name), os.O_RDONLY)
    except FileNotFoundError:
        return None
    except OSError:
        if _is_odd(folder, path(name)):
            return None
        raise
    try:
        if not rights.counts(folder, os.fstat(fd)):
            return None
        # Whole at once: a sidecar is replaced, never written over.
        content = os.read(fd, _SMALL)
        if len(content) == _SMALL:
            content += os.read(fd, _TOO_LARGE)
    except OSError:
        if _is_odd(folder, path(name)):
            return None
        raise
    finally:
        close(fd)
    return Sidecar.parse(content) if len(content) < _TOO_LARGE else None


def _is_odd(folder: int, entry: str) -> bool:
    """Tell if an entry that cannot be opened is not a regular file."""
    found = entries.lstat(folder, entry)
    return found is None or not stat.S_ISREG(found.st_mode)


def write(folder: int, name: str, sidecar: Sidecar) -> None:
    """Replace the sidecar of an image, whole or not at all; with its lock.

    That lasts once the folder was fsynced.
    """
    edition = sidecar._replace(edition=secrets.token_hex(8))
    whole_files.replace_file(
        folder, path(name), path(name, NEW), edition.dump(), _opened_new
    )


def _opened_new(
    folder: int, entry: str
) -> contextlib.AbstractContextManager[int]:
    return closing(rights.make(folder, entry, os.O_WRONLY, 0o644))


def remove(folder: int, name: str) -> None:
    """Remove the sidecar of an image; with its lock."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path(name), dir_fd=folder)
