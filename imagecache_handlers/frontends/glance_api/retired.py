"""Retired: the images that Glance says are deleted or deactivated."""

from collections.abc import Callable
from collections.abc import Collection
import dataclasses
import logging
import re
import time

from oslo_config import cfg

from imagecache_handlers.exceptions import ConfigurationError
from imagecache_handlers.exceptions import ImageServiceUnavailable
from imagecache_handlers.frontends.glance_api.connection import Asked
from imagecache_handlers.frontends.glance_api.connection import Connection
from imagecache_handlers.frontends.glance_api import judging
from imagecache_handlers.frontends.glance_api.side_by_side import call_together
from imagecache_handlers.model import Retired
from imagecache_handlers.sources.login_loading import load_login
from imagecache_handlers.sources.services import GLANCE

LOG = logging.getLogger(__name__)

# What else images are called here, a name for one, Glance never heard of.
_UUID = re.compile(r'[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}')
# More than any host caches; nobody waits longer for what only changes an
# order, nor for one answer.
_MOST = 5000
_SECONDS = 60.0
_TIMEOUT = 10.0
# A few wait for each other's answers no longer than for their own.
_THREADS = 4
_FEW = 8


class GlanceRetired:
    """Which images are retired, asked of Glance whenever it is called.

    Each is asked for by its id, and once more if it is not found: of several
    that answer as one Glance, one may lag.  What is not found either time
    counts as deleted only if, before and after, Glance showed private images
    of two projects, as it does to administrators alone, and if it found at
    least as many.

    :raises ImageServiceUnavailable: when one answer is not Glance's, or all
        take too long.
    """

    def __init__(
        self, glance: Asked, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._glance = glance
        self._clock = clock

    def __call__(self, image_ids: Collection[str]) -> dict[str, Retired]:
        asked = sorted(filter(_UUID.fullmatch, image_ids))
        if len(asked) > _MOST:
            LOG.warning(
                'Glance is asked for %s of %s images', _MOST, len(asked)
            )
        if not asked:
            return {}
        # First of all, for it proves that this is a Glance as well.
        sees_all = judging.sees_all(self._glance.list_private())
        statuses = self._look_up_twice(asked[:_MOST])
        return judging.judge_images(
            statuses, believes_missing=self._is_proven(statuses, sees_all)
        )

    def _look_up_twice(self, image_ids: Collection[str]) -> judging.Statuses:
        end = self._clock() + _SECONDS
        first = self._look_up_all(image_ids, end)
        missing = [one for one, status in first.items() if status is None]
        return {**first, **self._look_up_all(missing, end)}

    def _look_up_all(
        self, image_ids: Collection[str], end: float
    ) -> judging.Statuses:
        def look_up(image_id: str) -> str | None:
            if self._clock() > end:
                why = f'{len(image_ids)} images take it over {_SECONDS:g} s'
                raise ImageServiceUnavailable('Glance', why)
            return self._glance.look_up(image_id)

        threads = _THREADS if len(image_ids) > _FEW else 1
        found = call_together(look_up, image_ids, threads)
        return dict(zip(image_ids, found, strict=True))

    def _is_proven(self, statuses: judging.Statuses, sees_all: bool) -> bool:
        """Tell if what was not found is deleted, and if not, why."""
        missing = judging.count_missing(statuses)
        if not missing:
            return False
        # Who may see less by now may have done so half-way.
        if not sees_all or not judging.sees_all(self._glance.list_private()):
            why = (
                'it shows no private images of two projects, as it would to '
                'an administrator'
            )
        elif not judging.knows_enough(statuses):
            why = f'it finds no more than {len(statuses) - missing}'
        else:
            return True
        LOG.warning(
            'What Glance does not find (%s of %s images) does not count as '
            'deleted: %s',
            missing,
            len(statuses),
            why,
        )
        return False


def load_retired(conf: cfg.ConfigOpts) -> GlanceRetired:
    """Give what asks the Glance that ``[imagecache_glance]`` describes.

    Nobody is asked anything yet.

    :raises ConfigurationError: when an option is missing or of no use.
    """
    login = load_login(conf, GLANCE)
    if not (login.endpoint or login.region_name):
        # Of several regions any would be asked, and each has images that
        # the others have not.
        raise ConfigurationError(
            f'set [{GLANCE.group}] region_name, or endpoint: another '
            f"region's Glance knows nothing of the images of this one"
        )
    timeout = min(login.options.timeout, _TIMEOUT)
    options = dataclasses.replace(login.options, timeout=timeout)
    return GlanceRetired(
        Connection(dataclasses.replace(login, options=options))
    )
