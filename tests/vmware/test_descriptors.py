"""Descriptors: only the flag goes, and parents are found."""

import pytest

from imagecache_handlers_vmware.descriptors import find_parent
from imagecache_handlers_vmware.descriptors import hides_parent
from imagecache_handlers_vmware.descriptors import is_descriptor
from imagecache_handlers_vmware.descriptors import is_descriptor_file
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
    ('name', 'size', 'may_be'),
    [
        ('a.vmdk', 2**30, True),
        ('a-000001.vmdk', 1, True),
        ('original.vmdk', 1, True),
        ('a-flat.vmdk', 2**30, False),
        ('a-000001-delta.vmdk', 2**17, False),
        ('a-000001-sesparse.vmdk', 2**17, False),
        ('a-ctk.vmdk', 2**17, False),
        ('web-flat.vmdk', 500, True),
        ('a.vmx', 1, False),
    ],
)
def test_names_and_sizes_tell_what_may_be_one(name, size, may_be):
    assert is_descriptor_file(name, size) is may_be


@pytest.mark.parametrize(
    ('parent', 'hint', 'hides'),
    [
        ('ffffffff', '', False),
        ('FFFFFFFF', '', False),
        ('fffffffe', '', True),
        ('fffffffe', 'a.vmdk', False),
    ],
)
def test_a_parent_is_named_or_hidden(parent, hint, hides):
    text = f'# Disk DescriptorFile\nparentCID={parent}\n'
    if hint:
        text += f'parentFileNameHint="{hint}"\n'
    assert hides_parent(text.encode()) is hides
