"""Prefetching an image: reserve, make room, fetch, verify, add with a lease.

It is listed only once it was verified, with the lease among the labels that
publish it: no sweep meets it without.
"""

import contextlib

from imagecache_handlers.actions.arrival import count_arrived
from imagecache_handlers.actions.arrival import measure_arrival
from imagecache_handlers.actions.arrival import plan_arrival
from imagecache_handlers.actions.given_hash import compare_hash
from imagecache_handlers.actions.incoming import Incoming
from imagecache_handlers.actions.incoming import Refused
from imagecache_handlers.actions.making_room import RoomMaker
from imagecache_handlers.actions.prefetch_telling import Telling
from imagecache_handlers.actions.prefetch_way import OWNER
from imagecache_handlers.actions.prefetch_way import Way
from imagecache_handlers.actions.prefetched import Got
from imagecache_handlers.actions.prefetched import Prefetched
from imagecache_handlers.actions.publishing import publish_stage
from imagecache_handlers.actions.reserving import LOOKS
from imagecache_handlers.actions.reserving import POLL
from imagecache_handlers.actions.reserving import Reserving
from imagecache_handlers.clocks import Timer
from imagecache_handlers.exceptions import ImageBusy
from imagecache_handlers.exceptions import Stopped
from imagecache_handlers.exceptions import Unsupported
from imagecache_handlers.labels import lease_label
from imagecache_handlers import packed_vhd
from imagecache_handlers.planning.room import Room
from imagecache_handlers.staging.staged_image import Stage
from imagecache_handlers.staging.stopping import sleep_unless

# How often a turn is taken that comes to nothing, and how much of a claim's
# time lies between two of these.
_TURNS = 50
_PART = 10


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
        self._telling = Telling(way.tell, image_id, way.store)

    def describe_result(
        self, did: Got, why: str = '', *, blind: bool = False
    ) -> Prefetched:
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
            blind=blind,
        )

    def lease_copies(self) -> bool:
        """Lease what is there already; False: the image is not.

        :raises ImageBusy: when somebody is about to evict it.
        :raises SourceError: when it has another hash than was given.
        """
        self._doubt = compare_hash(
            self._means.handler, self._way.store, self.key, self._way.source
        )
        return self._way.lease_copies(self.key)

    def fetch_image(self) -> Prefetched:
        """Have the image come in, unless somebody else does.

        Nobody waits for a stage while others wait for its reservation, nor
        for a reservation with a stage in hand.

        :raises ImageBusy: when others have its stage for too long.
        :raises Unsupported: when the lease is none that can be given.
        """
        self._check_lease()
        incoming = plan_arrival(self._way, self._image_id)
        size = measure_arrival(self._way, incoming)
        reserving = Reserving(
            self._means,
            self._way.book,
            self._way.store,
            self.key,
            size,
            lambda: count_arrived(self._way, incoming),
        )
        for _ in range(_TURNS):
            try:
                did = self._fetch_in_turn(incoming, reserving)
            finally:
                reserving.withdraw_record()
            if did is not None:
                return self.describe_result(did)
            self._await_turn()
        why = 'somebody else on this host has it in hand; try later'
        raise ImageBusy(self._image_id, why)

    def _check_lease(self) -> None:
        """Hear of a lease that is refused before anything goes for it."""
        label = lease_label(OWNER, self._way.end_of_lease())
        self._means.handler.check_labels(self._image_id, [label])

    def _await_turn(self) -> None:
        sleep_unless(
            self._means.clocks,
            self._turn_seconds,
            self._way.should_stop,
            self._image_id,
        )

    @property
    def _turn_seconds(self) -> float:
        return self._means.rules.claim_ttl.total_seconds() / _PART

    def _fetch_in_turn(
        self, incoming: Incoming, reserving: Reserving
    ) -> Got | None:
        """Make room and have it come in; None: its turn came to nothing."""
        room = Room()
        for _ in range(LOOKS):
            if not self._take_turn(reserving):
                return Got.EXISTING
            with reserving.keep_renewed():
                room = self._make_room(reserving.size, reserving.token)
                if not room.why:
                    return self._bring_in(incoming, reserving)
            if not room.crowded:
                break
            reserving.give_way(self._way.members, self._pause_unless_stopped)
        raise Refused(room.why, blind=room.blind)

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
                reserving.write_record()
                if reserving.is_alone(self._pause_unless_stopped):
                    # Whoever had it on its way has published it before that
                    # reservation went.
                    return not self.lease_copies()
                reserving.withdraw_record()
            if self.lease_copies():
                return False
            self.go_on_waiting()
            self._means.clocks.sleep(POLL)

    def _pause_unless_stopped(self) -> None:
        self.check_stop()
        self._means.clocks.sleep(POLL)

    def go_on_waiting(self) -> None:
        """Tell that somebody else has it on its way, here or elsewhere.

        :raises Stopped: when they are not to be waited for.
        """
        self.check_stop()
        rules = self._means.rules
        most = (rules.claim_ttl + rules.clock_skew).total_seconds()
        self._telling.tell_waiting(most)

    def check_stop(self) -> None:
        """Raise ``Stopped`` when it is not to go on."""
        if self._way.should_stop():
            why = 'what was fetched is kept for the next time'
            raise Stopped(self._image_id, why)

    def _bring_in(
        self, incoming: Incoming, reserving: Reserving
    ) -> Got | None:
        """Fetch and publish it; None: it is, or may be, somebody else's."""
        with contextlib.ExitStack() as stack:
            try:
                stage = stack.enter_context(
                    self._way.stages.open_stage(
                        incoming.meta, False, self._way.should_stop
                    )
                )
            except ImageBusy:
                self._telling.tell_waiting(self._turn_seconds, here=True)
                return None
            self._prepare_stage(stage, incoming, reserving)
            # One that ended may have been taken over, and the room as well.
            if not reserving.is_alive():
                return None
            did = publish_stage(self._way, self.key, stage)
            stage.drop()
        return did

    def _prepare_stage(
        self, stage: Stage, incoming: Incoming, reserving: Reserving
    ) -> None:
        """Fetch, verify, inspect and convert, out of everybody's sight."""
        size = incoming.meta.size
        self._telling.tell_begin(size)
        # Some of what lay there may not have been taken up.
        self._tell_staged(reserving)
        fetched = stage.fetch_image(
            self._way.source,
            self._telling.tell_progress(
                size, lambda: self._tell_staged(reserving)
            ),
            self._way.should_stop,
        )
        if not self._tries:
            # What a later turn finds, this one has fetched.
            self._found = fetched.found
        self._size = size
        self._tries += fetched.tries
        try:
            self._make_listable(stage, incoming)
        except Unsupported as error:
            stage.drop()
            raise Refused(error.why) from error
        self.check_stop()

    def _make_listable(self, stage: Stage, incoming: Incoming) -> None:
        """Unpack, inspect and convert what was fetched."""
        should_stop = self._way.should_stop
        if incoming.meta.disk_format == packed_vhd.FORMAT:
            stage.unpack_image(incoming.stored.size, should_stop)
        stage.inspect_image()
        if incoming.convert_to is not None:
            stage.convert_image(incoming.convert_to, should_stop=should_stop)

    def _tell_staged(self, reserving: Reserving) -> None:
        """Have the reservation say what is still to come.

        What lies in the store is not to be kept free for it as well.
        """
        if self._way.staged_there:
            reserving.renew_record()
