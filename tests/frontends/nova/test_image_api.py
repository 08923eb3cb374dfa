"""Images by way of Nova's own client of the image service."""

import unittest

from imagecache_handlers.frontends.nova.image_api import ImageApiSource
from imagecache_handlers import SourceError
from tests.frontends.nova.things import Api

DATA = bytes(range(256)) * 40


class Refusal(Exception):
    """An error with a code, as Nova's and those of HTTP have it."""

    def __init__(self, code):
        super().__init__(f'refused with {code}')
        self.code = code


class TestImageApi(unittest.TestCase):
    def setUp(self):
        self.api = Api('a', DATA)

    def source(self, **said):
        self.api.said = said
        return ImageApiSource(self.api, 'context')

    def test_what_an_image_is(self):
        meta = self.source(min_disk=2).describe('a')
        self.assertEqual(('a', len(DATA)), (meta.image_id, meta.size))
        self.assertEqual('raw', meta.disk_format)
        self.assertEqual('sha512', meta.checksum.algorithm)
        self.assertEqual(2 * 2**30, meta.min_disk)
        self.assertEqual({'hw_disk_bus': 'scsi'}, dict(meta.properties))
        self.assertEqual([('context', 'a')], self.api.asked)

    def test_no_property_stands_for_what_the_service_says(self):
        said = {'status': 'active', 'size': 1, 'id': 'b', 'disk_format': 'ami'}
        meta = self.source(properties=said).describe('a')
        self.assertEqual(('raw', len(DATA)), (meta.disk_format, meta.size))
        with self.assertRaises(SourceError):
            self.source(status='deleted', properties=said).describe('a')

    def test_what_is_no_image_to_be_had(self):
        for said in (
            {'status': 'queued'},
            {'container_format': 'ovf'},
            {'size': None},
            {'id': 'b'},
            {'os_hash_value': 'x'},
            {'properties': None, 'disk_format': None},
        ):
            with self.subTest(said), self.assertRaises(SourceError):
                self.source(**said).describe('a')

    def test_bytes_are_all_of_them_wherever_one_begins(self):
        source = self.source()
        meta = source.describe('a')
        for offset in 0, 100:
            with source.read_from(meta, offset) as stretch:
                self.assertEqual(0, stretch.start)
                self.assertEqual(DATA, b''.join(stretch.chunks))

    def test_what_nova_raises_is_the_sources_error(self):
        for error, retry in (
            (Refusal(404), False),
            (Refusal(403), False),
            (Refusal(503), True),
            (Refusal('odd'), True),
            (OSError('cut off'), True),
        ):
            source = self.source()
            meta = source.describe('a')
            for method in 'get', 'download':
                with self.subTest(f'{error} {method}'):
                    self.fail_in(method, error)
                    with self.assertRaises(SourceError) as caught:
                        source.describe('a')
                        with source.read_from(meta, 0):
                            pass
                    self.assertEqual(retry, caught.exception.retry)
                    self.assertIn(str(error), str(caught.exception))
                    delattr(self.api, method)

    def fail_in(self, method, error):
        def fail(*given):
            raise error

        setattr(self.api, method, fail)

    def test_bytes_that_fail_on_the_way(self):
        def pieces():
            yield DATA[:10]
            raise OSError('hash mismatch')

        source = self.source()
        meta = source.describe('a')
        self.api.download = lambda *given: pieces()
        with (
            self.assertRaisesRegex(SourceError, 'hash mismatch'),
            source.read_from(meta, 0) as stretch,
        ):
            list(stretch.chunks)

    def test_an_image_without_bytes(self):
        source = self.source()
        meta = source.describe('a')
        self.api.download = lambda *given: None
        with self.assertRaises(SourceError), source.read_from(meta, 0):
            pass
