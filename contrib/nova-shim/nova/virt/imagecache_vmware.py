"""VMware driver: ``compute_driver = imagecache_vmware.VMwareVCDriver``."""

from imagecache_handlers.frontends.nova.drivers import imagecache_vmware

VMwareVCDriver = imagecache_vmware.VMwareVCDriver
