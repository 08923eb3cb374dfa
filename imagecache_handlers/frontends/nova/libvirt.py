"""Libvirt: the cache of Nova's libvirt driver, its folder ``_base``."""

import contextlib
import logging
import os
from typing import Any
from typing import TYPE_CHECKING

from imagecache_handlers.frontends.nova.lending import read_option
from imagecache_handlers.frontends.nova.manager import ImageCacheManager
from imagecache_handlers.frontends.nova.mixin import ImageCacheMixin

if TYPE_CHECKING:
    import threading

    from imagecache_handlers.actions.report import Report
    from imagecache_handlers.actions.stores import Inventory
    from imagecache_handlers.frontends.nova.answers import InstanceAnswers

LOG = logging.getLogger(__name__)

# Where disks lie in these, no file tells which image one was made from.
_ELSEWHERE = 'rbd', 'lvm'


class LibvirtImageCacheManager(ImageCacheManager):
    """The same, and what lies beside the images, by Nova's own methods.

    ``stock`` is the manager that the driver has made for itself.
    """

    def __init__(self, conf: Any, *, stock: Any, **named: Any) -> None:
        super().__init__(conf, handler='directory', **named)
        self._stock = stock

    def update(
        self, context: Any, all_instances: Any, **named: Any
    ) -> 'Report | None':
        """Have the cache swept once, unless there is nothing to manage."""
        if why := self.explain_absence():
            LOG.info('The image cache is left alone: %s', why)
            return None
        return super().update(context, all_instances, **named)

    def sweep_cache(
        self,
        context: Any,
        instances: Any,
        answers: 'InstanceAnswers',
        stop: 'threading.Event',
    ) -> 'Report':
        from imagecache_handlers.directory import DirectoryHandler
        from imagecache_handlers.frontends.nova.leftovers import Leftovers

        report = super().sweep_cache(context, instances, answers, stop)
        if report.stopped:
            # The next sweep has what lies beside the images, too.
            return report
        opened = self.open_cache()
        handler = opened.handler
        if isinstance(handler, DirectoryHandler) and self.is_at_home():
            Leftovers(
                self._stock,
                handler,
                answers.image_ids,
                removes_unused=opened.removes_unused,
            ).age_leftovers(context, instances)
        return report

    def hold_images(
        self, instance: Any
    ) -> contextlib.AbstractContextManager[None]:
        if self.explain_absence():
            return contextlib.nullcontext()
        return super().hold_images(instance)

    def explain_absence(self) -> str | None:
        """Say why there is nothing to manage; None: there is."""
        if kind := self.find_other_backend():
            return (
                f'with images_type = {kind} no file tells which image a disk '
                f'was made from'
            )
        folder = self.cache_dir
        if folder and self.is_at_home() and not os.path.exists(folder):
            return f'{folder} comes with the first image'
        return None

    def find_other_backend(self) -> str | None:
        """Name where the disks of instances lie, if not in files."""
        group = read_option(self.conf, 'libvirt')
        kind: str | None = read_option(group, 'images_type')
        return kind if kind in _ELSEWHERE else None

    def is_left_to_nova(self) -> bool:
        """Tell if Nova has to cache images by itself.

        Where disks do not lie in files, and where signatures of images are
        to be verified, for which Nova gives nobody the bytes.
        """
        group = read_option(self.conf, 'glance')
        verifies = read_option(group, 'enable_certificate_validation')
        return bool(self.find_other_backend() or verifies)

    def make_folder(self) -> None:
        """Make the folder of the images, before the first boot."""
        if self.cache_dir is not None:
            os.makedirs(self.cache_dir, exist_ok=True)

    def touch_image(self, image_id: str) -> bool:
        """Renew the time by which Nova tells an image's age, if we may.

        Where images do not lie in Nova's folder, there is no such time.

        :returns: False: that is left to do.
        """
        if not self.is_at_home():
            return True
        key = self.open_cache().handler.key(image_id)
        try:
            os.utime(os.path.join(self.cache_dir or '', key))
        except OSError:
            return False
        return True


class LibvirtImageCacheMixin(ImageCacheMixin):
    """Has Nova's libvirt driver manage and fill its cache by ours."""

    def make_cache_manager(self) -> LibvirtImageCacheManager:
        return LibvirtImageCacheManager(
            self.nova_conf,
            # Of Nova's constructor, which has run.
            stock=self.image_cache_manager,
            complete=self.instances_are_complete,
        )

    def cache_image(self, context: Any, image_id: str) -> bool:
        """Cache an image, or renew the lease and the time of one."""
        manager: LibvirtImageCacheManager = self.image_cache_manager
        if manager.is_left_to_nova():
            return self._let_nova_cache(context, image_id)
        manager.make_folder()
        if super().cache_image(context, image_id):
            return True
        if manager.touch_image(image_id):
            return False
        # It belongs to somebody else: Nova has a helper for that.
        return self._let_nova_cache(context, image_id)

    def can_tell_scheduler(self) -> bool:
        """Tell if servers are booted from the cache, and it may be told."""
        manager: LibvirtImageCacheManager = self.image_cache_manager
        return (
            manager.find_other_backend() is None
            and super().can_tell_scheduler()
        )

    def list_cached(self) -> 'Inventory':
        """Look what is cached: nothing, before the first image."""
        manager: LibvirtImageCacheManager = self.image_cache_manager
        if manager.explain_absence():
            from imagecache_handlers.actions.stores import Inventory

            return Inventory(stores=(), items=(), problems={})
        return super().list_cached()

    def _let_nova_cache(self, context: Any, image_id: str) -> bool:
        stock: Any = super(ImageCacheMixin, self)
        with self.cache_stats.arriving([image_id], everywhere=True):
            cached: bool = stock.cache_image(context, image_id)
        return cached
