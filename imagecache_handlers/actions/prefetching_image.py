"""Prefetching an image: reserve, make room, fetch, verify, add with a lease.

It is listed only once it was verified, with the lease among the labels that
publish it: no sweep meets it without.
"""

from collections.abc import Callable
import dataclasses
import datetime
import logging

from imagecache_handlers.actions.describing import describe_image
from imagecache_handlers.actions.given_hash import compare_hash
from imagecache_handlers.actions.holding import Granter
from imagecache_handlers.actions.incoming import Incoming
from imagecache_handlers.actions.incoming import plan_incoming
from imagecache_handlers.actions.incoming import Refused
from imagecache_handlers.actions.making_room import RoomMaker
from imagecache_handlers.actions.means import Means
from imagecache_handlers.actions.prefetched import Began
from imagecache_handlers.actions.prefetched import Got
from imagecache_handlers.actions.prefetched import Prefetched
from imagecache_handlers.actions.prefetched import Progress
from imagecache_handlers.actions.prefetched import Tell
from imagecache_handlers.actions.prefetched import Waiting
from imagecache_handlers.actions.reserving import Book
from imagecache_handlers.actions.reserving import LOOKS
from imagecache_handlers.actions.reserving import POLL
from imagecache_handlers.actions.reserving import Reserving
from imagecache_handlers.actions.terms import Terms
from imagecache_handlers.clocks import add_span
from imagecache_handlers.clocks import Timer
from imagecache_handlers.exceptions import ImageExists
from imagecache_handlers.exceptions import Stopped
from imagecache_handlers.exceptions import Unsupported
from imagecache_handlers.labels import lease_label
from imagecache_handlers.labels import Marks
from imagecache_handlers.labels import read_time
from imagecache_handlers.labels import Relabel
from imagecache_handlers.labels import sha256_label
from imagecache_handlers.model import CachedImage
from imagecache_handlers.planning.room import Room
from imagecache_handlers.source import RangedSource
from imagecache_handlers.staging.stage import Stages
from imagecache_handlers.staging.staged_image import Stage

LOG = logging.getLogger(__name__)

OWNER = 'prefetch'
# How long a lease is waited for on an image that somebody may evict.
_PATIENCE = datetime.timedelta(minutes=1)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """How images come into one store.

    ``staged_there``: what is on its way lies in the store itself.
    """

    means: Means
    book: Book
    store: str
    members: tuple[str, ...]
    stages: Stages
    staged_there: bool
    source: RangedSource
    ttl: datetime.timedelta
    terms: Terms
    tell: Tell

    def should_stop(self) -> bool:
        return self.terms.should_stop()


