"""Machines: a datastore that does not list them is not taken for idle."""

from xml.etree import ElementTree

import pytest

from imagecache_handlers_vmware.datastores import Mount
from imagecache_handlers_vmware.machines import list_machines
from imagecache_handlers_vmware.machines import named_files
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


@pytest.mark.parametrize(
    ('tag', 'text', 'is_named'),
    [
        ('name', '[ds] base/i/i.vmdk', True),
        ('fileName', '[ds] vm/vm.vmdk', True),
        ('fileName', '[]/vmfs/volumes/x/base/i/i.vmdk', True),
        # Hosts write some so, and it may be any image.
        ('fileName', '/vmfs/volumes/x/base/i/i.vmdk', True),
        ('fileName', 'ds:///vmfs/volumes/x/base/i/i.vmdk', True),
        ('fileName', '', False),
        ('name', 'Hard disk 1', False),
        ('label', '[ds] base/i/i.vmdk', False),
    ],
)
def test_what_may_be_a_path_is_named(tag, text, is_named):
    told = ElementTree.Element('device')
    ElementTree.SubElement(told, tag).text = text
    assert list(named_files(told)) == ([text] if is_named else [])
