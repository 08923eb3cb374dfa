"""Glance as a source, over real sockets, with a Glance that lies."""

import hashlib
import io
import json
import time
import tracemalloc

import pytest

from imagecache_handlers.exceptions import SourceError
from imagecache_handlers.sources.pieces import PIECE
from imagecache_handlers.sources.pieces import read_pieces
from tests.sources.given import log_in
from tests.sources.given import open_glance
from tests.sources.given import read_all
from tests.sources.given import refusal
from tests.sources.lying_server import CONTENT
from tests.sources.lying_server import Fault
from tests.sources.lying_server import IMAGE
from tests.sources.lying_server import LyingServer

SIZE = len(CONTENT)
HALF = SIZE // 2


@pytest.fixture
def source(server):
    return open_glance(server)


class TestDescribing:
    def test_all_that_is_known_is_told(self, server, source):
        server.image |= {'vmware_disktype': 'sparse', 'min_disk': 2}
        meta = source.describe(IMAGE)
        assert (meta.image_id, meta.size) == (IMAGE, SIZE)
        assert meta.disk_format == 'raw'
        assert meta.min_disk == 2 * 2**30
        assert meta.checksum.algorithm == 'sha512'
        assert meta.checksum.value == hashlib.sha512(CONTENT).hexdigest()
        assert meta.properties == {'vmware_disktype': 'sparse'}

    def test_the_endpoint_may_name_the_version(self, server):
        named = open_glance(server)
        server.url += '/v2/'
        assert open_glance(server).describe(IMAGE) == named.describe(IMAGE)

    @pytest.mark.parametrize(
        'image_id', ['a/b', '..', 'x' * 300, '', 'a?b', 'a%2fb', 'a\nb']
    )
    def test_a_hostile_id_is_not_asked_for(self, server, source, image_id):
        error = refusal(source.describe, image_id)
        assert not error.retry
        assert server.requests == []

    @pytest.mark.parametrize(
        ('metadata', 'why'),
        [
            (b'<html>Sign in</html>', 'no JSON'),
            (b'', 'no JSON'),
            (b'\xff\xfe', 'no JSON'),
            (b'[' * 100_000, 'no JSON'),
            (b'[]', 'describes no image'),
            (b'{}', 'another image'),
            (b' ' * (2**20 + 1), 'has no end'),
        ],
    )
    def test_what_describes_no_image_is_refused(
        self, server, source, metadata, why
    ):
        server.metadata = metadata
        error = refusal(source.describe, IMAGE)
        assert why in str(error)
        assert not error.retry

    def test_a_description_that_drips_ends(self, server, source):
        server.metadata = json.dumps(server.image).encode()
        server.metadata_faults = [Fault(drip=0.05)]
        begun = time.monotonic()
        error = refusal(source.describe, IMAGE)
        assert error.retry
        assert time.monotonic() - begun < 20

    def test_one_that_is_compressed_is_refused(self, server, source):
        server.metadata_faults = [Fault(headers={'Content-Encoding': 'gzip'})]
        assert 'nobody asked for' in str(refusal(source.describe, IMAGE))


class TestReading:
    @pytest.mark.parametrize('offset', [0, 1, HALF, SIZE - 1, SIZE])
    def test_the_bytes_are_those_from_there_on(self, source, offset):
        assert read_all(source, offset) == (offset, CONTENT[offset:])

    def test_nothing_is_asked_for_where_nothing_is_left(self, server, source):
        read_all(source, SIZE)
        assert server.ranges == []

    def test_pieces_are_small(self, source):
        meta = source.describe(IMAGE)
        with source.read_from(meta, 0) as stretch:
            sizes = [len(piece) for piece in stretch.chunks]
        assert sum(sizes) == SIZE
        assert max(sizes) <= PIECE

    def test_pieces_are_few(self):
        # However little comes at once.
        sent = io.BytesIO(CONTENT)
        pieces = read_pieces(lambda size: sent.read(min(size, 4096)), 3600)
        whole, rest = divmod(SIZE, PIECE)
        assert [len(one) for one in pieces] == [PIECE] * whole + [rest]

    def test_memory_does_not_grow_with_the_image(self):
        with LyingServer(content=bytes(48 * PIECE)) as server:
            source = open_glance(server)
            meta = source.describe(IMAGE)
            with source.read_from(meta, 0) as stretch:
                next(stretch.chunks)
                tracemalloc.start()
                for _ in stretch.chunks:
                    pass
                most = tracemalloc.get_traced_memory()[1]
                tracemalloc.stop()
        assert most < 8 * PIECE

    def test_one_that_ignores_ranges_starts_again(self, server, source):
        server.faults = [Fault(status=200)]
        assert read_all(source, HALF) == (0, CONTENT)

    def test_a_length_need_not_be_told(self, server, source):
        server.faults = [Fault(without=('Content-Length',))]
        assert read_all(source) == (0, CONTENT)


