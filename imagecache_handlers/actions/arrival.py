"""Arrival of an image: as what it comes, and how much room that takes."""

from imagecache_handlers.actions.describing import ask_patiently
from imagecache_handlers.actions.describing import describe_image
from imagecache_handlers.actions.incoming import Incoming
from imagecache_handlers.actions.incoming import plan_incoming
from imagecache_handlers.actions.prefetch_way import Way


def plan_arrival(way: Way, image_id: str) -> Incoming:
    """Ask what an image is, and decide as what it comes.

    :raises Refused: when nobody can tell how large it will be.
    :raises SourceError: when it cannot be had.
    :raises Stopped: when it is not to go on.
    :raises StoreUnavailable: when it cannot be staged.
    :raises Unsupported: when it is too large by what is announced, or by
            what its first bytes tell.
    """
    limits, clocks = way.stages.limits, way.means.clocks
    meta = describe_image(
        way.source, image_id, limits, clocks, way.should_stop
    )
    # Before anything goes for it.
    way.stages.check_image(meta)
    incoming = ask_patiently(
        lambda: plan_incoming(
            way.means.handler, way.source, meta, way.should_stop
        ),
        image_id,
        limits,
        clocks,
        way.should_stop,
    )
    # By now its first bytes may have told how large the disk in it is.
    way.stages.check_image(incoming.stored)
    return incoming


def measure_arrival(way: Way, incoming: Incoming) -> int:
    """Tell how many bytes of room it takes at the most, until it is added."""
    size = incoming.measure_room(way.means.handler, way.store)
    size += way.staged_there * incoming.staged_size
    return size + way.staged_beside * incoming.size_beside


def count_arrived(way: Way, incoming: Incoming) -> int:
    """Tell how many of its bytes take room in the store already."""
    if not way.staged_there:
        return 0
    return incoming.count_staged(way.stages.folder)
