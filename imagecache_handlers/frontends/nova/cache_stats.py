"""Cache stats: what Nova's scheduler is told of the images of this host.

Nova asks for it each minute: no backend is called then.
"""

from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Iterator
from collections.abc import Mapping
import contextlib
import logging
import threading
from typing import Any
from typing import TYPE_CHECKING

# The rest is loaded once the cache is used: Nova shall start no slower.
if TYPE_CHECKING:
    from imagecache_handlers.actions.report import Outcome
    from imagecache_handlers.actions.report import Report
    from imagecache_handlers.actions.stores import Inventory
    from imagecache_handlers.frontends.nova.seen_images import SeenImages

LOG = logging.getLogger(__name__)


class CacheStats:
    """Adds what is cached, and what is on its way, to the stats of a host.

    ``one_store``: of all stores only that whose size Nova reports.
    """

    def __init__(self, *, one_store: bool = False) -> None:
        self._one_store = one_store
        self._making = threading.Lock()
        self._made: SeenImages | None = None
        self._chosen: str | None = None

    @property
    def _seen(self) -> 'SeenImages':
        from imagecache_handlers.frontends.nova.seen_images import SeenImages

        with self._making:
            self._made = self._made or SeenImages()
            return self._made

    def start_look(self, look: 'Callable[[], Inventory]') -> threading.Thread:
        """Have a thread look what there is; what fails there is logged."""
        thread = threading.Thread(
            target=self._look, args=[look], name='imagecache-look', daemon=True
        )
        thread.start()
        return thread

    def _look(self, look: 'Callable[[], Inventory]') -> None:
        from imagecache_handlers.clocks import utc_now
        from imagecache_handlers.frontends.nova.seen_images import Look

        began = utc_now()
        try:
            found = look()
        # Whatever the backend raises: the first sweep looks again.
        except Exception as error:
            LOG.warning('What is cached is not told yet: %s', error)
            return
        self._seen.learn_look(
            Look(
                at=began,
                stores=found.stores,
                images=found.images,
                problems=found.problems,
            )
        )

    def learn_report(self, report: 'Report') -> None:
        """Learn what a sweep saw, and what it left."""
        from imagecache_handlers.frontends.nova.seen_images import is_gone
        from imagecache_handlers.frontends.nova.seen_images import Look

        plan = report.plan
        gone = {
            one.verdict.image.identity
            for one in filter(is_gone, report.outcomes)
        }
        images = [one.image for one in plan.verdicts]
        self._seen.learn_look(
            Look(
                at=plan.now,
                stores=report.after or plan.stores,
                images=[one for one in images if one.identity not in gone],
                problems=plan.problems,
            )
        )

    def learn_outcome(self, outcome: 'Outcome') -> None:
        """Learn of an image that goes, before its sweep has ended."""
        self._seen.learn_outcome(outcome)

    @contextlib.contextmanager
    def arriving(
        self, image_ids: Collection[str], *, everywhere: bool = False
    ) -> Iterator[None]:
        """Tell images to be coming, and cached if nothing is raised.

        ``everywhere``: in each store, and not where Nova boots from now.
        """
        from imagecache_handlers.clocks import utc_now

        self._seen.expect_images(image_ids)
        try:
            yield
            store = None if everywhere else self._chosen
            self._seen.learn_arrivals(image_ids, store, utc_now())
        finally:
            self._seen.end_expecting(image_ids)

    def add_stats(self, resources: Any) -> Any:
        """Give the resources of a node with what is cached in their stats.

        They are left as they are where nothing is known yet, where there is
        no such node, and where their stats are none that can be added to.
        """
        if not isinstance(resources, Mapping) or not resources:
            return resources
        given = resources.get('stats') or {}
        if not isinstance(given, Mapping):
            return resources
        try:
            told = self.write_stats(resources)
        # A host shall have its resources whatever is wrong with its cache.
        except Exception:
            LOG.exception('What is cached is not told')
            return resources
        return {**resources, 'stats': {**given, **told}} if told else resources

    def write_stats(self, resources: Mapping[str, Any]) -> dict[str, str]:
        """Write what is cached, in at most 8 KiB; empty: it is not known."""
        from imagecache_handlers.frontends.fleet.digest import make_digest
        from imagecache_handlers.frontends.fleet import stats

        seen = self._seen
        if seen.as_of is None:
            return {}
        if self._one_store:
            self._chosen = _choose_store(seen, resources)
            if self._chosen is None:
                return {}
        images, coming = seen.list_images(self._chosen)
        digest = make_digest(images, coming, generation=0, as_of=seen.as_of)
        return stats.write_stats(digest)


def _choose_store(
    seen: 'SeenImages', resources: Mapping[str, Any]
) -> str | None:
    from imagecache_handlers.frontends.nova.seen_images import choose_store

    total, used = resources['local_gb'], resources['local_gb_used']
    return choose_store(seen.stores, total, total - used)
