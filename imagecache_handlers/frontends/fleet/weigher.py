"""Weigher: has Nova's scheduler prefer hosts that have cached the image.

Nova loads it by its full path, which stands in ``[filter_scheduler]
weight_classes``; nothing else imports this module, for it imports Nova.
"""

from collections.abc import Sequence
import datetime
import logging
import math
from typing import Any

import nova.conf
from nova.scheduler import utils
from nova.scheduler import weights

from imagecache_handlers.clocks import utc_now
from imagecache_handlers.frontends.fleet.locality import Place
from imagecache_handlers.frontends.fleet.locality import score_places
from imagecache_handlers.frontends.fleet import opts
from imagecache_handlers.frontends.fleet.stats import read_stats

LOG = logging.getLogger(__name__)

_CONF = nova.conf.CONF
opts.register_opts(_CONF)
_MULTIPLIER = 'image_locality_weight_multiplier'
# Where objects of Nova keep it once they know it: of some servers the
# scheduler knows the id only, and would read the rest from the database.  To
# ask whether it is known takes them a microsecond, and a host has a hundred.
_IMAGE = '_obj_image_ref'
_UNKNOWN = 'unknown'
# A crowd comes within so long; servers that were there before are none.
_NEW = datetime.timedelta(hours=1)


class ImageLocalityWeigher(weights.BaseHostWeigher):  # type: ignore[misc]
    """Weighs hosts by what they told of their cached images.

    A server that boots from a volume, or whose image has no id, is worth the
    same everywhere: 0.  So is every host that told nothing, or nonsense.
    """

    # Without these Nova would make 1.0 of the best, however little it helps.
    minval = 0.0
    maxval = 1.0

    def weight_multiplier(self, host_state: Any) -> float:
        """Give what the host's aggregates say, else the option.

        What is no finite number says nothing: times 0 it would be none, and
        so the sum of all weighers.
        """
        option = _finite(_CONF[opts.GROUP][_MULTIPLIER], 0.0)
        told = utils.get_weight_multiplier(host_state, _MULTIPLIER, option)
        return _finite(float(told), option)

    def weigh_objects(
        self, weighed_obj_list: Sequence[Any], weight_properties: Any
    ) -> list[float]:
        """Weigh all hosts at once: how many have the image counts, too."""
        nothing = [0.0] * len(weighed_obj_list)
        try:
            image = _wanted_image(weight_properties)
            if image is None:
                return nothing
            now = utc_now()
            places = [
                _describe_host(one.obj, image[0], now)
                for one in weighed_obj_list
            ]
            return score_places(places, *image, now=now, max_age=_age())
        # No server shall be without a host for the sake of a cache.
        except Exception:
            LOG.exception('No host is weighed by its cached images')
            return nothing

    def _weigh_object(self, obj: Any, weight_properties: Any) -> float:
        """Weigh one host as the only one there is; Nova asks for it."""
        [weight] = self.weigh_objects(
            [weights.WeighedHost(obj, 0.0)], weight_properties
        )
        return weight


def _finite(number: float, otherwise: float) -> float:
    return number if math.isfinite(number) else otherwise


def _age() -> datetime.timedelta:
    seconds = _CONF[opts.GROUP].digest_max_age_seconds
    return datetime.timedelta(seconds=seconds)


def _wanted_image(request: Any) -> tuple[str, int | None] | None:
    """Give the id and size of what is to be booted; None: no image is."""
    if 'is_bfv' in request and request.is_bfv:
        return None
    image = request.image if 'image' in request else None
    if image is None or 'id' not in image or not image.id:
        return None
    size = image.size if 'size' in image else None
    return str(image.id), size


def _describe_host(state: Any, image_id: str, now: datetime.datetime) -> Place:
    digest = read_stats(state.stats)
    is_told = digest is not None and digest.names_image(image_id)
    return Place(
        digest=digest,
        io_ops=int(state.num_io_ops or 0),
        servers=int(state.num_instances or 0),
        # Elsewhere it is of no account, and takes its time.
        fresh=_count_fresh(state, image_id, now - _NEW) if is_told else None,
        memory=int(state.total_usable_ram_mb or 0),
    )


def _count_fresh(
    state: Any, image_id: str, since: datetime.datetime
) -> int | None:
    """Count the servers of an image that came since; None: Nova cannot tell.

    Computes tell the scheduler of a server when it is built.  Before that it
    is known by their number only, and taken for one of this image; what is
    known by its id only is old.
    """
    if not _CONF.filter_scheduler.track_instance_changes:
        return None
    # Computes may tell of others meanwhile, in another thread.
    known = list(state.instances.values())
    unbuilt = int(state.num_instances or 0) - len(known)
    images = [getattr(one, _IMAGE, _UNKNOWN) for one in known]
    # Of the first server that a host tells of, Nova keeps the id only.
    first = images.count(_UNKNOWN) == 1
    return (max(0, unbuilt) + first) + sum(
        _is_fresh(one, since)
        for one, image in zip(known, images, strict=True)
        if image == image_id
    )


def _is_fresh(server: Any, since: datetime.datetime) -> bool:
    launched = server.launched_at if 'launched_at' in server else None
    return launched is None or launched > since