class TestFaults:
    def test_a_cut_is_told_where_it_is(self, server, source):
        server.faults = [Fault(cut=HALF)]
        meta = source.describe(IMAGE)
        got = b''
        with (
            source.read_from(meta, 0) as stretch,
            pytest.raises(SourceError) as caught,
        ):
            for piece in stretch.chunks:
                got += piece
        assert caught.value.retry
        assert CONTENT.startswith(got)
        assert HALF - len(got) < PIECE
        assert read_all(source, len(got)) == (len(got), CONTENT[len(got) :])

    def test_an_end_that_comes_early_is_none(self, server, source):
        server.faults = [Fault(without=('Content-Length',), cut=HALF)]
        error = refusal(read_all, source)
        assert error.retry
        assert 'cut off' in str(error)

    def test_who_stalls_is_left(self, server, source):
        server.faults = [Fault(stall=HALF)]
        begun = time.monotonic()
        error = refusal(read_all, source)
        assert error.retry
        assert time.monotonic() - begun < 20

    def test_who_drips_is_left(self, server, source):
        server.faults = [Fault(drip=0.05)]
        error = refusal(read_all, source)
        assert error.retry
        assert 'next to nothing' in str(error)

    def test_who_drips_headers_is_left(self, server, source):
        server.faults = [Fault(slow_headers=0.1)]
        error = refusal(read_all, source)
        assert error.retry

    def test_more_bytes_than_there_are_is_an_error(self, server, source):
        more = CONTENT + b'x'
        server.faults = [Fault(body=more, without=('Content-Length',))]
        error = refusal(read_all, source)
        assert 'more than' in str(error)
        assert not error.retry

    @pytest.mark.parametrize(
        ('length', 'why'),
        [
            (str(SIZE - 1), 'not what was said'),
            (str(SIZE + 1), 'not what was said'),
            ('-5', 'Content-Length'),
        ],
    )
    def test_a_length_that_is_wrong_is_an_error(
        self, server, source, length, why
    ):
        server.faults = [Fault(headers={'Content-Length': length})]
        error = refusal(read_all, source)
        assert why in str(error)
        assert not error.retry

    @pytest.mark.parametrize(
        'said',
        [
            f'bytes 0-{SIZE - 1}/{SIZE}',
            f'bytes {HALF}-{SIZE - 1}/{SIZE + 1}',
            f'bytes {HALF}-{SIZE - 2}/{SIZE}',
            f'bytes {HALF}-{SIZE - 1}/*',
            'bytes */0',
            '',
            'bytes',
        ],
    )
    def test_another_range_is_an_error(self, server, source, said):
        server.faults = [Fault(headers={'Content-Range': said})]
        error = refusal(read_all, source, HALF)
        assert f'asked for bytes {HALF}-' in str(error)
        assert not error.retry

    def test_a_part_is_an_error_where_all_was_asked_for(self, server, source):
        server.faults = [Fault(status=206)]
        assert '206' in str(refusal(read_all, source))

    @pytest.mark.parametrize('encoding', ['gzip', 'br', 'zstd', 'deflate'])
    def test_compressed_bytes_are_an_error(self, server, source, encoding):
        server.faults = [Fault(headers={'Content-Encoding': encoding})]
        error = refusal(read_all, source)
        assert 'nobody asked for' in str(error)
        assert not error.retry

    @pytest.mark.parametrize(
        ('status', 'retry', 'why'),
        [
            (204, False, '204'),
            (400, False, '400'),
            (401, False, 'credentials'),
            (403, False, 'forbidden'),
            (404, False, 'check the id'),
            (408, True, '408'),
            (409, True, 'changed'),
            (410, False, 'gone'),
            (416, False, 'another one by now'),
            (429, True, 'too often'),
            (500, True, 'failed'),
            (502, True, '502'),
            (503, True, 'out of service'),
            (504, True, '504'),
        ],
    )
    def test_a_status_tells_if_it_may_help_to_ask_again(
        self, server, source, status, retry, why
    ):
        meta = source.describe(IMAGE)
        server.faults = [Fault(status=status, body=b'')]
        error = refusal(read_all, source, HALF, meta)
        assert error.retry == retry
        assert why in str(error)
        assert error.after is None

    def test_it_says_when_it_will_be_there_again(self, server, source):
        server.metadata_faults = [
            Fault(status=503, headers={'Retry-After': '7'})
        ]
        error = refusal(source.describe, IMAGE)
        assert (error.retry, error.after) == (True, 7)

    def test_nobody_there_is_worth_another_try(self, server, source):
        server.__exit__()
        assert refusal(source.describe, IMAGE).retry

    def test_an_image_that_goes_half_way_is_gone(self, server, source):
        meta = source.describe(IMAGE)
        server.faults = [Fault(status=404, body=b'')]
        assert not refusal(read_all, source, HALF, meta).retry

    def test_an_image_that_is_deactivated_is_refused(self, server, source):
        server.image['status'] = 'deactivated'
        error = refusal(source.describe, IMAGE)
        assert "'deactivated'" in str(error)
        assert not error.retry

    def test_one_that_is_replaced_is_seen_by_its_length(self, server, source):
        meta = source.describe(IMAGE)
        server.content = CONTENT + CONTENT
        error = refusal(read_all, source, HALF, meta)
        assert not error.retry


