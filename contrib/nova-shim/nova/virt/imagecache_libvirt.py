"""Libvirt driver: ``compute_driver = imagecache_libvirt.LibvirtDriver``."""

from imagecache_handlers.frontends.nova.drivers import imagecache_libvirt

LibvirtDriver = imagecache_libvirt.LibvirtDriver
