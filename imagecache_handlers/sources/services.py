"""Services: those of OpenStack that are asked, and how options call them."""

import dataclasses


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A service as people, its catalogue, the options and pip call it."""

    name: str
    kind: str
    group: str
    extra: str


GLANCE = Service(
    name='Glance', kind='image', group='imagecache_glance', extra='glance'
)
NOVA = Service(
    name='Nova', kind='compute', group='imagecache_nova', extra='nova-api'
)
