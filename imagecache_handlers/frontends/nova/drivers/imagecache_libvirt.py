"""Libvirt driver: ``compute_driver = imagecache_libvirt.LibvirtDriver``."""

from nova.virt.libvirt import driver

from imagecache_handlers.frontends.nova.libvirt import LibvirtImageCacheMixin


class LibvirtDriver(LibvirtImageCacheMixin, driver.LibvirtDriver):  # type: ignore[misc]
    """Nova's own, but for its image cache."""
