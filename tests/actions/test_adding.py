"""What a source raises is blamed on it, and labels come with the image."""

import contextlib
import io

import pytest

from imagecache_handlers import HandlerFailed
from imagecache_handlers import ImageMeta
from imagecache_handlers import ImageNotFound
from imagecache_handlers.source import Holed
from imagecache_handlers import SourceError
from imagecache_handlers import StoreUnavailable
from imagecache_handlers import Unsupported
from tests.root.test_cache import Attic
from tests.root.test_cache import Bytes
from tests.root.test_cache import opened

META = ImageMeta(image_id='a', size=9, disk_format='raw')


class Storehouse(Attic):
    """A backend that keeps what it was given."""

    free = 1000

    def add(self, meta, content, store, labels=()):
        self.given = labels
        self.read = self.read_content(content)
        self.holed = isinstance(content, Holed)
        return super().add(meta, io.BytesIO(self.read), store)

    def read_content(self, content):
        return content.read()


class Wrapping(Storehouse):
    """One that takes every failure for its own."""

    def read_content(self, content):
        try:
            return content.read()
        except Exception as error:
            raise StoreUnavailable('s1', 'it cannot be written') from error


class Bad:
    """A source whose content, beginning or end is a failure."""

    def __init__(self, error=None, *, begin=None, end=None, content=None):
        self.error = error
        self.begin = begin
        self.end = end
        self.content = content
        self.closed = False

    def __str__(self):
        return 'somewhere'

    @contextlib.contextmanager
    def opened(self, image_id):
        if self.begin:
            raise self.begin
        try:
            yield META, self.content or self
        finally:
            self.closed = True
            if self.end:
                raise self.end

    def read(self, size=-1):
        raise self.error


def add(handler, source, **kwargs):
    return opened(handler).add('a', source, **kwargs)


ERRORS = [
    (OSError('no light'), 'OSError: no light'),
    (KeyError('odd'), "KeyError: 'odd'"),
    (ImageNotFound('a', 'at Glance'), 'is not in the cache: at Glance'),
    (SourceError('glance', 'gone'), "had from 'glance': gone"),
]


@pytest.mark.parametrize('kind', [Storehouse, Wrapping])
@pytest.mark.parametrize(('error', 'said'), ERRORS)
def test_what_it_raises_is_its_own_failure(kind, error, said):
    for source in (
        Bad(error),
        Bad(begin=error),
        Bad(end=error, content=io.BytesIO(b'x')),
    ):
        with pytest.raises(SourceError) as caught:
            add(kind('s1'), source)
        assert said in str(caught.value)


def test_what_is_not_bytes_is_its_failure_too():
    for content in 'text', None:
        source = Bad(content=io.BytesIO())
        source.content.read = lambda size=-1, content=content: content
        with pytest.raises(SourceError, match='TypeError'):
            add(Storehouse('s1'), source)


def test_what_is_no_source_at_all_says_so():
    for source in object(), Bytes:
        with pytest.raises(SourceError):
            add(Storehouse('s1'), source)


@pytest.mark.parametrize(
    'error', [StoreUnavailable('s1', 'away'), KeyError('a bug')]
)
def test_what_its_handler_raises_is_not(error):
    class Breaking(Storehouse):
        def read_content(self, content):
            content.read()
            raise error

    for end in None, OSError('at the end'):
        source = Bad(content=io.BytesIO(b'x'), end=end)
        with pytest.raises((StoreUnavailable, HandlerFailed)) as caught:
            add(Breaking('s1'), source)
        assert 'at the end' not in str(caught.value)
        assert source.closed


def test_labels_that_the_backend_refuses_open_no_source():
    class Strict(Storehouse):
        def check_labels(self, image_id, labels):
            raise Unsupported(image_id, ' '.join(labels))

    source = Bad(begin=OSError('it was opened'))
    with pytest.raises(Unsupported, match='pin.ops'):
        add(Strict('s1'), source, labels=['pin.ops'])


def test_it_is_closed_however_it_began():
    source = Bad(content=io.BytesIO(b'x'))
    source.opened_well = source.opened

    @contextlib.contextmanager
    def triple(image_id):
        with source.opened_well(image_id) as (meta, content):
            yield meta, content, 'and more'

    source.opened = triple
    with pytest.raises(SourceError, match='ValueError'):
        add(Storehouse('s1'), source)
    assert source.closed


def test_its_bytes_come_through_however_they_are_read():
    class Into(Storehouse):
        def read_content(self, content):
            buffer = bytearray(2)
            parts = []
            while size := content.readinto(buffer):
                parts.append(bytes(buffer[:size]))
            return b''.join(parts)

    for kind in Storehouse, Into:
        handler = kind('s1')
        add(handler, Bad(content=io.BytesIO(b'12345')))
        assert handler.read == b'12345'


def test_it_is_holed_only_where_the_source_is():
    class HoledBytes(io.BytesIO):
        def skip_hole(self):
            raise OSError('no holes')

    handler = Storehouse('s1')
    add(handler, Bad(content=io.BytesIO(b'1')))
    assert not handler.holed

    class Skipping(Storehouse):
        def read_content(self, content):
            content.skip_hole()

    with pytest.raises(SourceError, match='no holes'):
        add(Skipping('s1'), Bad(content=HoledBytes(b'1')))


def test_an_image_comes_with_its_labels():
    handler = Storehouse('s1')
    add(handler, Bytes(5), labels=['pin.ops', 'site.a'])
    assert set(handler.given) == {'pin.ops', 'site.a'}


def test_without_a_label_that_can_be_written_nothing_is_added():
    handler = Storehouse('s1')
    source = Bytes(5)
    with pytest.raises(ValueError, match='not a label'):
        add(handler, source, labels=['pin.ops', 'No!'])
    assert source.content.tell() == 0
    assert 'add' not in handler.calls
