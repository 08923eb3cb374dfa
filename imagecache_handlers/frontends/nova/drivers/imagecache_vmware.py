"""VMware driver: ``compute_driver = imagecache_vmware.VMwareVCDriver``."""

from nova.virt.vmwareapi import driver

from imagecache_handlers.frontends.nova.mixin import ImageCacheMixin


class VMwareVCDriver(ImageCacheMixin, driver.VMwareVCDriver):  # type: ignore[misc]
    """Nova's own, but for its image cache, which borrows its session."""

    imagecache_handler = 'vmware'
    boots_from_one_store = True
