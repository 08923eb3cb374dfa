"""Retiring: which cached images the image service gives out no more."""

from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Mapping
import logging

from imagecache_handlers.actions.guard import call_safely
from imagecache_handlers.actions.means import Means
from imagecache_handlers.exceptions import CacheError
from imagecache_handlers.model import CachedImage
from imagecache_handlers.model import Evidence
from imagecache_handlers.model import Retired

LOG = logging.getLogger(__name__)

# Gives those of these ids that are retired; what it leaves out is not.
AskRetired = Callable[[Collection[str]], Mapping[str, Retired]]


class Retirements:
    """Asks the image service of what is cached, whenever a plan is made.

    Where a backend lists images by other names than their ids, those are
    asked of whose ids were heard: evidence names them, now or for an earlier
    plan, or a pattern does that protects one.

    An answer that fails is none: nothing is retired then.
    """

    def __init__(self, ask: AskRetired) -> None:
        self._ask = ask
        self._heard: dict[str, str] = {}

    def find_retired(
        self, means: Means, images: Iterable[CachedImage], evidence: Evidence
    ) -> dict[str, Retired]:
        """Give what is retired, by the names that the backend lists."""
        self._hear_ids(means, evidence)
        listed = {one.image_id for one in images}
        self._heard = {
            key: one for key, one in self._heard.items() if key in listed
        }
        keys = {self._heard.get(key, key): key for key in listed}
        if not keys:
            return {}
        try:
            said = call_safely(lambda: self._ask(keys.keys()))
        except CacheError as error:
            LOG.warning('Nothing counts as deleted or deactivated: %s', error)
            return {}
        return {keys[one]: how for one, how in said.items() if one in keys}

    def _hear_ids(self, means: Means, evidence: Evidence) -> None:
        self._heard |= means.rules.protected.exact
        for image_id in evidence.users:
            self._heard[means.handler.key(image_id)] = image_id
