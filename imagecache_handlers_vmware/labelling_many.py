"""Labelling many: images of one store that get the same labels.

Each label is a call, which vCenter answers when it is done; so a few are
under way at once.
"""

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Sequence
from collections import deque
import concurrent.futures
import itertools

from imagecache_handlers.exceptions import CacheError
from imagecache_handlers.model import CachedImage


def label_images(
    images: Sequence[CachedImage],
    label: Callable[[CachedImage], object],
    in_flight: int,
) -> Iterator[CacheError | None]:
    """Label each image, so many at once; results come in their order.

    Whoever closes the iterator waits for what was begun; no more is.
    """

    def try_label(image: CachedImage) -> CacheError | None:
        try:
            label(image)
        except CacheError as error:
            return error
        return None

    rest = iter(images)
    with concurrent.futures.ThreadPoolExecutor(in_flight) as pool:
        begun = deque(
            pool.submit(try_label, image)
            for image in itertools.islice(rest, in_flight)
        )
        while begun:
            yield begun.popleft().result()
            begun.extend(
                pool.submit(try_label, image)
                for image in itertools.islice(rest, 1)
            )
