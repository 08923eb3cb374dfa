"""Refreshing: datastores that were measured long ago are measured anew.

vCenter does so by itself each half hour, which is long where space is made.
"""

from collections.abc import Iterable
from concurrent import futures
import datetime
import logging

from imagecache_handlers.transport.errors import CallError
from imagecache_handlers_vmware.datastores import Datastore
from imagecache_handlers_vmware.port import file_requests
from imagecache_handlers_vmware.port.session import Session

LOG = logging.getLogger(__name__)

_OLD = datetime.timedelta(minutes=5)
# As many as look at stores at once.
_AT_ONCE = 4


def refresh_datastores(
    session: Session,
    datastores: Iterable[Datastore],
    now: datetime.datetime,
) -> bool:
    """Have those measured whose figures are old; tell if any was.

    What is not measured keeps its figures, be it that vCenter refuses or
    that a host hangs: one datastore stops no other.
    """
    old = _find_old(datastores, now)
    if not old:
        return False
    with futures.ThreadPoolExecutor(_AT_ONCE) as pool:
        return any(list(pool.map(lambda one: _refresh_one(session, one), old)))


def _find_old(
    datastores: Iterable[Datastore], now: datetime.datetime
) -> list[Datastore]:
    return [
        one
        for one in datastores
        if one.store.problem is None
        and one.measured_at is not None
        and now - one.measured_at > _OLD
    ]


def _refresh_one(session: Session, datastore: Datastore) -> bool:
    try:
        # Once: who hangs is not waited for again.
        session.once(file_requests.refresh_datastore(datastore.reference))
    except CallError as error:
        LOG.debug('%s is not measured: %s', datastore.name, error)
        return False
    return True
