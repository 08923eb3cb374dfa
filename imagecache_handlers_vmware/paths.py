"""Paths: ``[datastore] folder/file``, as vSphere writes and reads them."""

import dataclasses
import datetime
import posixpath
import re
import secrets

from imagecache_handlers.labels import read_time
from imagecache_handlers.labels import write_time
from imagecache_handlers.model import IMAGE_ID

_SLASHES = re.compile('/+')
_NAMED = re.compile(r'\[[^]]')
_DOTS = re.compile(r'(^|[] /])\.\.?(/|$)')


@dataclasses.dataclass(frozen=True, slots=True, order=True)
class DatastorePath:
    """A place on a datastore; ``path`` has no slash at either end.

    The empty path is the top of the datastore.
    """

    datastore: str
    path: str = ''

    def __str__(self) -> str:
        return f'[{self.datastore}] {self.path}'.rstrip()

    @property
    def name(self) -> str:
        return posixpath.basename(self.path)

    @property
    def parent(self) -> 'DatastorePath':
        return DatastorePath(self.datastore, posixpath.dirname(self.path))

    def join(self, *names: str) -> 'DatastorePath':
        path = posixpath.join(self.path, *names)
        return DatastorePath(self.datastore, path)


def read_path(text: str, datastore: str) -> str | None:
    """Give what a path names on that datastore; None: it is on another.

    A datastore may be called almost anything, brackets included, so that a
    path cannot be taken apart without knowing the name.
    """
    begin = f'[{datastore}]'
    if not text.startswith(begin):
        return None
    rest = text.removeprefix(begin)
    if ']' in rest and not rest.startswith(' '):
        # The name goes on.
        return None
    return _SLASHES.sub('/', rest.removeprefix(' ')).strip('/')


def is_unclear(text: str) -> bool:
    """Tell if a path does not say on which datastore it ends, and where.

    As ``[] /vmfs/volumes/...`` does, and what leads up again.
    """
    return not _NAMED.match(text) or bool(_DOTS.search(text))


def may_be_below(text: str, folder: str) -> bool:
    """Tell if a folder of that path is named anywhere in a text.

    At the top of a datastore, which has no path, anything is.
    """
    if not folder:
        return True
    name = re.escape(folder)
    return bool(re.search(rf'(^|[] /]){name}/', _SLASHES.sub('/', text)))


def is_below(path: str, folder: str) -> bool:
    """Tell if a path is a folder, or leads through it."""
    return path == folder or path.startswith(f'{folder}/')


def aside_of(base: DatastorePath) -> DatastorePath:
    """Name the folder that evictions move images to: beside the base."""
    return DatastorePath(base.datastore, f'{base.path}_evict')


@dataclasses.dataclass(frozen=True, slots=True)
class AsideName:
    """The name of a folder that an eviction moved an image to.

    Until that moment the eviction may still be running, on whatever host.
    """

    image_id: str
    until: datetime.datetime

    def __str__(self) -> str:
        token = secrets.token_hex(4)
        return f'{self.image_id}.{write_time(self.until)}.{token}'

    @classmethod
    def read(cls, name: str) -> 'AsideName | None':
        """Read such a name; None: it is not one."""
        image_id, _, rest = name.rpartition('.')[0].rpartition('.')
        until = read_time(rest)
        if until is None or not IMAGE_ID.fullmatch(image_id):
            return None
        return cls(image_id, until)
