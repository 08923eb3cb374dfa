"""Glance 33, unmodified, as a source; and one that has faults before it."""

import hashlib
import random

import pytest
import requests

from imagecache_handlers.exceptions import ConfigurationError
from imagecache_handlers.exceptions import SourceError
from imagecache_handlers.sources.loading import load_source
from tests.functional.glance.fault_proxy import Fault
from tests.functional.glance.fault_proxy import FaultProxy
from tests.functional.glance.serving import serving
from tests.sources.given import configure
from tests.sources.lying_server import describe

CONTENT = random.Random(17).randbytes(5 * 2**20 + 77)
SIZE = len(CONTENT)
HALF = SIZE // 2


@pytest.fixture(scope='module')
def glance(tmp_path_factory):
    with serving(tmp_path_factory.mktemp('glance')) as found:
        yield found


@pytest.fixture
def proxy(glance):
    with FaultProxy(int(glance.url.rpartition(':')[2])) as found:
        yield found


@pytest.fixture
def image(glance):
    return glance.upload(CONTENT)


def open_source(url):
    given = {'auth_type': 'none', 'endpoint': url, 'timeout_seconds': 2}
    return load_source(configure(**given))


def read_all(source, meta, offset=0):
    with source.read_from(meta, offset) as stretch:
        return stretch.start, b''.join(stretch.chunks)


def refusal(action, *arguments):
    with pytest.raises(SourceError) as caught:
        action(*arguments)
    return caught.value


def test_an_image_is_described(glance):
    image = glance.upload(CONTENT, vmware_disktype='thin', min_disk=3)
    meta = open_source(glance.url).describe(image)
    assert (meta.image_id, meta.size) == (image, SIZE)
    assert (meta.disk_format, meta.min_disk) == ('raw', 3 * 2**30)
    assert meta.checksum.algorithm == 'sha512'
    assert meta.checksum.value == hashlib.sha512(CONTENT).hexdigest()
    assert meta.properties['vmware_disktype'] == 'thin'
    assert {*meta.properties} <= {'vmware_disktype', 'os_hash_algo'}


@pytest.mark.parametrize('offset', [0, 1, HALF, SIZE - 1, SIZE])
def test_its_bytes_are_those_that_were_uploaded(glance, image, offset):
    source = open_source(glance.url)
    meta = source.describe(image)
    assert read_all(source, meta, offset) == (offset, CONTENT[offset:])


def test_one_that_is_not_there(glance):
    error = refusal(open_source(glance.url).describe, 'a-b')
    assert not error.retry
    assert 'check the id' in str(error)


def test_one_without_bytes_is_not_fetched(glance):
    image = glance.create()
    error = refusal(open_source(glance.url).describe, image)
    assert "'queued'" in str(error)


@pytest.mark.parametrize('container', ['ovf', 'ova', 'docker'])
def test_one_in_a_container_is_refused(glance, container):
    image = glance.upload(CONTENT, container_format=container)
    error = refusal(open_source(glance.url).describe, image)
    assert 'only bare' in str(error)


def test_one_that_is_deleted_half_way_is_gone(glance, image):
    source = open_source(glance.url)
    meta = source.describe(image)
    glance.call('DELETE', f'/{image}')
    for action in (
        lambda: read_all(source, meta, HALF),
        lambda: source.describe(image),
    ):
        assert not refusal(action).retry


def test_one_that_is_deactivated_is_described_no_more(glance, image):
    source = open_source(glance.url)
    source.describe(image)
    glance.call('POST', f'/{image}/actions/deactivate')
    assert "'deactivated'" in str(refusal(source.describe, image))


def test_a_cut_is_resumed(glance, image, proxy):
    source = open_source(proxy.url)
    meta = source.describe(image)
    proxy.faults = [Fault(cut=HALF)]
    got = b''
    with (
        source.read_from(meta, 0) as stretch,
        pytest.raises(SourceError) as caught,
    ):
        for piece in stretch.chunks:
            got += piece
    assert caught.value.retry
    assert 0 <= HALF - len(got) <= 2**20
    start, rest = read_all(source, meta, len(got))
    assert hashlib.sha512(got[:start] + rest).hexdigest() == (
        meta.checksum.value
    )
    assert proxy.ranges == [None, f'bytes={len(got)}-']


@pytest.mark.parametrize(
    ('fault', 'retry'),
    [
        (Fault(stall=HALF), True),
        (Fault(stall=0), True),
        (Fault(lie=-100), False),
        (Fault(lie=100), False),
        (Fault(status=200), False),
        (Fault(headers={'Content-Range': f'bytes 0-9/{SIZE}'}), False),
        (Fault(headers={'Content-Encoding': 'gzip'}), False),
        (Fault(status=401), False),
        (Fault(status=404), False),
        (Fault(status=416), False),
        (Fault(status=500), True),
        (Fault(status=503, headers={'Retry-After': '3'}), True),
    ],
)
def test_a_fault_is_told(image, proxy, fault, retry):
    source = open_source(proxy.url)
    meta = source.describe(image)
    proxy.faults = [fault]
    error = refusal(read_all, source, meta, HALF)
    assert error.retry == retry
    assert error.after == (3 if fault.status == 503 else None)


# openstacksdk says so of itself.
@pytest.mark.filterwarnings('ignore:Support for InfluxDB')
def test_a_cloud_is_as_its_file_says(glance, image, monkeypatch, tmp_path):
    folder = tmp_path / '.config/openstack'
    folder.mkdir(parents=True)
    (folder / 'clouds.yaml').write_text(
        'clouds:\n  ours:\n    auth_type: none\n'
        f'    auth:\n      endpoint: {glance.url}\n'
    )
    monkeypatch.setenv('HOME', str(tmp_path))
    source = load_source(configure(cloud='ours'))
    assert source.describe(image).size == SIZE
    with pytest.raises(ConfigurationError, match='cloud .theirs.'):
        load_source(configure(cloud='theirs'))


def test_the_fake_says_what_glance_says(glance, image):
    """The Glance of tests/sources lies only where it is told to."""
    said = glance.call('GET', f'/{image}').json()
    ours = describe(CONTENT)
    assert {*ours} <= {*said}
    same = 'size', 'status', 'checksum', 'os_hash_algo', 'os_hash_value'
    assert {key: said[key] for key in same} == {key: ours[key] for key in same}
    headers = {'Range': f'bytes={HALF}-'}
    answer = glance.call('GET', f'/{image}/file', headers=headers)
    assert isinstance(answer, requests.Response)
    assert answer.status_code == 206
    said = f'bytes {HALF}-{SIZE - 1}/{SIZE}'
    assert answer.headers['Content-Range'] == said
