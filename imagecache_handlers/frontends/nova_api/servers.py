"""Servers: what Nova tells of each one, checked and as a value."""

from collections.abc import Mapping
import dataclasses
from typing import Any

from imagecache_handlers.checked_values import check_name
from imagecache_handlers.frontends.nova_api.doubts import Doubt
from imagecache_handlers.model import check_image_id

_ATTRIBUTE = 'OS-EXT-SRV-ATTR:'
# Those who may not see them are not told that there are any.
_ADMINS = f'{_ATTRIBUTE}host', f'{_ATTRIBUTE}hypervisor_hostname'
_KERNELS = f'{_ATTRIBUTE}kernel_id', f'{_ATTRIBUTE}ramdisk_id'
_TASK = 'OS-EXT-STS:task_state'
_STATES = 'OS-EXT-STS:vm_state', _TASK, 'status'
# Of a rescue, a snapshot that was shelved, or the disk that is replaced.
_ANOTHER_IMAGE = frozenset(
    {
        'rescue',
        'rescued',
        'rescuing',
        'unshelving',
        'rebuilding',
        'rebuild_block_device_mapping',
        'rebuild_spawning',
    }
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A server, and the images that it is made from: none, of a volume's.

    ``doubt`` says why it may use one that is not named; empty: it does not.
    """

    server_id: str
    images: frozenset[str] = frozenset()
    hypervisor: str | None = None
    doubt: str = ''


def read_server(record: Any) -> Server:
    """Read what Nova tells of a server.

    :raises Doubt: when that cannot be a server at all.
    """
    server_id = read_id(record, 'server')
    if 'image' not in record:
        why = f'its cell is down: of server {server_id} Nova tells a part only'
        return Server(server_id=server_id, doubt=why)
    try:
        images = frozenset(_list_images(record))
    except ValueError as error:
        why = f'server {server_id} has an image without a name: {error}'
        return Server(server_id=server_id, doubt=why)
    return Server(
        server_id=server_id,
        images=images,
        hypervisor=_read_hypervisor(record),
        doubt=_find_doubt(record, server_id),
    )


def read_id(record: Any, what: str) -> str:
    """Give the id of a record.

    :raises Doubt: when it has none.
    """
    if not isinstance(record, dict):
        raise Doubt(f'what should be a {what} is not one')
    try:
        return check_name('id', record.get('id') or '')
    except ValueError as error:
        raise Doubt(f'a {what} has no id: {error}') from error


def _list_images(record: Mapping[str, Any]) -> list[str]:
    image = record['image']
    # '' is a boot from a volume.
    found = [] if image == '' else [_read_image(image)]
    kernels = (record.get(key) for key in _KERNELS)
    return found + [check_image_id(one) for one in kernels if one]


def _read_image(image: Any) -> str:
    if not isinstance(image, dict):
        raise ValueError(f'{image!r:.100}')
    return check_image_id(image.get('id') or '')


def _read_hypervisor(record: Mapping[str, Any]) -> str | None:
    """Give the hypervisor that it is on, if it is on any."""
    host, hypervisor = (record.get(key) for key in _ADMINS)
    return str(hypervisor) if host and hypervisor else None


def _find_doubt(record: Mapping[str, Any], server_id: str) -> str:
    if not all(key in record for key in (*_ADMINS, *_KERNELS)):
        return (
            f'of server {server_id} neither host nor kernel is told: this '
            f'takes an administrator of Nova'
        )
    states = _read_states(record)
    if states is None:
        return f'of server {server_id} the state is not told'
    for state in states:
        if state in _ANOTHER_IMAGE:
            return (
                f'server {server_id} is {state}, and uses an image then that '
                f'Nova does not tell'
            )
    if states[1] == 'spawning' and states[0].startswith('shelved'):
        return f'server {server_id} is made from a snapshot just now'
    return ''


def _read_states(record: Mapping[str, Any]) -> list[str] | None:
    """Give the states of machine, task and server; None: one is not told.

    A task of None is told: there is none.
    """
    told = {key: record[key] for key in _STATES if key in record}
    if told.get(_TASK, '') is None:
        told[_TASK] = ''
    states = [told.get(key) for key in _STATES]
    texts = [one.lower() for one in states if isinstance(one, str)]
    return texts if len(texts) == len(_STATES) else None
