"""Drivers: what ``nova-compute-imagecache`` adds to the package nova.virt.

Nova imports these as its own, ``nova.virt.imagecache_libvirt``; nobody else
does but the file of ``contrib/nova-shim``, for they need Nova.
"""
