"""What Glance says of an image, read as a value or refused."""

import logging

import hypothesis
from hypothesis import strategies as st
import pytest

from imagecache_handlers.checksum import Checksum
from imagecache_handlers.exceptions import SourceError
from imagecache_handlers.model import ImageMeta
from imagecache_handlers.sources.glance_image import read_image
from tests.sources.lying_server import describe
from tests.sources.lying_server import IMAGE

SOURCE = 'https://glance.example.org'
MOST = 2**63 - 1


def refusal(body):
    with pytest.raises(SourceError) as caught:
        read_image(body, IMAGE, SOURCE)
    return caught.value


@pytest.mark.parametrize(
    ('key', 'value', 'why'),
    [
        ('id', 'another', 'another image'),
        ('id', None, 'another image'),
        ('size', None, 'size'),
        ('size', -1, 'size'),
        ('size', True, 'size'),
        ('size', 1.5, 'size'),
        ('size', '12', 'size'),
        ('size', 2**63, 'size'),
        ('virtual_size', -1, 'virtual_size'),
        ('virtual_size', '5', 'virtual_size'),
        ('min_disk', -1, 'min_disk'),
        ('min_disk', 'x', 'min_disk'),
        ('disk_format', None, 'disk_format'),
        ('disk_format', '', 'disk_format'),
        ('disk_format', '../raw', 'disk_format'),
        ('disk_format', 'raw\n', 'disk_format'),
        ('disk_format', ['raw'], 'disk_format'),
        ('container_format', 'ovf', 'only bare'),
        ('container_format', 'ova', 'only bare'),
        ('container_format', 'docker', 'only bare'),
        ('container_format', 'compressed', 'only bare'),
        ('container_format', None, 'only bare'),
        ('os_hash_algo', 'sha3_512', "'sha3_512'"),
        ('os_hash_algo', 'crc32', "'crc32'"),
        ('os_hash_algo', None, 'no hash'),
        ('os_hash_algo', 7, 'no hash'),
        ('os_hash_value', None, 'no hash'),
        ('os_hash_value', 'abc', 'sha512'),
        ('os_hash_value', 'g' * 128, 'sha512'),
        ('status', 'deactivated', "'deactivated'"),
        ('status', 'queued', "'queued'"),
        ('status', 'deleted', "'deleted'"),
        ('status', 'pending_delete', "'pending_delete'"),
        ('status', 'killed', "'killed'"),
        ('status', None, 'None'),
        ('status', ['active'], 'active'),
    ],
)
def test_what_cannot_be_fetched_and_verified_is_refused(key, value, why):
    error = refusal(describe(**{key: value}))
    assert why in str(error)
    assert not error.retry


@pytest.mark.parametrize('status', ['saving', 'importing', 'uploading'])
def test_one_that_is_on_its_way_may_be_asked_for_again(status):
    assert refusal(describe(status=status)).retry


def test_a_key_that_is_missing_is_as_if_it_were_empty():
    body = describe()
    for key in 'status', 'size', 'disk_format', 'container_format', 'id':
        refusal({name: body[name] for name in body if name != key})


def test_md5_is_taken_where_there_is_nothing_else_and_told(caplog):
    body = describe(os_hash_algo=None, os_hash_value=None)
    with caplog.at_level(logging.WARNING):
        meta = read_image(body, IMAGE, SOURCE)
    assert meta.checksum == Checksum(algorithm='md5', value=body['checksum'])
    assert 'MD5' in caplog.text


def test_md5_is_not_told_of_where_there_is_better(caplog):
    read_image(describe(), IMAGE, SOURCE)
    assert caplog.text == ''


def test_without_any_hash_it_is_refused():
    body = describe(os_hash_algo=None, os_hash_value=None, checksum=None)
    assert 'no hash' in str(refusal(body))


def test_a_hash_is_in_lower_case():
    body = describe()
    body['os_hash_value'] = body['os_hash_value'].upper()
    read = read_image(body, IMAGE, SOURCE)
    assert read == read_image(describe(), IMAGE, SOURCE)


def test_a_virtual_size_of_nothing_is_not_known():
    meta = read_image(describe(virtual_size=0), IMAGE, SOURCE)
    assert meta.virtual_size is None


def test_only_texts_are_properties_and_none_of_glances_own():
    body = describe(
        vmware_adaptertype='ide',
        vmware_disktype='thin',
        odd=7,
        none=None,
        direct_url='file:///etc/passwd',
        locations=[{'url': 'file:///etc/passwd'}],
        stores='fast',
    )
    found = read_image(body, IMAGE, SOURCE).properties
    assert found == {'vmware_adaptertype': 'ide', 'vmware_disktype': 'thin'}


@pytest.mark.parametrize('body', [None, [], 'a', 7, True, [describe()]])
def test_what_is_no_description_is_refused(body):
    assert 'is it Glance' in str(refusal(body))


COUNTS = st.integers(0, MOST)


@hypothesis.given(
    size=COUNTS,
    virtual=st.none() | st.integers(1, MOST),
    min_disk=st.integers(0, 10**6),
    form=st.sampled_from(['raw', 'qcow2', 'vmdk', 'iso', 'vhd']),
    properties=st.dictionaries(
        st.from_regex(r'hw_[a-z]{1,8}', fullmatch=True), st.text(), max_size=5
    ),
)
def test_what_glance_says_is_what_is_read(
    size, virtual, min_disk, form, properties
):
    body = describe(
        size=size,
        virtual_size=virtual,
        min_disk=min_disk,
        disk_format=form,
        **properties,
    )
    meta = read_image(body, IMAGE, SOURCE)
    assert (meta.size, meta.virtual_size) == (size, virtual)
    assert (meta.min_disk, meta.disk_format) == (min_disk * 2**30, form)
    assert meta.properties == properties


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


@hypothesis.given(
    changes=st.dictionaries(st.sampled_from(sorted(describe())), JSON)
)
def test_whatever_it_says_is_a_value_or_an_error_of_the_source(changes):
    try:
        meta = read_image({**describe(), **changes}, IMAGE, SOURCE)
    except SourceError:
        return
    assert isinstance(meta, ImageMeta)
    assert (meta.image_id, meta.checksum is None) == (IMAGE, False)


def test_a_vhd_in_an_ovf_is_what_novas_plug_in_packs():
    packed = {'container_format': 'ovf', 'disk_format': 'vhd'}
    body = describe(b'x') | packed | {'virtual_size': 10_240}

    found = read_image(body, IMAGE, SOURCE)

    assert (found.disk_format, found.virtual_size) == ('vhd-tgz', None)
