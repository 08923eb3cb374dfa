"""A URL as a source, with the hash that a person gives."""

import hashlib
import socket

import pytest

from imagecache_handlers.sources.url import UrlSource
from tests.sources.given import open_url
from tests.sources.given import read_all
from tests.sources.given import refusal
from tests.sources.lying_server import CONTENT
from tests.sources.lying_server import Fault
from tests.sources.lying_server import IMAGE
from tests.sources.lying_server import LyingServer

SUM = f'sha256:{hashlib.sha256(CONTENT).hexdigest()}'
HALF = len(CONTENT) // 2


@pytest.fixture
def source(server):
    return open_url(server, SUM)


def test_it_tells_size_and_hash(source):
    meta = source.describe('debian-12')
    assert (meta.image_id, meta.size) == ('debian-12', len(CONTENT))
    assert (meta.disk_format, meta.checksum.algorithm) == ('raw', 'sha256')
    assert meta.checksum.value == hashlib.sha256(CONTENT).hexdigest()


def test_it_tells_the_format_by_the_first_bytes():
    with LyingServer(content=b'QFI\xfb' + bytes(10**6)) as server:
        meta = open_url(server, SUM).describe(IMAGE)
    assert meta.disk_format == 'qcow2'


def test_it_tells_the_kind_of_a_vmdk():
    content = b'KDMV' + bytes(508) + b'createType="monolithicSparse"\n'
    with LyingServer(content=content) as server:
        meta = open_url(server, SUM).describe(IMAGE)
    assert meta.properties == {'vmware_disktype': 'sparse'}


def test_a_long_hash_in_capitals_is_one(server):
    text = f'SHA512:{hashlib.sha512(CONTENT).hexdigest().upper()}'
    meta = open_url(server, text).describe(IMAGE)
    assert meta.checksum.value == hashlib.sha512(CONTENT).hexdigest()


@pytest.mark.parametrize('offset', [0, HALF])
def test_it_is_read_from_any_byte_on(source, offset):
    assert read_all(source, offset) == (offset, CONTENT[offset:])


def test_one_that_ignores_ranges_starts_again(server, source):
    meta = source.describe(IMAGE)
    server.faults = [Fault(status=200)]
    assert read_all(source, HALF, meta) == (0, CONTENT)


@pytest.mark.parametrize(
    'text',
    ['', 'sha256', 'sha256:', 'sha256:abc', 'crc32:12', f'md5:{"a" * 32}'],
)
def test_a_hash_that_proves_nothing_is_refused(server, text):
    error = refusal(open_url, server, text)
    assert 'sha256' in str(error)
    assert not error.retry


def test_without_a_length_it_says_what_to_do(server, source):
    server.faults = [Fault(without=('Content-Length',))]
    error = refusal(source.describe, IMAGE)
    assert 'download it' in str(error)
    assert not error.retry


@pytest.mark.parametrize('length', ['-1', 'many', '1_000', '٣'])
def test_a_length_that_is_none_is_refused(server, source, length):
    sent = length.encode().decode('latin-1')
    server.faults = [Fault(headers={'Content-Length': sent})]
    assert 'Content-Length' in str(refusal(source.describe, IMAGE))


def test_a_page_that_is_not_there_is_no_image(server, source):
    server.faults = [Fault(status=404, body=b'<html>')]
    assert not refusal(source.describe, IMAGE).retry


@pytest.mark.parametrize('image_id', ['a/b', '..', 'x' * 300, ''])
def test_a_hostile_id_is_refused(source, image_id):
    assert 'cannot name' in str(refusal(source.describe, image_id))


@pytest.mark.parametrize(
    'url',
    [
        'file:///etc/passwd',
        'http://169.254.169.254/latest/',
        'https://me:secret@example.org/a',
        'http://[::1',
    ],
)
def test_what_is_no_place_of_images_is_refused(url):
    assert 'secret@' not in str(refusal(UrlSource, url, SUM))


def test_a_name_that_leads_to_this_host_is_not_asked(server, monkeypatch):
    """As an attacker's name server has it, after the name was checked."""
    real = socket.getaddrinfo

    def lead_here(host, *arguments, **keywords):
        return real('127.0.0.1', *arguments, **keywords)

    monkeypatch.setattr(socket, 'getaddrinfo', lead_here)
    url = f'http://images.example.org:{server.port}/image.raw'
    error = refusal(UrlSource(url, SUM).describe, IMAGE)
    assert 'stands for 127.0.0.1' in str(error)
    assert server.requests == []


def test_this_host_is_asked_where_a_person_says_so(server):
    source = UrlSource(f'{server.url}/image.raw', SUM)
    assert read_all(source) == (0, CONTENT)
