"""VMware driver: ``compute_driver = imagecache_vmware.VMwareVCDriver``."""

from typing import Any

from nova.virt.vmwareapi import driver

from imagecache_handlers.frontends.nova.mixin import ImageCacheMixin
from imagecache_handlers.frontends.nova.reserving import reserve_cache


class VMwareVCDriver(ImageCacheMixin, driver.VMwareVCDriver):  # type: ignore[misc]
    """Nova's own, but for its image cache, which borrows its session."""

    imagecache_handler = 'vmware'
    boots_from_one_store = True

    def update_provider_tree(
        self, provider_tree: Any, nodename: str, allocations: Any = None
    ) -> None:
        """Tell of the inventory, and of what the cache takes of it."""
        super().update_provider_tree(provider_tree, nodename, allocations)
        usage = self.image_cache_manager.get_disk_usage()
        reserve_cache(self.nova_conf, provider_tree, nodename, usage)
