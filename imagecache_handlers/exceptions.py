"""Exceptions: every error that is raised on purpose.

One base, named for what happened.  Each error takes its subject, keeps it as
an attribute and says in its text what to do next.
"""

from collections.abc import Iterable


class CacheError(Exception):
    """Something that a caller of this library may meet and handle."""


class ConfigurationError(CacheError):
    """An option, or several together, cannot be honoured."""


class StoreUnavailable(CacheError):
    """A store cannot be read or written now; nothing was changed in it."""

    def __init__(self, store: str, why: str) -> None:
        super().__init__(store, why)
        self.store = store
        self.why = why

    def __str__(self) -> str:
        return f'store {self.store!r} is unavailable: {self.why}'


class StoreFull(StoreUnavailable):
    """A store has no room for a label: another may fit, or one fewer image.

    A sweep, which makes room, does not leave the store for it.
    """


class StoreNotFound(StoreUnavailable):
    """There is no store of that name."""

    def __str__(self) -> str:
        return f'there is no store {self.store!r}: {self.why}'


class NoRoom(CacheError):
    """A store has less free space than an image takes.

    ``free`` is what an image may take; ``why`` tells what takes from that.
    """

    def __init__(
        self, image_id: str, store: str, wanted: int, free: int, why: str = ''
    ) -> None:
        super().__init__(image_id, store, wanted, free, why)
        self.image_id = image_id
        self.store = store
        self.wanted = wanted
        self.free = free
        self.why = why

    def __str__(self) -> str:
        text = (
            f'no room for image {self.image_id!r} in {self.store!r}: it takes '
            f'{self.wanted:,} bytes there, and {self.free:,} are free'
        )
        return f'{text} ({self.why})' if self.why else text


class SourceError(CacheError):
    """An image cannot be had from where it is to come from.

    Nothing of it was cached, and its handler has done nothing wrong.
    ``retry`` tells if asking again may help, ``after`` how many seconds the
    source wants that to be put off.
    """

    def __init__(
        self,
        source: str,
        why: str,
        *,
        retry: bool = False,
        after: float | None = None,
    ) -> None:
        super().__init__(source, why)
        self.source = source
        self.why = why
        self.retry = retry
        self.after = after

    def __str__(self) -> str:
        text = f'the image cannot be had from {self.source!r}: {self.why}'
        return f'{text}; {self._advise()}' if self.retry else text

    def _advise(self) -> str:
        """Say that asking again may help, and from when on."""
        if self.after is None:
            return 'asking again may help'
        return f'asking again may help in {self.after:,.0f} s'


class _Silent(CacheError):
    """Who was asked does not tell; ``source`` names who that is."""

    untold = ''

    def __init__(self, source: str, why: str) -> None:
        super().__init__(source, why)
        self.source = source
        self.why = why

    def __str__(self) -> str:
        return f'{self.source!r} does not tell {self.untold}: {self.why}'


class EvidenceUnavailable(_Silent):
    """Whoever knows who uses which image does not tell; nothing was decided.

    ``source`` names who was asked.
    """

    untold = 'who uses what'


class ImageServiceUnavailable(_Silent):
    """The image service does not tell which images it gives out no more.

    ``source`` names who was asked.
    """

    untold = 'which images it has'


class _ImageError(CacheError):
    """What is wrong with one image."""

    text = 'image {image_id!r}: {why}'

    def __init__(self, image_id: str, why: str = '') -> None:
        super().__init__(image_id, why)
        self.image_id = image_id
        self.why = why

    def __str__(self) -> str:
        text = self.text.format(image_id=self.image_id, why=self.why)
        return text.removesuffix(': ')


class ImageNotFound(_ImageError):
    """That very object is not, or no longer, in the cache."""

    text = 'image {image_id!r} is not in the cache: {why}'


class ImageExists(_ImageError):
    """The store holds the image already."""

    text = 'image {image_id!r} is in the cache already: {why}'


