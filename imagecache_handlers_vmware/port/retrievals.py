"""Retrievals: requests for properties of what vCenter holds."""

from collections.abc import Iterable

from imagecache_handlers_vmware.port.envelopes import make_request
from imagecache_handlers_vmware.port.envelopes import write_element
from imagecache_handlers_vmware.port.envelopes import write_reference
from imagecache_handlers_vmware.port.requests import Reference
from imagecache_handlers_vmware.port.requests import Request
from imagecache_handlers_vmware.port.requests import Selection

_INTO_FOLDERS = (
    '<selectSet xsi:type="TraversalSpec"><name>folders</name>'
    '<type>Folder</type><path>childEntity</path><skip>false</skip>'
    '<selectSet><name>folders</name></selectSet>'
    '<selectSet><name>datacenters</name></selectSet></selectSet>'
)
_INTO_DATACENTERS = (
    '<selectSet xsi:type="TraversalSpec"><name>datacenters</name>'
    '<type>Datacenter</type><path>datastore</path><skip>false</skip>'
    '</selectSet>'
)

# Snapshots of a machine, however many come after another.
_INTO_SNAPSHOTS = (
    '<selectSet xsi:type="TraversalSpec"><name>roots</name>'
    '<type>VirtualMachine</type><path>rootSnapshot</path><skip>false</skip>'
    '<selectSet xsi:type="TraversalSpec"><name>snapshots</name>'
    '<type>VirtualMachineSnapshot</type><path>childSnapshot</path>'
    '<skip>false</skip><selectSet><name>snapshots</name></selectSet>'
    '</selectSet></selectSet>'
)


def retrieve_properties(
    collector: Reference,
    begin: Iterable[Reference],
    selections: Iterable[Selection],
    limit: int,
) -> Request:
    """Read properties, of at most ``limit`` objects an answer."""
    return _retrieve_below(collector, begin, selections, limit, '')


def retrieve_machines(
    collector: Reference,
    datastores: Iterable[Reference],
    selections: Iterable[Selection],
    limit: int,
    *,
    with_snapshots: bool,
) -> Request:
    """Read of datastores, of their machines, and of the snapshots of these.

    What is reached on several ways is told of once.
    """
    into = _INTO_SNAPSHOTS if with_snapshots else ''
    below = (
        '<selectSet xsi:type="TraversalSpec"><type>Datastore</type>'
        f'<path>vm</path><skip>false</skip>{into}</selectSet>'
    )
    return _retrieve_below(collector, datastores, selections, limit, below)


def _retrieve_below(
    collector: Reference,
    begin: Iterable[Reference],
    selections: Iterable[Selection],
    limit: int,
    below: str,
) -> Request:
    specs = ''.join(map(_write_properties, selections))
    objects = ''.join(
        f'<objectSet>{write_reference("obj", one)}<skip>false</skip>{below}'
        '</objectSet>'
        for one in begin
    )
    return make_request(
        'RetrievePropertiesEx',
        collector,
        f'<specSet>{specs}{objects}</specSet>',
        f'<options><maxObjects>{limit}</maxObjects></options>',
    )


def retrieve_datastores(
    collector: Reference,
    root: Reference,
    selections: Iterable[Selection],
    limit: int,
) -> Request:
    """Read of all datacenters and datastores, however deep in folders.

    A datacenter lists its datastores itself, those in pods included.
    """
    specs = ''.join(map(_write_properties, selections))
    return make_request(
        'RetrievePropertiesEx',
        collector,
        f'<specSet>{specs}<objectSet>{write_reference("obj", root)}'
        f'<skip>true</skip>{_INTO_FOLDERS}{_INTO_DATACENTERS}'
        '</objectSet></specSet>',
        f'<options><maxObjects>{limit}</maxObjects></options>',
    )


def continue_retrieval(collector: Reference, token: str) -> Request:
    return make_request(
        'ContinueRetrievePropertiesEx',
        collector,
        write_element('token', token),
    )


def _write_properties(selection: Selection) -> str:
    paths = ''.join(
        write_element('pathSet', one) for one in selection.properties
    )
    kind = write_element('type', selection.kind)
    return f'<propSet>{kind}<all>false</all>{paths}</propSet>'
