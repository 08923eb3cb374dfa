"""Manager: the image cache of a virt driver, in the shape of Nova's own.

It is what a driver has for ``image_cache_manager``, and what its
``manage_image_cache`` and ``cache_image`` call.
"""

from collections.abc import Callable
import contextlib
import logging
import os
import threading
from typing import Any
from typing import TYPE_CHECKING

from imagecache_handlers.frontends.nova.lending import lend_resources
from imagecache_handlers.frontends.nova.lending import read_option
from imagecache_handlers.frontends.nova.stopping import StoppableWork

# The rest is loaded once the cache is used: Nova shall start no slower.
if TYPE_CHECKING:
    import datetime

    from imagecache_handlers.actions.report import Outcome
    from imagecache_handlers.actions.report import Report
    from imagecache_handlers.frontends.nova.answers import InstanceAnswers
    from imagecache_handlers.frontends.nova.image_api import ImageApi
    from imagecache_handlers.frontends.nova.opening import OpenedCache
    from imagecache_handlers.frontends.nova.telling import Teller

LOG = logging.getLogger(__name__)

# Of the 20 seconds that Nova keeps for its driver when the service ends.
_PATIENCE = 15


class ImageCacheManager:
    """Keeps the image cache of a host, or of what its driver reaches.

    ``conf`` is Nova's own ConfigOpts; nothing is read from it, and no
    handler is loaded, before the cache is used.  ``handler`` is the name of
    the handler, None: the one that ``[imagecache] handler`` says.  ``lent``
    is what the driver has and the handler may borrow: its ``session``.

    ``complete``: the caller's word that the instances of a sweep are all of
    every host that shares the stores, so that an image which none of them
    names has no user: those too that are resized away, whose disks stay here
    until that is confirmed, and that Nova lists for the other host.  Without
    it they only add to what the backend sees.
    A list that is read again is complete if all of it is of this host.
    """

    def __init__(
        self,
        conf: Any,
        *,
        handler: str | None = None,
        lent: Callable[[], dict[str, Any]] = dict,
        complete: bool = False,
    ) -> None:
        self.conf = conf
        self.report: Report | None = None
        # Told of each image of a sweep as soon as it is known.
        self.on_outcome: Callable[[Outcome], object] = lambda one: None
        self._handler = handler
        self._lent = lent
        self._complete = complete
        self._sweeping = threading.Lock()
        self._opening = threading.Lock()
        self._opened: OpenedCache | None = None
        self._teller: Teller | None = None
        self._work = StoppableWork()

    def open_cache(self) -> 'OpenedCache':
        """Give the cache, opened when it is asked for first.

        :raises CacheError: when an option cannot be honoured.
        """
        from imagecache_handlers.frontends.nova.opening import OpenedCache

        with self._opening:
            if self._opened is None:
                lent = lend_resources(self.conf, **self._lent())
                self._opened = OpenedCache(self.conf, lent, self._handler)
            return self._opened

    def update(
        self,
        context: Any,
        all_instances: Any,
        *,
        as_of: 'datetime.datetime | None' = None,
    ) -> 'Report | None':
        """Have the cache swept once, as Nova's periodic task wants it.

        ``as_of``: a time before the instances were read, where the caller
        knows one.  Once they are older than ``evidence_ttl_seconds`` they
        are read again with Nova's context; where that cannot be done the
        sweep ends early.

        :returns: what was done; None: a sweep is still under way, or
            ``manager_interval`` is -1 and none is wanted.
        :raises CacheError: when an option cannot be honoured.
        """
        from imagecache_handlers.frontends.nova import reading_again

        if self.open_cache().settings.sweep_interval() is None:
            LOG.info('The image cache is left alone: manager_interval is -1')
            return None
        if not self._sweeping.acquire(blocking=False):
            LOG.warning('The image cache is still being swept: not again')
            return None
        try:
            with self._work.begun() as stop:
                answers = reading_again.make_answers(
                    context,
                    all_instances,
                    read_option(self.conf, 'host'),
                    as_of=as_of,
                    complete=self._complete,
                )
                self.report = self.sweep_cache(
                    context, all_instances, answers, stop
                )
            return self.report
        finally:
            self._sweeping.release()

    def sweep_cache(
        self,
        context: Any,
        instances: Any,
        answers: 'InstanceAnswers',
        stop: threading.Event,
    ) -> 'Report':
        """Sweep with those answers, and tell what was done in the log."""
        opened = self.open_cache()
        teller = self._find_teller(opened)
        teller.learn_names(answers.image_ids)

        def tell(outcome: 'Outcome') -> None:
            teller.tell_outcome(outcome)
            self.on_outcome(outcome)

        report = opened.cache.sweep(
            answers,
            on_outcome=tell,
            should_stop=lambda: stop.is_set() or answers.is_aged,
        )
        teller.tell_report(report)
        return report

    def _find_teller(self, opened: 'OpenedCache') -> 'Teller':
        from imagecache_handlers.frontends.nova.telling import Teller

        # One for all sweeps: it knows names from those before.
        self._teller = self._teller or Teller(self.conf, opened)
        return self._teller

    def stop(self, patience: float = _PATIENCE) -> None:
        """End what is under way after the image whose turn it is.

        That is waited for, so many seconds at most: the process may end
        right afterwards, and so may the session that was lent.
        """
        if not self._work.end(patience):
            LOG.warning(
                'The image cache is still at work on an image after %g s: '
                'where that is cut off, the next sweep recovers it',
                patience,
            )

    def cache_image(
        self, context: Any, image_id: str, api: 'ImageApi'
    ) -> bool:
        """Cache an image ahead of its use, verified and leased.

        ``api`` is Nova's own image API.

        :returns: True: it was fetched; False: it was there.
        :raises NotImplementedError: when this backend cannot hold it.
        :raises CacheError: when it is not cached, and why.
        """
        from imagecache_handlers.frontends.nova import caching

        opened = self.open_cache()
        tell = self._find_teller(opened).tell_prefetched
        with self._work.begun() as stop:
            return caching.cache_image(
                opened, context, image_id, api, tell, stop.is_set
            )

    def hold_images(
        self, instance: Any
    ) -> contextlib.AbstractContextManager[None]:
        """Keep the images of an instance while it is made from them.

        What fails here ends no spawn: the backend and Nova go by their own
        rules all the same.
        """
        from imagecache_handlers.frontends.nova import holding

        return holding.held_images(self.open_cache, instance)

    @property
    def cache_dir(self) -> str | None:
        """The folder of the images, where Nova has one."""
        group = read_option(self.conf, 'image_cache')
        name = read_option(group, 'subdirectory_name')
        instances = read_option(self.conf, 'instances_path')
        if not instances or not name:
            return None
        # One spelling: with a slash at its end state_path gives two in here.
        folder: str = os.path.abspath(os.path.join(instances, name))
        return folder

    def get_disk_usage(self) -> int:
        """Count the bytes of the cache that instances cannot have.

        In Nova's own folder: as it is now, 0 where that lies on another
        device.  Elsewhere, as the last sweep left it, for the resource
        tracker asks every minute: no backend is called.
        """
        from imagecache_handlers.frontends.nova import usage

        folder = self.cache_dir
        if folder and self.is_at_home():
            return usage.measure_folder(self.conf.instances_path, folder)
        return usage.count_images(self.report)

    def is_at_home(self) -> bool:
        """Tell if the images are in Nova's folder, as far as is known."""
        opened, folder = self._opened, self.cache_dir
        if opened is None or folder is None:
            # Of other handlers it is known before that they have no folder.
            may_be = self._handler in (None, 'directory')
            return folder is not None and may_be
        return opened.has_folder(folder)