class ImagePrefetch:
    """One image that is to come into one store."""

    def __init__(self, way: Way, image_id: str, key: str) -> None:
        self._way = way
        self._means = way.means
        self._image_id = image_id
        self.key = key
        self._timer = Timer(way.means.clocks)
        self._size = self._found = 0
        self._tries = 0
        self._doubt = ''
        self._is_waiting = False

    def describe(self, did: Got, why: str = '') -> Prefetched:
        """Give the result of all that was done up to now."""
        return Prefetched(
            image_id=self._image_id,
            store=self._way.store,
            did=did,
            why=self._doubt if did is Got.EXISTING else why,
            size=self._size,
            found=self._found,
            seconds=self._timer.elapsed.total_seconds(),
            tries=self._tries,
        )

    def lease_copies(self) -> bool:
        """Lease what is there already; False: the image is not.

        :raises ImageBusy: when somebody is about to evict it.
        :raises SourceError: when it has another hash than was given.
        """
        self._doubt = compare_hash(
            self._means.handler, self._way.store, self.key, self._way.source
        )
        granter = Granter.start_now(self._means, _PATIENCE)
        held = granter.lease_copies(
            self._way.store,
            self.key,
            OWNER,
            self._way.ttl,
            self._replace_leases,
        )
        return any(not one.variant for one in held)

    def _replace_leases(self, marks: Marks) -> Relabel:
        """Take off what ends earlier; a longer lease stays."""
        end = self._end_of_lease()
        ended = {
            label
            for label in marks.labels_of('lease', OWNER)
            if (at := read_time(label.rpartition('.')[2])) and at <= end
        }
        return Relabel(remove=frozenset(ended))

    def _end_of_lease(self) -> datetime.datetime:
        return add_span(self._means.clocks.now(), self._way.ttl)

    def fetch_image(self) -> Prefetched:
        """Have the image come in, unless somebody else does."""
        incoming = self._plan_incoming()
        way = self._way
        size = self._measure_size(incoming)
        reserving = Reserving(self._means, way.book, way.store, self.key, size)
        room = Room()
        try:
            for _ in range(LOOKS):
                if not self._take_turn(reserving):
                    return self.describe(Got.EXISTING)
                with reserving.renewed():
                    room = self._make_room(size, reserving.token)
                    if not room.why:
                        return self._bring_in(incoming, reserving)
                if not room.crowded:
                    break
                reserving.give_way(way.members, self._pause)
        finally:
            reserving.withdraw()
        raise Refused(room.why)

    def _plan_incoming(self) -> Incoming:
        way = self._way
        meta = describe_image(
            way.source,
            self._image_id,
            way.stages.limits,
            self._means.clocks,
            way.should_stop,
        )
        return plan_incoming(self._means.handler, way.source, meta)

    def _measure_size(self, incoming: Incoming) -> int:
        size = incoming.measure_room(self._means.handler, self._way.store)
        return size + self._way.staged_there * incoming.staged_size

    def _make_room(self, size: int, token: str) -> Room:
        way = self._way
        maker = RoomMaker(
            means=self._means,
            book=way.book,
            members=way.members,
            token=token,
        )
        room = maker.make_room(size, way.terms)
        self.check_stop()
        return room

    def _take_turn(self, reserving: Reserving) -> bool:
        """Wait until nobody else has the image on its way; False: it came."""
        while True:
            # Only reading, for as long as somebody is at it.
            if not reserving.has_rivals():
                reserving.write()
                if reserving.is_alone(self._pause):
                    # Whoever had it on its way has published it before that
                    # reservation went.
                    return not self.lease_copies()
                reserving.withdraw()
            if self.lease_copies():
                return False
            self._tell_waiting()
            self._pause()

    def _tell_waiting(self) -> None:
        """Tell once that somebody is waited for, and how long at most."""
        rules = self._means.rules
        most = (rules.claim_ttl + rules.clock_skew).total_seconds()
        if not self._is_waiting:
            self._is_waiting = True
            waiting = Waiting(
                image_id=self._image_id, store=self._way.store, most=most
            )
            self._way.tell(waiting)

    def _pause(self) -> None:
        self.check_stop()
        self._means.clocks.sleep(POLL)

    def check_stop(self) -> None:
        """Raise ``Stopped`` when it is not to go on."""
        if self._way.should_stop():
            why = 'what was fetched is kept for the next time'
            raise Stopped(self._image_id, why)

    def _bring_in(
        self, incoming: Incoming, reserving: Reserving
    ) -> Prefetched:
        way = self._way
        began = Began(
            image_id=self._image_id, store=way.store, size=incoming.meta.size
        )
        way.tell(began)
        with way.stages.open_stage(
            incoming.meta, should_stop=way.should_stop
        ) as stage:
            self._prepare(stage, incoming)
            # One that ended may have been taken over meanwhile.
            if reserving.alive() or self._take_turn(reserving):
                did = self._publish(stage)
            else:
                did = Got.EXISTING
            stage.drop()
        return self.describe(did)

    def _prepare(self, stage: Stage, incoming: Incoming) -> None:
        """Fetch, verify, inspect and convert, out of everybody's sight."""
        fetched = stage.fetch_image(
            self._way.source,
            self._tell_progress(incoming.meta.size),
            self._way.should_stop,
        )
        self._size, self._tries = incoming.meta.size, fetched.tries
        self._found = fetched.found
        try:
            stage.inspect_image()
            if incoming.convert_to is not None:
                stage.convert_image(
                    incoming.convert_to, should_stop=self._way.should_stop
                )
        except Unsupported as error:
            stage.drop()
            raise Refused(error.why) from error
        self.check_stop()

    def _tell_progress(self, size: int) -> Callable[[int], object]:
        def tell(done: int) -> None:
            progress = Progress(
                image_id=self._image_id,
                store=self._way.store,
                done=done,
                size=size,
            )
            self._way.tell(progress)

        return tell

    def _publish(self, stage: Stage) -> Got:
        """Add what was verified, with its lease; unless it came meanwhile."""
        with stage.open_content() as (meta, content, sha256):
            timer = Timer(self._means.clocks)
            labels = {
                lease_label(OWNER, self._end_of_lease()),
                sha256_label(sha256),
            }
            try:
                added = self._means.handler.add(
                    meta, content, self._way.store, labels
                )
            except ImageExists:
                # Ours by now, or a foreign object of that name.
                if self.lease_copies():
                    return Got.EXISTING
                raise
        self._keep_lease(added, timer)
        return Got.CACHED

    def _keep_lease(self, added: CachedImage, timer: Timer) -> None:
        """Renew the lease of what took long to be added."""
        if timer.elapsed > self._way.ttl / 2 and not self.lease_copies():
            LOG.warning('Image %s went as it came', added.image_id)
