"""Record: what a stage is of, beside it."""

import contextlib
import json
import os

from imagecache_handlers.directory.system.descriptors import closing
from imagecache_handlers.directory.system import safe_open
from imagecache_handlers.model import ImageMeta
from imagecache_handlers.staging.names import Names

_MOST = 2**16
_WRITE = os.O_WRONLY | os.O_CREAT | os.O_EXCL


def write_record(folder: int, names: Names, meta: ImageMeta) -> None:
    """Put the record there, whole or not at all."""
    # Never into what is there: who owns the folder may have put it there.
    with contextlib.suppress(FileNotFoundError):
        os.unlink(names.new_record, dir_fd=folder)
    fd = safe_open.open_file(folder, names.new_record, _WRITE)
    with closing(fd), open(fd, 'w', encoding='utf-8', closefd=False) as file:
        json.dump(_describe(meta), file)
    os.rename(
        names.new_record, names.record, src_dir_fd=folder, dst_dir_fd=folder
    )


def is_of(folder: int, names: Names, meta: ImageMeta) -> bool:
    """Tell if the stage that is there is of that very content."""
    try:
        fd = safe_open.open_file(folder, names.record, os.O_RDONLY)
    except FileNotFoundError:
        return False
    with closing(fd):
        content = os.read(fd, _MOST)
    try:
        return bool(json.loads(content) == _describe(meta))
    except ValueError:
        return False


def _describe(meta: ImageMeta) -> dict[str, object]:
    known = meta.checksum
    return {
        'image': meta.image_id,
        'size': meta.size,
        'algorithm': known.algorithm if known else None,
        'checksum': known.value if known else None,
    }
