"""Recovering: what evictions that died have left, before all else."""

from collections.abc import Iterable
import logging

from imagecache_handlers.actions.guard import GuardedHandler
from imagecache_handlers.actions.stores import for_each_store
from imagecache_handlers.exceptions import CacheError

LOG = logging.getLogger(__name__)


def recover_stores(
    handler: GuardedHandler, names: Iterable[str]
) -> dict[str, CacheError]:
    """Finish or put back what was left; give the stores that failed."""
    if not handler.recovers:
        return {}
    names = list(names)
    done = for_each_store(handler, names, handler.recover)
    failed = {
        name: error
        for name, error in zip(names, done, strict=True)
        if error is not None
    }
    for name, error in failed.items():
        LOG.warning('Store %s could not be recovered: %s', name, error)
    return failed
