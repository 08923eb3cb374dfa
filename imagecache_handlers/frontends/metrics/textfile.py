"""Textfile: metrics in a file for node_exporter, and read from it again."""

from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Iterator
import contextlib
import errno
import logging
import os
import pathlib
import tempfile

from prometheus_client.parser import text_string_to_metric_families

from imagecache_handlers.exceptions import CacheError
from imagecache_handlers.exceptions import ConfigurationError
from imagecache_handlers.frontends.metrics.collector import write_text
from imagecache_handlers.frontends.metrics.families import FAMILIES
from imagecache_handlers.frontends.metrics.families import Kind
from imagecache_handlers.frontends.metrics.record import Record
from imagecache_handlers.frontends.metrics.samples import Samples

LOG = logging.getLogger(__name__)

SUFFIX = '.prom'
# More than ten thousand stores would tell.
_LARGEST = 64 * 2**20


class TextfileError(CacheError):
    """The metrics cannot be written where they are to be."""


class Textfile:
    """A file with metrics of one record, ``only`` some, whole at any time.

    What an earlier process wrote there is gone on from: its counters, and
    when it last swept.

    :raises ConfigurationError: when node_exporter would not read it.
    """

    def __init__(
        self, path: str, record: Record, only: Collection[str] = FAMILIES
    ) -> None:
        if not path.endswith(SUFFIX):
            raise ConfigurationError(
                f'node_exporter reads only files that end with {SUFFIX}: '
                f'{path!r} does not'
            )
        self._path = pathlib.Path(path)
        self._record = record
        self._only = only

    def restore(self) -> None:
        """Go on from what the file says, if it is one of ours.

        :raises ConfigurationError: when it tells what this one leaves out,
            which would be lost.
        """
        try:
            samples = read_samples(self._path)
        except FileNotFoundError:
            return
        except (OSError, ValueError) as error:
            LOG.warning(
                'Counting from 0, for %s cannot be read: %s',
                self._path,
                error,
            )
            return
        self._check_told(samples)
        self._record.restore(samples)

    def _check_told(self, samples: Samples) -> None:
        only = tuple(self._only)
        if not all(name.startswith(only) for name in samples):
            raise ConfigurationError(
                f'{self._path} tells of sweeps, which would be lost: name '
                f'another file for prefetches'
            )

    def check_writable(self) -> None:
        """Write aside only.

        :raises TextfileError: when that cannot be done, or not be put in
            place.
        """
        with self._told():
            if self._path.is_dir():
                # Only what is put in its place would fail.
                raise IsADirectoryError(
                    errno.EISDIR, 'it is a folder, not a file'
                )
            with _written_aside(self._path, ''):
                pass

    def write(self) -> None:
        """Write the file aside, then put it in place of the old one.

        :raises TextfileError: when that cannot be done; the old one stays.
        """
        text = write_text(self._record, self._only)
        with self._told(), _written_aside(self._path, text) as aside:
            os.replace(aside, self._path)

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise TextfileError(
                f'the metrics cannot be written to {self._path}: '
                f'{error.strerror or error}'
            ) from error


@contextlib.contextmanager
def _written_aside(path: pathlib.Path, text: str) -> Iterator[str]:
    """Have a file beside it with that text; what is left of it goes."""
    # Not named *.prom: what is half there must not be read.
    handle, aside = tempfile.mkstemp(dir=path.parent, prefix=f'.{path.name}.')
    try:
        with open(handle, 'w', encoding='utf-8') as file:
            file.write(text)
            # node_exporter runs as somebody else.
            os.fchmod(file.fileno(), 0o644)
            file.flush()
            os.fsync(file.fileno())
        yield aside
    finally:
        with contextlib.suppress(OSError):
            os.unlink(aside)


def read_samples(path: pathlib.Path) -> Samples:
    """Read what such a file tells, as far as it is known.

    :raises OSError: when it cannot be read.
    :raises ValueError: when it is not what we write.
    """
    # A FIFO in its place must not be waited for.
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    # A name may have whatever, and ends no line by it.
    with open(handle, encoding='utf-8', newline='') as file:
        text = file.read(_LARGEST + 1)
    if len(text) > _LARGEST:
        raise ValueError('it is too large to be one of ours')
    orders = _label_orders()
    samples: Samples = {}
    for metric in text_string_to_metric_families(text):
        for one in metric.samples:
            order = orders.get(one.name)
            if order is not None and order.keys() == one.labels.keys():
                labels = tuple(one.labels[name] for name in order)
                samples.setdefault(one.name, {})[labels] = float(one.value)
    return samples


def _label_orders() -> dict[str, dict[str, None]]:
    """Give the labels of each sample there is, in their order."""
    orders = {}
    for family in FAMILIES.values():
        plain = dict.fromkeys(family.labels)
        orders[family.name] = plain
        if family.kind in (Kind.HISTOGRAM, Kind.SUMMARY):
            orders[f'{family.name}_sum'] = plain
            orders[f'{family.name}_count'] = plain
            orders[f'{family.name}_bucket'] = plain | {'le': None}
    return orders


def write_or_warn(write: Callable[[], object]) -> None:
    """Write, and go on without if that fails: the sweeps matter more."""
    try:
        write()
    except TextfileError as error:
        LOG.error('%s', error)
