"""Reserving: what the cache takes is no room for instances, says placement.

Nova's libvirt driver does so by itself, others do not.
"""

from typing import Any

from imagecache_handlers.frontends.nova.lending import read_option

_GIB = 2**30
_DISK = 'DISK_GB'


def reserve_cache(
    conf: Any, provider_tree: Any, nodename: str, usage: int
) -> None:
    """Add the bytes of the cache to what is reserved of a node's disk.

    Only where ``[workarounds] reserve_disk_resource_for_image_cache`` says
    so, in whole GiB, and never more than there is, which placement refuses.
    ``provider_tree`` is Nova's, as its driver has updated it.
    """
    group = read_option(conf, 'workarounds')
    if not read_option(group, 'reserve_disk_resource_for_image_cache'):
        return
    inventory = provider_tree.data(nodename).inventory
    disk = inventory.get(_DISK)
    if disk is None:
        return
    wanted = disk['reserved'] + -(-usage // _GIB)
    reserved = {**disk, 'reserved': min(wanted, disk['total'])}
    provider_tree.update_inventory(nodename, {**inventory, _DISK: reserved})
