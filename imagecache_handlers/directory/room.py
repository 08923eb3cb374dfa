"""Room: the bytes that an image will take in a folder of files."""

from collections.abc import Collection

from imagecache_handlers.model import ImageMeta


def count_room(meta: ImageMeta, formats: Collection[str], total: int) -> int:
    """Count what an image takes in a store that has ``total`` bytes.

    One of none of the ``formats`` is to be converted: until that is done
    nobody knows which bytes of the disk in it are zeros.
    """
    if formats and meta.disk_format not in formats:
        return meta.size if meta.virtual_size is None else meta.virtual_size
    # What could never be full here is not an image for here, however few of
    # its bytes there are: reading its holes would take for ever.
    if meta.allocated is None or meta.size > total:
        return meta.size
    # Zeros are not written: a sparse image stays sparse.
    return meta.allocated
