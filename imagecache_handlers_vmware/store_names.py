"""Store names: what datastores are called, in all datacenters of a vCenter."""

from collections.abc import Iterable
from collections import Counter

from imagecache_handlers_vmware.port.properties import Found


def name_stores(read: Iterable[tuple[Found, Found]]) -> list[str]:
    """Name each datastore as shortly as no other could be.

    Each comes with its datacenter.
    """
    names = [_possible_names(center, one) for center, one in read]
    counts = Counter(name for some in names for name in some)
    return [
        next((one for one in some if counts[one] == 1), some[-1])
        for some in names
    ]


def _possible_names(center: Found, found: Found) -> tuple[str, ...]:
    name = write_name(found.require_text('summary.name'))
    datacenter = write_name(center.text('name') or center.reference.name)
    return (
        name,
        f'{datacenter}/{name}',
        f'{datacenter} ({center.reference.name})/{name}',
    )


def write_name(name: str) -> str:
    """Write a name so that it can be shown, whatever is in it."""
    if name and name.isprintable():
        return name
    return name.encode('unicode_escape').decode() or '-'
