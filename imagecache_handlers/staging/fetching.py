"""Fetching: the bytes of an image come in, however often they are cut off."""

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
import dataclasses
import logging
import random
from typing import NoReturn

from imagecache_handlers.clocks import Clocks
from imagecache_handlers.exceptions import SourceError
from imagecache_handlers.model import ImageMeta
from imagecache_handlers.source import Hole
from imagecache_handlers.source import RangedSource
from imagecache_handlers.staging.bucket import Bucket
from imagecache_handlers.staging.failures import ContentError
from imagecache_handlers.staging.failures import GivenUp
from imagecache_handlers.staging.failures import WrongContent
from imagecache_handlers.staging.hashing import Hashes
from imagecache_handlers.staging.hashing import SHA256
from imagecache_handlers.staging.limits import Limits
from imagecache_handlers.staging.names import identify_content
from imagecache_handlers.staging.patience import Patience
from imagecache_handlers.staging.reading_ahead import read_ahead
from imagecache_handlers.staging.stage_file import StageFile
from imagecache_handlers.staging.stopping import ShouldStop
from imagecache_handlers.staging.stopping import sleep_unless
from imagecache_handlers.staging.stopping import stop_between
from imagecache_handlers.staging import troubles

_LOG = logging.getLogger(__name__)


def tell_nobody(done: int) -> None:
    """Take news of how many bytes there are, for whoever wants none."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """How an image came: ``size`` bytes of it now, in so many ``tries``.

    ``found`` of its bytes were here before; ``sha256`` is of all of them.
    """

    size: int
    tries: int
    found: int
    sha256: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """How an image is fetched: into which folder, by whose leave."""

    folder: str
    limits: Limits
    clocks: Clocks
    bucket: Bucket
    tell: Callable[[int], object]
    should_stop: ShouldStop


class Fetching:
    """One fetching of one image into its stage."""

    def __init__(
        self, meta: ImageMeta, source: RangedSource, file: StageFile, way: Way
    ) -> None:
        self._meta = meta
        self._source = source
        self._file = file
        self._way = way
        self._tries = 0
        self._received = 0
        self._hashes = Hashes(self._algorithms)
        if meta.checksum and meta.checksum.algorithm == 'md5':
            why = 'image %s: it has an md5 only, which proves no origin'
            _LOG.warning(why, meta.image_id)

    @property
    def _algorithms(self) -> set[str]:
        known = self._meta.checksum
        return {SHA256, known.algorithm} if known else {SHA256}

    def run(self) -> Fetched:
        """Fetch what is missing; what is there then is the image.

        :raises SourceError: when the source fails too often, or gives
            another image than it describes.
        :raises Stopped: when it is not to go on.
        """
        found = self._file.size
        try:
            self._read_back()
            self._fetch_missing()
            if not self._is_right() and found:
                # The tail of a file that was open in a power cut is zeros.
                _LOG.warning('image %s: begun anew', self._meta.image_id)
                found = 0
                self._begin_anew()
                self._fetch_missing()
            return self._finish(found)
        finally:
            self._hashes.end()

    def _read_back(self) -> None:
        for piece in self._stop_between(self._file.read_pieces()):
            self._hashes.feed(piece)
        self._way.tell(self._file.size)

    def _fetch_missing(self) -> None:
        # Only now: it may have taken long to read what is here.
        self._patience = Patience(self._way.limits, self._way.clocks)
        while self._file.size < self._meta.size:
            failure = self._try_once()
            if failure is not None:
                self._wait_after(failure)

    def _try_once(self) -> SourceError | None:
        """Fetch until it is whole or cut off; tell why it was."""
        self._tries += 1
        try:
            if self._file.size or self._tries > 1:
                self._check_same()
            self._read_stretch()
        except SourceError as error:
            if not error.retry:
                raise
            return error
        if self._file.size < self._meta.size:
            why = f'{self._file.size:,} of {self._meta.size:,} bytes came'
            return ContentError(self._meta.image_id, why, retry=True)
        return None

    def _check_same(self) -> None:
        """Ask what the image is by now: two halves of two are none."""
        now = self._source.describe(self._meta.image_id)
        if _identify(now) != _identify(self._meta):
            raise self._wrong('it was replaced meanwhile')

    def _read_stretch(self) -> None:
        opened = self._source.read_from(self._meta, self._file.size)
        stop = self._way.should_stop
        with read_ahead(opened, self._meta.image_id, stop) as stretch:
            self._turn_to(stretch.start)
            for piece in self._stop_between(stretch.chunks):
                self._take_piece(piece)

    def _turn_to(self, start: int) -> None:
        if start == self._file.size:
            return
        if start:
            why = f'it gives bytes from {start:,} on, not {self._file.size:,}'
            raise self._wrong(why)
        self._begin_anew()

    def _begin_anew(self) -> None:
        self._file.clear()
        self._hashes.end()
        self._hashes = Hashes(self._algorithms)

    def _take_piece(self, piece: bytes) -> None:
        self._received += len(piece)
        if self._file.size + len(piece) > self._meta.size:
            raise self._wrong(f'it has over the {self._meta.size:,} announced')
        # Before it is written, which takes longest of all.
        self._hashes.feed(piece)
        self._write_piece(piece)
        self._way.tell(self._file.size)
        # Nobody has read or sent a hole.
        if not isinstance(piece, Hole):
            self._await_rate(len(piece))
        self._patience.note_size(self._file.size)

    def _await_rate(self, count: int) -> None:
        if pause := self._way.bucket.take(count):
            self._sleep(pause)

    def _write_piece(self, piece: bytes) -> None:
        try:
            self._file.write(piece)
        except OSError as error:
            self._file.cut()
            wanted = self._meta.size - self._file.size
            raise troubles.explain_full(
                self._way.folder, self._meta.image_id, wanted, error
            ) from error

    def _wait_after(self, failure: SourceError) -> None:
        pause = self._patience.pause_after(failure, random.random())  # noqa: S311
        if pause is None:
            self._give_up(failure)
        _LOG.info(
            'image %s: %s; again in %.1f s',
            self._meta.image_id,
            failure.why,
            pause,
        )
        self._sleep(pause)

    def _give_up(self, failure: SourceError) -> NoReturn:
        """Say what the next one goes on from, if that is anything."""
        if self._meta.checksum is None or not self._file.size:
            raise failure
        raise GivenUp(failure, self._file.size) from failure

    def _stop_between(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        stop, image_id = self._way.should_stop, self._meta.image_id
        return stop_between(pieces, stop, image_id)

    def _sleep(self, seconds: float) -> None:
        way = self._way
        sleep_unless(way.clocks, seconds, way.should_stop, self._meta.image_id)

    def _is_right(self) -> bool:
        known, sums = self._meta.checksum, self._hashes.results()
        return known is None or sums[known.algorithm] == known.value

    def _finish(self, found: int) -> Fetched:
        if not self._is_right():
            raise self._wrong('its bytes have another hash than announced')
        return Fetched(
            size=self._received,
            tries=self._tries,
            found=found,
            sha256=self._hashes.results()[SHA256],
        )

    def _wrong(self, why: str) -> WrongContent:
        return WrongContent(self._meta.image_id, why)


def _identify(meta: ImageMeta) -> tuple[str, str]:
    return meta.image_id, identify_content(meta)
