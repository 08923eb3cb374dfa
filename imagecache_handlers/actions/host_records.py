"""Host records: which hosts evict from a store, as each is on record."""

from collections.abc import Collection
from collections.abc import Iterable
import logging

from imagecache_handlers.actions.guard import GuardedHandler
from imagecache_handlers.actions.stores import collect_items
from imagecache_handlers.actions.stores import for_each_store
from imagecache_handlers.actions.stores import Found
from imagecache_handlers.exceptions import NotSupported
from imagecache_handlers.model import Host

LOG = logging.getLogger(__name__)


def list_hosts(
    handler: GuardedHandler, stores: Collection[str] | None
) -> Found[Host]:
    _check_known(handler)
    return collect_items(handler, stores, handler.hosts)


def forget_host(
    handler: GuardedHandler, name: str, stores: Collection[str] | None
) -> Found[str]:
    """Strike a host off; the names of stores where it was are found."""
    _check_known(handler)

    def forget_in(store: str) -> list[str]:
        return [store] if handler.forget_host(store, name) else []

    return collect_items(handler, stores, forget_in)


def accept_host(
    handler: GuardedHandler, stores: Collection[str] | None
) -> Found[str]:
    """Take what this host sees for all; the names of stores are found."""
    _check_known(handler)

    def accept_in(store: str) -> list[str]:
        handler.accept_host(store)
        return [store]

    return collect_items(handler, stores, accept_in)


def _check_known(handler: GuardedHandler) -> None:
    if not handler.knows_hosts:
        raise NotSupported('tell which hosts evict')


def record_host(handler: GuardedHandler, stores: Iterable[str]) -> None:
    """Be seen by other hosts, even where nothing is to be done now."""
    stores = list(stores)
    done = for_each_store(handler, stores, handler.record_host)
    for store, error in zip(stores, done, strict=True):
        if error is not None:
            LOG.warning(
                'Other hosts cannot see that this one evicts from %s: %s',
                store,
                error,
            )
