"""Lending: what is Nova's own, for the handler to work with."""

from collections.abc import Callable
import contextlib
import os
from typing import Any

# As nova.utils.synchronized has it.
_PREFIX = 'nova-'


def lend_resources(conf: Any, **own: Any) -> dict[str, Any]:
    """Give what a handler may borrow from Nova, by its names there.

    Where Nova keeps its images, and how it locks them; ``own``: what only
    one driver has, such as its session.  None is nothing to lend.
    """
    lent = {name: thing for name, thing in own.items() if thing is not None}
    instances = read_option(conf, 'instances_path')
    if instances is None:
        return lent
    group = read_option(conf, 'image_cache')
    name = read_option(group, 'subdirectory_name')
    return lent | {
        'instances_path': instances,
        'subdirectory_name': name,
        'locks': lend_locks(instances),
    }


def read_option(group: Any, name: str) -> Any:
    """Read an option, or a group; None: nobody has registered it."""
    return group[name] if group is not None and name in group else None


def lend_locks(
    instances_path: str,
) -> Callable[[str], contextlib.AbstractContextManager[object]]:
    """Give what takes one of Nova's locks by its name, and never waits.

    It is Nova's own way to take it: to open the file of such a lock
    ourselves would drop it in Nova's process.
    """
    # Of Nova's environment, and not wanted without.
    from oslo_concurrency import lockutils

    def lend(name: str) -> contextlib.AbstractContextManager[object]:
        lock: contextlib.AbstractContextManager[object] = lockutils.lock(
            name,
            lock_file_prefix=_PREFIX,
            external=True,
            lock_path=os.path.join(instances_path, 'locks'),
            blocking=False,
        )
        return lock

    return lend
