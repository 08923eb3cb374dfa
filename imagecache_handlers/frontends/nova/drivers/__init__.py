"""Drivers: what ``nova-compute-imagecache`` adds to the package nova.virt.

Nova imports these as its own, ``nova.virt.imagecache_libvirt``; nobody else
does, for they need Nova.
"""
