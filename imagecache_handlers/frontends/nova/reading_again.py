"""Reading again: Nova's list of instances, by the list that it gave."""

from collections.abc import Iterable
import datetime
from typing import Any

from imagecache_handlers.clocks import utc_now
from imagecache_handlers.frontends.nova.answers import InstanceAnswers
from imagecache_handlers.frontends.nova.instances import read_column


def make_answers(
    context: Any,
    instances: Any,
    host: str | None,
    *,
    as_of: datetime.datetime | None,
    complete: bool,
) -> InstanceAnswers:
    """Have that list answer, and Nova once it has aged.

    ``host`` is this one; for the others see ``InstanceAnswers``.
    """
    return InstanceAnswers(
        instances,
        lambda: read_again(context, instances, host),
        utc_now,
        as_of=as_of,
        complete=complete,
        # Of other hosts only those are asked that had instances.
        complete_again=complete and are_of_host(instances, host),
    )


def read_again(
    context: Any, instances: Any, host: str | None
) -> Iterable[Any] | None:
    """Ask Nova once more, as its own pass did; None: that list cannot.

    Asked is for the hosts of those instances, and for ``host``.
    """
    ask = getattr(type(instances), 'get_by_filters', None)
    if ask is None:
        return None
    hosts = _list_hosts(instances) | ({host} if host else set())
    filters = {
        'deleted': False,
        'soft_deleted': True,
        'host': sorted(hosts),
    }
    again: Iterable[Any] = ask(
        # Not of a replica, which may be behind: whoever has come is wanted.
        context,
        filters,
        expected_attrs=[],
        use_slave=False,
    )
    return again


def are_of_host(instances: Iterable[Any], host: str | None) -> bool:
    """Tell if each of them is known to be of that host."""
    return all(read_column(one, 'host') == host for one in instances)


def _list_hosts(instances: Iterable[Any]) -> set[str]:
    """Name the hosts that these instances are on."""
    hosts = {read_column(one, 'host') for one in instances}
    return {host for host in hosts if host}
