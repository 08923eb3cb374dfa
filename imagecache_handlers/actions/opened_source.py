"""Opened source: what an image comes from, and what it alone is blamed for."""

from collections.abc import Callable
import contextlib
import io
import types
from typing import Any
from typing import BinaryIO
from typing import cast
from typing import Self
from typing import TypeVar

from imagecache_handlers.actions.guard import call_safely
from imagecache_handlers.exceptions import CacheError
from imagecache_handlers.exceptions import HandlerFailed
from imagecache_handlers.exceptions import SourceError
from imagecache_handlers.source import Holed
from imagecache_handlers.source import Source

T = TypeVar('T')


class OpenedSource:
    """A source while it is open: ``meta``, and ``content`` to be read.

    ``failure`` is what it raised, as a ``SourceError``; None: nothing.
    """

    def __init__(self, source: Source, image_id: str) -> None:
        self._source = source
        self._image_id = image_id
        self._stack = contextlib.ExitStack()
        self.failure: SourceError | None = None

    def __enter__(self) -> Self:
        self.meta, content = self.call_source(self._enter)
        kind = _HoledContent if isinstance(content, Holed) else _Content
        self.content = cast(BinaryIO, kind(content, self))
        return self

    def _enter(self) -> Any:
        with contextlib.ExitStack() as stack:
            opened = self._source.opened(self._image_id)
            meta, content = stack.enter_context(opened)
            self._stack = stack.pop_all()
        return meta, content

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: types.TracebackType | None,
    ) -> None:
        # What ended the work is not the source's to change, or to swallow.
        if error is None:
            self.call_source(self._stack.close)
        else:
            with contextlib.suppress(CacheError):
                self.call_source(self._stack.close)

    def call_source(self, call: Callable[[], T]) -> T:
        """Call the source, so that it fails with ``SourceError`` only."""
        try:
            return call_safely(call)
        except SourceError as error:
            self.failure = error
            raise
        except CacheError as error:
            self.failure = self._blame_source(error)
            raise self.failure from error

    def _blame_source(self, error: CacheError) -> SourceError:
        why = str(error)
        if isinstance(error, HandlerFailed):
            why = f'{type(error.error).__name__}: {error.error}'
        return SourceError(str(self._source), why)


class _Content(io.RawIOBase):
    """The bytes of a source, read as those of any file."""

    def __init__(self, content: Any, opened: OpenedSource) -> None:
        self._content = content
        self._opened = opened

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        return self._opened.call_source(
            lambda: bytes(self._content.read(size))
        )

    def readinto(self, buffer: Any, /) -> int:
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


class _HoledContent(_Content):
    """The same, of what knows of its holes."""

    def skip_hole(self) -> int:
        skipped = self._opened.call_source(self._content.skip_hole)
        return cast(int, skipped)
