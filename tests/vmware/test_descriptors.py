"""Descriptors: only the flag goes, and parents are found."""

import pytest

from imagecache_handlers_vmware.descriptors import find_parent
from imagecache_handlers_vmware.descriptors import is_descriptor
from imagecache_handlers_vmware.descriptors import is_descriptor_name
from imagecache_handlers_vmware.descriptors import lift_flag

TEXT = b"""# Disk DescriptorFile
version=1
CID=fffffffe
parentFileNameHint="/vmfs/volumes/5c-9/base/ONE/ONE.vmdk"
ddb.adapterType = "lsilogic"
ddb.deletable = "false"
ddb.uuid = "60 00"
"""


def test_the_flag_goes_and_nothing_else():
    lines = TEXT.splitlines()
    left = [one for one in lines if b'deletable' not in one]
    assert lift_flag(TEXT).splitlines() == left
    assert lift_flag(lift_flag(TEXT)) == lift_flag(TEXT)


@pytest.mark.parametrize(
    'line', [b'ddb.deletable = "true"', b'# ddb.deletable = "false"']
)
def test_what_is_no_such_flag_stays(line):
    text = b'# Disk DescriptorFile\n' + line + b'\n'
    assert lift_flag(text) == text


def test_a_parent_is_found():
    assert find_parent(TEXT) == '/vmfs/volumes/5c-9/base/ONE/ONE.vmdk'
    assert find_parent(TEXT.replace(b'\n', b'\r\n')).endswith('ONE.vmdk')
    assert find_parent(b'# Disk DescriptorFile\n') == ''


def test_a_descriptor_is_known_by_its_begin():
    assert is_descriptor(TEXT)
    assert not is_descriptor(b'KDMV' + TEXT)


@pytest.mark.parametrize(
    ('name', 'may_be'),
    [
        ('a.vmdk', True),
        ('a-000001.vmdk', True),
        ('original.vmdk', True),
        ('a-flat.vmdk', False),
        ('a-000001-delta.vmdk', False),
        ('a-000001-sesparse.vmdk', False),
        ('a-ctk.vmdk', False),
        ('a.vmx', False),
    ],
)
def test_names_tell_what_may_be_one(name, may_be):
    assert is_descriptor_name(name) is may_be
