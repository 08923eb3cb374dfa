"""Leases: the right to send the disk of a machine that comes in."""

import dataclasses
import urllib.parse

from imagecache_handlers.exceptions import ConfigurationError
from imagecache_handlers_vmware.port.address import Address
from imagecache_handlers_vmware.port.errors import Incomplete
from imagecache_handlers_vmware.port.errors import VimFault
from imagecache_handlers_vmware.port.managers import read_reference
from imagecache_handlers_vmware.port.properties import Found
from imagecache_handlers_vmware.port.properties import read_one
from imagecache_handlers_vmware.port.replies import child
from imagecache_handlers_vmware.port.replies import children
from imagecache_handlers_vmware.port.replies import Element
from imagecache_handlers_vmware.port.replies import text_of
from imagecache_handlers_vmware.port.replies import type_of
from imagecache_handlers_vmware.port.requests import Reference
from imagecache_handlers_vmware.port.session import Session
from imagecache_handlers_vmware.port.tasks import Endless
from imagecache_handlers_vmware.port.tasks import Looking
from imagecache_handlers_vmware.port.tasks import Waiting

_METHOD = 'ImportVApp'
READY, DONE, FAILED = 'ready', 'done', 'error'


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """Where a disk is sent to, and the machine that it is of."""

    address: Address
    target: str
    machine: Reference


def read_state(session: Session, lease: Reference) -> str:
    """Tell in which state a lease is.

    :raises CallError: when that cannot be told.
    """
    return _read_lease(session, lease).require_text('state')


def await_upload(
    session: Session, lease: Reference, waiting: Waiting
) -> Upload:
    """Wait for a lease to be ready, and tell where its disk is sent to.

    :raises VimFault: when the machine cannot be made.
    :raises Endless: when it takes too long.
    :raises CallError: when it cannot be told.
    """
    looking = Looking(waiting)
    while looking.may_look():
        found = _read_lease(session, lease)
        state = found.require_text('state')
        if state == READY:
            return _read_upload(session, found)
        if state != 'initializing':
            raise _fault_of(found, state)
    raise Endless(f'{_METHOD}: its lease is not ready')


def _read_lease(session: Session, lease: Reference) -> Found:
    return read_one(session, lease, ('state', 'error', 'info'))


def _fault_of(found: Found, state: str) -> VimFault:
    error = found.properties.get('error')
    if error is None:
        return VimFault(_METHOD, 'InvalidState', f'its lease is {state}')
    message = text_of(error, 'faultMessage') or ''
    return VimFault(_METHOD, type_of(error), message)


def _read_upload(session: Session, found: Found) -> Upload:
    info = found.properties.get('info')
    machine = None if info is None else child(info, 'entity')
    if info is None or machine is None:
        raise Incomplete(f'{_METHOD}: its lease names no machine')
    for one in children(info, 'deviceUrl'):
        if text_of(one, 'disk') == 'true':
            return _make_upload(session, one, read_reference(machine))
    raise Incomplete(f'{_METHOD}: its lease names no disk')


def _make_upload(
    session: Session, device: Element, machine: Reference
) -> Upload:
    address = session.address
    try:
        parts = urllib.parse.urlsplit(text_of(device, 'url') or '')
        if parts.hostname != '*':  # that is whoever was asked
            address = Address.parse(f'{parts.scheme}://{parts.netloc}')
    except (ConfigurationError, ValueError) as error:
        raise Incomplete(f'{_METHOD}: its lease: {error}') from error
    return Upload(
        address=address,
        target=urllib.parse.urlunsplit(('', '', parts.path, parts.query, '')),
        machine=machine,
    )
