"""Mixin: what makes the cache of a virt driver of Nova's ours.

::

    class Driver(ImageCacheMixin, driver.ComputeDriver):
        imagecache_handler = 'xenapi'

It comes before Nova's class, and has no constructor of other arguments.
"""

from typing import Any
from typing import TYPE_CHECKING

from oslo_config import cfg

from imagecache_handlers.frontends.nova.cache_stats import CacheStats
from imagecache_handlers.frontends.nova.manager import ImageCacheManager

if TYPE_CHECKING:
    from imagecache_handlers.actions.stores import Inventory
    from imagecache_handlers.frontends.nova.image_api import ImageApi


class ImageCacheMixin:
    """Has a driver manage and fill its cache by ``ImageCacheManager``.

    ``imagecache_handler`` is the name of the handler, None: the one that is
    set.  ``instances_are_complete``: every instance that may use the stores
    is one of this service's own, so that what none of them names is unused;
    wrong where other services share the stores, and needless where the
    handler sees users by itself.  ``boots_from_one_store``: of several stores
    Nova boots from the one whose size it reports as the host's.
    """

    imagecache_handler: str | None = None
    instances_are_complete = False
    boots_from_one_store = False
    capabilities: dict[str, Any]

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        # Not in place: that is the class of all drivers.
        self.capabilities = {**self.capabilities, 'has_imagecache': True}
        self.image_cache_manager: Any = self.make_cache_manager()
        self.cache_stats = CacheStats(one_store=self.boots_from_one_store)
        self.image_cache_manager.on_outcome = self.cache_stats.learn_outcome

    def make_cache_manager(self) -> ImageCacheManager:
        """Make the manager; it loads nothing before it is used."""
        return ImageCacheManager(
            self.nova_conf,
            handler=self.imagecache_handler,
            lent=self.lend_to_handler,
            complete=self.instances_are_complete,
        )

    @property
    def nova_conf(self) -> cfg.ConfigOpts:
        """Nova's configuration, which is that of its process."""
        conf: cfg.ConfigOpts = cfg.CONF
        return conf

    def lend_to_handler(self) -> dict[str, Any]:
        """Lend what the driver has: its session, if it calls it so."""
        return {'session': getattr(self, '_session', None)}

    def image_api(self) -> 'ImageApi':
        """Give Nova's own image API, which its driver modules have."""
        import importlib

        # By its name, for this is loaded where there is no Nova as well.
        api: ImageApi = importlib.import_module('nova.image.glance').API()
        return api

    def manage_image_cache(self, context: Any, all_instances: Any) -> None:
        """Sweep the cache: Nova's periodic task."""
        report = self.image_cache_manager.update(context, all_instances)
        if report is not None:
            self.cache_stats.learn_report(report)

    def cache_image(self, context: Any, image_id: str) -> bool:
        """Cache an image ahead of its use: Nova's pre-caching."""
        with self.cache_stats.arriving([image_id], everywhere=True):
            found: bool = self.image_cache_manager.cache_image(
                context, image_id, self.image_api()
            )
        return found

    def spawn(
        self, context: Any, instance: Any, *given: Any, **named: Any
    ) -> Any:
        """Make an instance, while its images are held."""
        from imagecache_handlers.frontends.nova.instances import list_images

        with (
            self.image_cache_manager.hold_images(instance),
            self.cache_stats.arriving(list_images(instance)),
        ):
            # Nova's class comes after this one.
            return super().spawn(context, instance, *given, **named)  # type: ignore[misc]

    def init_host(self, host: str) -> Any:
        """Begin to look what is cached, for there may be no pass for long."""
        found = super().init_host(host)  # type: ignore[misc]
        if self.can_tell_scheduler():
            self.cache_stats.start_look(self.list_cached)
        return found

    def get_available_resource(self, nodename: str) -> Any:
        """Add what is cached to the stats that Nova gives its scheduler."""
        resources = super().get_available_resource(nodename)  # type: ignore[misc]
        if not self.can_tell_scheduler():
            return resources
        return self.cache_stats.add_stats(resources)

    def can_tell_scheduler(self) -> bool:
        """Tell if the scheduler shall hear of the cache, by the option."""
        from imagecache_handlers.frontends.fleet import opts

        opts.register_opts(self.nova_conf)
        return bool(self.nova_conf[opts.GROUP].tell_scheduler)

    def list_cached(self) -> 'Inventory':
        """Look what is cached; that asks the backend."""
        found: Inventory = (
            self.image_cache_manager.open_cache().cache.inventory()
        )
        return found

    def cleanup_host(self, host: str) -> Any:
        """End what is under way, for the service is told to end."""
        self.image_cache_manager.stop()
        return super().cleanup_host(host)  # type: ignore[misc]