class TestRedirects:
    def test_another_place_of_the_same_host_is_followed(self, server, source):
        there = f'/v2/images/{IMAGE}/file'
        server.faults = [Fault(status=307, headers={'Location': there})]
        assert read_all(source, HALF) == (HALF, CONTENT[HALF:])

    @pytest.mark.parametrize(
        'place',
        [
            'https://elsewhere.example.org/image',
            'http://127.0.0.1:1/image',
            'https://127.0.0.1/image',
            'http://169.254.169.254/latest/meta-data/',
            'http://localhost/image',
            '//elsewhere.example.org/image',
            'file:///etc/passwd',
            'ftp://127.0.0.1/image',
            'http://[::1',
            '',
        ],
    )
    def test_any_other_place_is_not(self, server, source, place):
        server.faults = [Fault(status=302, headers={'Location': place})]
        meta = source.describe(IMAGE)
        error = refusal(read_all, source, 0, meta)
        assert 'it sends us' in str(error)
        assert not error.retry

    def test_what_comes_with_it_is_not_read(self, server, source):
        meta = source.describe(IMAGE)
        place = {'Location': 'http://127.0.0.1:1/'}
        server.faults = [Fault(status=302, headers=place, stall=10)]
        assert 'it sends us' in str(refusal(read_all, source, 0, meta))

    def test_going_round_ends(self, server, source):
        there = f'/v2/images/{IMAGE}/file'
        fault = Fault(status=302, headers={'Location': there}, body=b'')
        server.faults = [fault] * 20
        meta = source.describe(IMAGE)
        assert 'from place to place' in str(refusal(read_all, source, 0, meta))
        assert len(server.ranges) < 10


class Nobody(set):
    """Tokens that are given out and not taken."""

    def __contains__(self, token):
        return False


