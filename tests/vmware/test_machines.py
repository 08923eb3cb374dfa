"""Machines: a datastore that does not list them is not taken for idle."""

from xml.etree import ElementTree

import pytest

from imagecache_handlers_vmware.datastores import Mount
from imagecache_handlers_vmware.machines import list_machines
from imagecache_handlers_vmware.port.errors import Incomplete
from imagecache_handlers_vmware.port.properties import Found
from imagecache_handlers_vmware.port.requests import Reference

MOUNT = Mount(reference=Reference('Datastore', 'datastore-1'), name='ds')


def found(name='ds', machines=None):
    properties = {'name': ElementTree.Element('val')}
    properties['name'].text = name
    if machines is not None:
        properties['vm'] = machines
    return Found(reference=MOUNT.reference, properties=properties, missing={})


def test_an_empty_list_is_one():
    empty = ElementTree.Element('val')
    assert list_machines([found(machines=empty)], MOUNT) == []


def test_silence_about_machines_is_not_a_list():
    with pytest.raises(Incomplete, match='cannot be listed: nothing was said'):
        list_machines([found()], MOUNT)


def test_silence_about_the_datastore_is_not_a_list():
    with pytest.raises(Incomplete, match='nothing was said of datastore'):
        list_machines([], MOUNT)
