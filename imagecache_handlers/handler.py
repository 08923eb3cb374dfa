"""CacheHandler: what somebody writes to have a backend's images managed.

Required methods come first, then optional ones, then those that are given.
A handler is mechanism only: it lists, labels and removes what it is told;
which image goes, and whether that is safe, is decided by its callers.
"""

import abc
from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Sequence
import contextlib
import datetime
from typing import Any
from typing import BinaryIO
from typing import final
from typing import Self

from imagecache_handlers.age import restart_age
from imagecache_handlers.age import start_age
from imagecache_handlers.exceptions import CacheError
from imagecache_handlers.exceptions import ImageBusy
from imagecache_handlers.exceptions import NotSupported
from imagecache_handlers.labels import check_owner
from imagecache_handlers.labels import Marks
from imagecache_handlers.labels import pin_label
from imagecache_handlers.model import CachedImage
from imagecache_handlers.model import Debris
from imagecache_handlers.model import Host
from imagecache_handlers.model import ImageMeta
from imagecache_handlers.model import Reservation
from imagecache_handlers.model import Store

# Tells if one's claim still counts for everybody else.
Alive = Callable[[], bool]


def always() -> bool:
    """Stand for a claim that does not end, for whoever has none."""
    return True


class CacheHandler(abc.ABC):
    """The image cache of one backend.

    Handlers keep nothing between calls: every answer is read afresh, and
    what one handler wrote, another on the same backend sees at once.  Any
    method may raise ``StoreUnavailable``, which promises that it changed
    nothing.
    """

    # How many threads may call it at once, each in a store of its own.
    parallel: int = 1
    # How many images share one fresh look before they are evicted, at most:
    # fewer do where looks are cheap beside removals.
    batch: int = 1
    # Ask for a ``seen`` label on every object that a sweep meets first.
    wants_seen: bool = False
    # Ask for a ``shield`` label on what is pinned, protected or kept because
    # nothing is to be removed: for a mark that other cleaners respect.
    wants_shield: bool = False
    # The formats of disks that ``add`` takes, first the one that others are
    # to be converted to; none: whatever comes.
    formats: Collection[str] = ()
    # The edition of this contract that it was written for.
    contract: int = 1

    @classmethod
    def from_conf(cls, conf: Any, **resources: Any) -> Self:
        """Build the handler from an ``oslo.config`` ConfigOpts.

        ``resources`` is what a caller lends, such as Nova's own session;
        names that mean nothing to this handler are ignored.

        :raises ConfigurationError: when an option cannot be honoured.
        """
        return cls()

    @abc.abstractmethod
    def enumerate(
        self, store: str, image_ids: Collection[str] | None = None
    ) -> Collection[CachedImage]:
        """List the cached images of one store, each whole.

        Only what bears our ownership mark AND our shape is listed; what has a
        hostile id is foreign.  Every ``mark`` that has returned, by
        whomever, is seen.  With ``image_ids``: every copy and variant of
        these, read afresh, and nothing else.

        :raises StoreUnavailable: when any part of the store cannot be read;
            a partial list is never given.
        """

    @abc.abstractmethod
    def evict(self, image: CachedImage, alive: Alive = always) -> int | None:
        """Remove that very object; gone already is success.

        Mark and shape are checked again, and a backend that sees users looks
        for them once more.  Then, as the very last, ``check_claimed`` is
        called with the labels as they are now: under whatever makes the
        removal one step (a lock, a transaction), so that no label comes
        between.  Where nothing does, ``alive`` is asked just before the
        request leaves, however long that was prepared: a process may stand
        still anywhere, and while it does its claim ends and others are
        granted the image.  A removal that may outlive this call, or takes
        longer than three minutes, shows as ``busy`` until it ended.

        ``alive`` tells if the caller's claim still counts, by the strictest
        of its clocks; it costs nothing and needs no backend.

        :returns: bytes that are free now; None: they will be later; 0:
            that object was gone.
        :raises ImageInUse: when it has a user; nothing was removed.
        :raises ImageBusy: when an operation is on it, or as of
            ``check_claimed``; nothing was removed.
        :raises StoreBusy: when its store takes no removals at present, for
            whatever image; nothing was removed.
        :raises Cancelled: when it did not begin in time and was taken back.
        :raises Uncertain: when it may be removed, or may yet be.
        :raises Unfinished: the same, and there is no use in waiting: that
            was done here, as long as is worth it.
        :raises NotUnderstood: the same, for the answer was none.
        :raises Undeletable: when the backend refuses to remove this one,
            now and later; nothing was removed.
        """

    @abc.abstractmethod
    def mark(
        self,
        image: CachedImage,
        add: Iterable[str] = (),
        remove: Iterable[str] = (),
    ) -> None:
        """Add each label to that object, THEN remove each.

        Adding what is there and removing what is not are no errors; labels
        of others, written at the same time, stay.  Labels belong to the
        object, not to its name: one added again later has none.  What is
        foreign is left as it is.

        :raises ImageNotFound: when that object is gone.
        :raises Uncertain: when the reply was lost.
        """

    # Optional: overriding is declaring.

    def evict_many(
        self, images: Sequence[CachedImage], in_time: Alive
    ) -> Iterable[int | None | CacheError]:
        """Remove each of these objects of one store, as ``evict`` does.

        One result for each, in their order, told as soon as it is known:
        what ``evict`` returns, or the error that it raises.  No removal
        begins once ``in_time`` says no, which it goes on to say; an image
        whose turn had not come by then is ``ImageBusy``.  A handler whose
        removals need more time than that leaves says ``TooLate`` of an
        image, which is put off to a claim of its own.  ``in_time`` costs
        nothing, and stands for the ``alive`` of each.  Between two results
        no other method is called: what the next one needs may be held.

        What is raised instead stands for every image that had no result
        yet: ``StoreUnavailable`` promises that nothing was changed in any
        of these, another error promises nothing.

        An iterator that is closed before its last result begins no more,
        and lets go of what it holds once what it began is over.  What was
        told stays so; each of the others may be done or not.
        """
        raise NotSupported('evict images together')

    def mark_many(
        self,
        images: Sequence[CachedImage],
        add: Iterable[str] = (),
        remove: Iterable[str] = (),
    ) -> Iterable[CacheError | None]:
        """Relabel each of these objects of one store, as ``mark`` does.

        One result for each, in their order: None, or the error that
        ``mark`` raises.  What is raised stands for those without a result,
        nothing is called between two results, and whoever has no time left
        closes the iterator early, as with ``evict_many``.
        """
        raise NotSupported('label images together')

    def recover(self, store: str) -> None:  # noqa: B027 -- as close()
        """Finish, or put back, what an eviction that died has left.

        Every sweep and every ``apply`` begins with that, a plan never.  An
        eviction that still runs, of whatever process or host, is left to
        it.

        :raises StoreUnavailable: when that cannot be told; nothing is then
            done in the store.
        """

    def stores(self) -> Iterable[Store]:
        """List the stores; by default one of unknown size."""
        return [Store(name='default')]

    def key(self, image_id: str) -> str:
        """Give an image id as this backend lists it; by default itself.

        An id that is listed is its own key.
        """
        return image_id

    def check_labels(  # noqa: B027 -- few refuse any
        self, image_id: str, labels: Iterable[str]
    ) -> None:
        """Refuse labels that ``add`` would refuse, before room is made.

        It asks no backend.  By default any will do.

        :raises Unsupported: when the image could not be added with these.
        """

    def room(self, meta: ImageMeta, store: str) -> int:
        """Tell how many bytes an image will take there, once converted."""
        raise NotSupported('tell how much room an image takes')

    def add(
        self,
        meta: ImageMeta,
        content: BinaryIO,
        store: str,
        labels: Iterable[str] = (),
    ) -> CachedImage:
        """Cache an image; it is listed only once whole and labelled.

        :raises ImageExists: when the store holds the image.
        :raises Unsupported: when this backend cannot hold it.
        """
        raise NotSupported('add images')

    def staging(self, store: str) -> str | None:
        """Name the folder of this host for images on their way in.

        ``add`` need not copy what lies there.  By default none: then any
        folder will do.
        """
        return None

    def reserve(self, reservation: Reservation) -> None:
        """Put room in a store on record, in place of that token's earlier.

        Everybody who asks for ``reservations`` afterwards, on whatever host,
        sees it; nothing of it is ever listed as an image.  This one,
        ``reservations`` and ``unreserve`` may be called at any time, also
        from a thread beside an ``add`` in the same store.

        :raises Unsupported: when no image of that id can be held here.
        :raises NoRoom: when there is not even room for that.
        """
        raise NotSupported('reserve room')

    def reservations(self, store: str) -> Iterable[Reservation]:
        """List the room that is reserved in a store, by whomever.

        Every ``reserve`` that has returned is seen; those that expired are
        listed for at least a day, or until they are given back.
        """
        raise NotSupported('reserve room')

    def unreserve(self, reservation: Reservation) -> None:
        """Give the room of that token back; none there is no error."""
        raise NotSupported('reserve room')

    def content(
        self, image: CachedImage
    ) -> contextlib.AbstractContextManager[BinaryIO]:
        """Give the bytes of that very object, as ``add`` has taken them.

        :raises ImageNotFound: when that object is gone.
        :raises Unsupported: when they cannot be had of this one.
        """
        raise NotSupported('read images')

    def altered(self, store: str) -> Iterable[CachedImage]:
        """List what was an image, and by its object now is another thing.

        It is foreign, so that ``enumerate`` lists none of it.  ``unknown``
        says what was done to it, and what to do about that.  By default
        nothing: few backends keep what they know of an image apart from it.
        """
        return ()

    def quarantine(self, image: CachedImage, alive: Alive = always) -> str:
        """Put that object where nothing new is made of it; tell where.

        It obliges to all that ``evict`` does, but its bytes stay, for
        people to look at.  What ``evict`` raises, this raises.

        :raises ImageNotFound: when that object is gone.
        """
        raise NotSupported('set images aside')

    def debris(self, store: str) -> Iterable[Debris]:
        """List what broken operations of ours left, and nothing else.

        What an operation that still runs has made is not debris.
        """
        raise NotSupported('find debris')

    def clean(self, debris: Debris) -> int | None:
        """Remove debris, after checking once more that it is debris.

        :returns: bytes that are free now; None: they will be later; 0: it
            was gone, or is not debris (any more).
        """
        raise NotSupported('clean debris')

    def remarks(self, store: str) -> Iterable[str]:
        """Say, for people, what the last ``enumerate`` there looked at.

        First how much that was, then each thing that it could not tell and
        what to do about it; by default nothing.
        """
        return ()

    def record_host(self, store: str) -> None:  # noqa: B027 -- as close()
        """Have others see that this host evicts there, and where it looks.

        Every sweep begins with that; what has not changed is not written
        again.
        """

    def hosts(self, store: str) -> Iterable[Host]:
        """List the hosts that evict there, and what each of them looks at.

        Nothing goes while one of them looks where this host does not: what
        it sees would not be seen.
        """
        raise NotSupported('tell which hosts evict')

    def forget_host(self, store: str, name: str) -> bool:
        """Strike a host that is gone for good off; False: it is not there.

        One that is not gone is on record again as soon as it changes
        anything in the store.
        """
        raise NotSupported('tell which hosts evict')

    def accept_host(self, store: str) -> None:
        """Take what this host sees now for all that it is to see."""
        raise NotSupported('tell which hosts evict')

    def close(self) -> None:  # noqa: B027 -- nothing to close is common
        """Let go of connections; may be called more than once."""

    # Given: these only write labels, with one mark() at most.

    @final
    def age(
        self, image: CachedImage, *, used: bool, now: datetime.datetime
    ) -> None:
        """Restart the age of an image in use, or start that of an idle one.

        An idle image keeps the age that runs already; a marked image that
        is in use again counts one hit.
        """
        if used:
            relabel = restart_age(image.marks)
        else:
            relabel = start_age(image.marks, now)
        if relabel:
            self.mark(image, relabel.add, relabel.remove)

    @final
    def pin(
        self,
        image: CachedImage,
        owner: str,
        until: datetime.datetime | None = None,
    ) -> None:
        """Write an owner's pin in place of any earlier one of theirs.

        ``ImageCache.pin`` is what grants it.
        """
        label = pin_label(owner, until)
        self.mark(
            image, {label}, image.marks.labels_of('pin', owner) - {label}
        )

    @final
    def unpin(self, image: CachedImage, owner: str) -> None:
        """Remove an owner's pins; those of others stay."""
        pins = image.marks.labels_of('pin', check_owner(owner))
        if pins:
            self.mark(image, (), pins)


def check_claimed(
    image: CachedImage,
    labels: Collection[str],
    alive: Alive = always,
) -> None:
    """Refuse to remove what somebody may have been granted meanwhile.

    ``labels`` are those that the object bears now, ``image`` is what the
    decision was made on.  Another's claim is not a reason: it grants nothing,
    and two that evict would keep each other from it for ever.

    :raises ImageBusy: when it has lost a label, as one that was added again
        has, when a pin or a lease has come, or when the claim is over.
    """
    if why := _why_overtaken(image.marks.labels, frozenset(labels), alive):
        raise ImageBusy(image.image_id, why)


def _why_overtaken(
    seen: frozenset[str], labels: frozenset[str], alive: Alive
) -> str | None:
    if not seen <= labels:
        return 'it has lost a label'
    came = Marks.read(labels - seen)
    if came.labels_of('pin') or came.labels_of('lease'):
        return 'it was held or pinned meanwhile'
    # The last of all: whatever was looked at before took its time.
    return None if alive() else 'its claim ran out of time'


def declares(handler: CacheHandler, ability: str) -> bool:
    """Tell if a handler overrides an optional method."""
    given = getattr(CacheHandler, ability)
    return getattr(type(handler), ability) is not given