class TestTokens:
    @pytest.fixture
    def server(self):
        with LyingServer() as found:
            found.tokens = set()
            found.catalog = [
                {
                    'type': 'image',
                    'name': 'glance',
                    'id': 'i',
                    'endpoints': [
                        {
                            'id': 'e',
                            'interface': 'public',
                            'region_id': 'one',
                            'region': 'one',
                            'url': found.url,
                        }
                    ],
                }
            ]
            yield found

    def test_one_token_serves_many_requests(self, server):
        source = log_in(server)
        assert read_all(source, HALF) == (HALF, CONTENT[HALF:])
        assert server.given == 1
        assert {token for path, _, token in server.requests} == {
            'token-1',
            None,
        }

    def test_one_that_has_ended_is_renewed(self, server):
        source = log_in(server)
        meta = source.describe(IMAGE)
        server.tokens.clear()
        assert read_all(source, HALF, meta) == (HALF, CONTENT[HALF:])
        assert server.given == 2

    def test_it_is_renewed_once(self, server):
        source = log_in(server)
        meta = source.describe(IMAGE)
        server.requests.clear()
        server.tokens = Nobody()
        error = refusal(read_all, source, HALF, meta)
        assert not error.retry
        assert 'credentials' in str(error)
        assert (server.given, len(server.ranges)) == (2, 2)

    def test_where_there_is_no_token_nothing_is_asked_twice(self, server):
        source = open_glance(server)
        error = refusal(source.describe, IMAGE)
        assert 'credentials' in str(error)
        assert len(server.requests) == 1

    def test_another_region_is_not_taken(self, server):
        error = refusal(log_in(server, region_name='two').describe, IMAGE)
        assert 'check region_name' in str(error)
        assert not error.retry

    def test_another_interface_is_not_taken(self, server):
        error = refusal(log_in(server, interface='internal').describe, IMAGE)
        assert 'set [imagecache_glance] endpoint' in str(error)

    def test_a_catalogue_leads_nowhere_near_by_itself(self, server):
        place = 'http://169.254.169.254/'
        server.catalog[0]['endpoints'][0]['url'] = place
        error = refusal(log_in(server).describe, IMAGE)
        assert 'secrets' in str(error)

    def test_the_endpoint_that_is_set_has_its_way(self, server):
        server.catalog = []
        source = log_in(server, endpoint=server.url)
        assert source.describe(IMAGE).size == SIZE

    @pytest.mark.parametrize(
        ('status', 'retry'),
        [(401, False), (403, False), (404, False), (500, True), (503, True)],
    )
    def test_keystone_lets_nobody_in(self, server, status, retry):
        server.metadata_faults = [Fault(status=status, body=b'{}')] * 3
        error = refusal(log_in(server).describe, IMAGE)
        assert error.source == 'Keystone'
        assert error.retry == retry
        assert 'a-secret' not in str(error)

    @pytest.mark.parametrize('body', [b'{}', b'<html>', b'[]', b'{"token":1}'])
    def test_an_answer_of_somebody_else_is_no_token(self, server, body):
        server.metadata_faults = [Fault(status=201, body=body)]
        assert refusal(log_in(server).describe, IMAGE).source == 'Keystone'

    def test_keystone_that_drips_is_left(self, server):
        server.metadata_faults = [Fault(body=b' ' * 99, drip=0.05)]
        error = refusal(log_in(server).describe, IMAGE)
        assert 'next to nothing' in str(error)
        assert error.retry

    def test_keystone_that_is_cut_off_may_be_asked_again(self, server):
        server.metadata_faults = [Fault(body=b' ' * 99, cut=9)]
        assert refusal(log_in(server).describe, IMAGE).retry

    def test_keystone_that_is_away_may_be_asked_again(self, server):
        server.__exit__()
        error = refusal(log_in(server).describe, IMAGE)
        assert (error.source, error.retry) == ('Keystone', True)

    def test_what_keystone_says_has_an_end(self, server):
        server.metadata_faults = [Fault(body=b' ' * (2**20 + 1))]
        error = refusal(log_in(server).describe, IMAGE)
        assert 'has no end' in str(error)

    def test_keystone_sends_nobody_elsewhere(self, server):
        place = {'Location': 'http://169.254.169.254/v3/auth/tokens'}
        server.metadata_faults = [Fault(status=302, headers=place, body=b'')]
        assert refusal(log_in(server).describe, IMAGE).source == 'Keystone'
