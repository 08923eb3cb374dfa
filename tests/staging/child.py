"""A process that fetches, or converts, until it is killed.

``python -m tests.staging.child FOLDER SIZE SEED PAUSE`` fetches random
bytes, and pauses after each piece; each line is how many there are.  A SEED
of ``zeros`` has them made as they come, and the last line is how much memory
that took.  ``convert`` in place of the size converts a file.
"""

from collections.abc import Iterator
import contextlib
import pathlib
import sys
import time

from imagecache_handlers import ImageMeta
from imagecache_handlers.staging.stage import Stages
from imagecache_handlers import Stretch
from tests.staging.sources import Memory
from tests.staging.sources import meta_of
from tests.staging.sources import random_bytes

PIECE = 2**20


class Zeros:
    """As many zeros as one likes, but for a byte in each piece."""

    def __init__(self, size: int) -> None:
        self.meta = ImageMeta(image_id='zeros', size=size, disk_format='raw')

    def describe(self, image_id: str) -> ImageMeta:
        return self.meta

    @contextlib.contextmanager
    def read_from(self, meta: ImageMeta, offset: int) -> Iterator[Stretch]:
        count = (meta.size - offset) // PIECE
        pieces = (bytes(PIECE - 1) + b'x' for _ in range(count))
        yield Stretch(offset, pieces)


def tell(done: int) -> None:
    print(done, flush=True)


def fetch(folder: str, size: int, seed: str, pause: float) -> None:
    def tell_slowly(done: int) -> None:
        tell(done)
        time.sleep(pause)

    if seed == 'zeros':
        source = Zeros(size)
    else:
        source = Memory.of(random_bytes(size, int(seed)))
    with Stages(folder).open_stage(source.meta) as stage:
        stage.fetch_image(source, tell_slowly)
        stage.drop()
    print(read_peak())


def read_peak() -> int:
    """Give the most memory that this program had, in bytes.

    Not what ``getrusage`` says, which counts that of the process which
    started it, too.
    """
    said = pathlib.Path('/proc/self/status').read_text()
    [line] = [one for one in said.splitlines() if one.startswith('VmHWM')]
    return int(line.split()[1]) * 1024


def convert(folder: str, path: str) -> None:
    content = pathlib.Path(path).read_bytes()
    source = Memory(content, meta_of(content, disk_format='qcow2'))
    with Stages(folder).open_stage(source.meta) as stage:
        stage.fetch_image(source)
        tell(source.given)
        stage.convert_image('raw')


if __name__ == '__main__':
    if sys.argv[2] == 'convert':
        convert(sys.argv[1], sys.argv[3])
    else:
        size, seed, pause = sys.argv[2:]
        fetch(sys.argv[1], int(size), seed, float(pause))
