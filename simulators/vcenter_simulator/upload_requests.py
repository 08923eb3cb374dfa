"""Uploads to ``/nfc``: the data of disks while their machine is imported."""

from typing import TYPE_CHECKING

from simulator_parts.steering import Dropped
from simulator_parts.steering import Replied
from vcenter_simulator.faults import VimFault
from vcenter_simulator.folder_access import BLOCK
from vcenter_simulator.folder_access import status_of
from vcenter_simulator.lease import find_upload

if TYPE_CHECKING:
    from vcenter_simulator.connection import Connection

NAME = 'PUT /nfc'


def serve_upload(connection: 'Connection') -> None:
    """Answer one upload; its path is the secret that lets it in."""
    server = connection.server
    server.counters.begin(NAME, 0)
    try:
        server.world.steering.reach('before', NAME)
        _receive_disk(connection)
        server.world.steering.reach('after', NAME)
        server.counters.end(NAME, 0, False)
        connection.send(201, 'text/plain', b'')
    except VimFault as fault:
        server.counters.end(NAME, 0, True)
        connection.refuse(status_of(fault), fault.message)
        connection.linger()
    except Dropped:
        connection.cut()
    except Replied as other:
        connection.reply(other)


def _receive_disk(connection: 'Connection') -> None:
    """Read what is sent, and let the disk hold as much.

    :raises VimFault: NotFound for a path that no open lease has;
        InvalidArgument without a length; NoDiskSpace
    """
    world = connection.server.world
    length = connection.headers.get('Content-Length', '')
    with world.lock:
        upload = find_upload(
            world.inventory, connection.path.partition('?')[0]
        )
    if upload is None:
        raise VimFault('NotFound', 'No open lease has this path.')
    if not (length.isascii() and length.isdigit()):
        raise VimFault('InvalidArgument', 'Content-Length is required')
    received = _count_bytes(connection, int(length))
    with world.lock:
        upload.take_data(received)


def _count_bytes(connection: 'Connection', length: int) -> int:
    received = 0
    while received < length:
        block = connection.rfile.read(min(BLOCK, length - received))
        if not block:
            connection.close_connection = True
            break
        received += len(block)
    return received