class ImageBusy(_ImageError):
    """An operation or somebody's claim is on the image; try again later."""

    text = 'image {image_id!r} is busy, try again later: {why}'


class TooLate(ImageBusy):
    """The claim on the image is too old for a removal to begin under it.

    A sweep tries the image once more, under a claim of its own.
    """


class StoreBusy(ImageBusy):
    """The store as a whole takes no removals now; nothing was removed."""

    text = 'the store of image {image_id!r} is busy, try again later: {why}'


class Cancelled(StoreBusy):
    """A removal did not end in time and was taken back, before it began."""

    text = 'the removal of image {image_id!r} was cancelled: {why}'


class Undeletable(_ImageError):
    """The backend refuses to remove that image; nothing was removed."""

    text = 'image {image_id!r} cannot be removed: {why}'


class Stopped(_ImageError):
    """The caller wants no more of it now; nothing is wrong."""

    text = 'image {image_id!r}: stopped, {why}'


class ImageInUse(CacheError):
    """Somebody uses the image; nothing was removed."""

    def __init__(self, image_id: str, users: Iterable[str] = ()) -> None:
        self.image_id = image_id
        self.users = frozenset(users)
        super().__init__(image_id, self.users)

    def __str__(self) -> str:
        users = ', '.join(sorted(self.users)) or 'somebody'
        return f'image {self.image_id!r} is in use by {users}'


class Unsupported(_ImageError):
    """This backend can never do that with this image: a format, a size."""

    text = 'image {image_id!r} is not supported here: {why}'


class Uncertain(_ImageError):
    """A reply or a task was lost: the work may be done, or yet be done."""

    text = 'image {image_id!r}: the outcome is not known: {why}'


class Unfinished(Uncertain):
    """A removal was waited for as long as is worth it, and may yet be done.

    Nobody waits for it again.
    """

    text = 'image {image_id!r}: its removal has not ended: {why}'


class NotUnderstood(Uncertain):
    """The backend's answer is none: the work may be done, or yet be done."""

    text = 'image {image_id!r}: the answer cannot be understood: {why}'


class NotSupported(CacheError, NotImplementedError):
    """The handler does not declare that optional ability."""

    def __init__(self, ability: str) -> None:
        super().__init__(ability)
        self.ability = ability

    def __str__(self) -> str:
        return f'this handler cannot {self.ability}'


class HandlerNotFound(CacheError):
    """No installed distribution offers a plug-in of that name."""

    def __init__(
        self, name: str, available: Iterable[str], kind: str = 'handler'
    ) -> None:
        self.name = name
        self.available = tuple(sorted(available))
        self.kind = kind
        super().__init__(name, self.available, kind)

    def __str__(self) -> str:
        known = ', '.join(self.available) or 'none'
        return (
            f'no {self.kind} is called {self.name!r}; installed: {known}. '
            f'Correct the name or install the package that offers it'
        )


class HandlerLoadError(CacheError):
    """An installed plug-in cannot be loaded; ``origin`` is its package."""

    def __init__(
        self, name: str, why: str, kind: str = 'handler', origin: str = ''
    ) -> None:
        super().__init__(name, why, kind, origin)
        self.name = name
        self.why = why
        self.kind = kind
        self.origin = origin

    def __str__(self) -> str:
        of = f' of {self.origin}' if self.origin else ''
        return f'{self.kind} {self.name!r}{of} cannot be loaded: {self.why}'


class HandlerFailed(CacheError):
    """A handler did what its contract does not know: a bug in it.

    What it did to the image, if anything, is not known.  The same is said of
    a caller's function that gives the evidence.
    """

    def __init__(self, error: Exception) -> None:
        super().__init__(error)
        self.error = error

    def __str__(self) -> str:
        return (
            f'a plug-in failed with {type(self.error).__name__}: '
            f'{self.error}; report this to its author'
        )
