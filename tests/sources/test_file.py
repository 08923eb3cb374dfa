"""A file as a source."""

import hashlib
import os

import pytest

from imagecache_handlers.checksum import Checksum
from imagecache_handlers.exceptions import SourceError
from imagecache_handlers.source import Hole
from imagecache_handlers.sources.file import FileSource
from imagecache_handlers.sources.pieces import PIECE
from tests.sources.given import read_all
from tests.sources.lying_server import CONTENT
from tests.sources.lying_server import IMAGE

CHECKSUM = Checksum(
    algorithm='sha256', value=hashlib.sha256(CONTENT).hexdigest()
)
SUM = f'sha256:{CHECKSUM.value}'
HALF = len(CONTENT) // 2


@pytest.fixture
def path(tmp_path):
    path = tmp_path / 'image.raw'
    path.write_bytes(CONTENT)
    return path


def refusal(action, *arguments):
    with pytest.raises(SourceError) as caught:
        action(*arguments)
    assert not caught.value.retry
    return str(caught.value)


def test_it_tells_what_it_is(path):
    meta = FileSource(str(path), SUM).describe(IMAGE)
    assert (meta.image_id, meta.size) == (IMAGE, len(CONTENT))
    assert (meta.disk_format, meta.checksum) == ('raw', CHECKSUM)
    assert FileSource(str(path)).describe(IMAGE).checksum is None


@pytest.mark.parametrize('offset', [0, HALF, len(CONTENT), len(CONTENT) + 9])
def test_with_a_hash_it_is_read_from_any_byte_on(path, offset):
    start, content = read_all(FileSource(str(path), SUM), offset)
    assert start == min(offset, len(CONTENT))
    assert content == CONTENT[offset:]


def test_without_one_it_is_read_from_the_first(path):
    assert read_all(FileSource(str(path)), HALF) == (0, CONTENT)


def test_holes_are_not_read(tmp_path):
    path = tmp_path / 'sparse.raw'
    with path.open('wb') as file:
        file.write(b'head')
        file.seek(5 * 2**20)
        file.write(b'tail')
        file.truncate(9 * 2**20 + 5)
    source = FileSource(str(path))
    meta = source.describe(IMAGE)
    with source.read_from(meta, 0) as stretch:
        pieces = list(stretch.chunks)
    assert b''.join(pieces) == path.read_bytes()
    read = sum(len(one) for one in pieces if not isinstance(one, Hole))
    # A piece at each of the two that are written.
    assert 8 <= read <= 2 * PIECE


def test_one_of_another_size_than_it_was_described_with_is_refused(path):
    source = FileSource(str(path))
    meta = source.describe(IMAGE)
    path.write_bytes(CONTENT + b'x')
    assert 'now has' in refusal(read_all, source, 0, meta)


def test_one_that_is_changed_while_it_is_read_is_refused(path):
    source = FileSource(str(path))
    meta = source.describe(IMAGE)

    def read():
        with source.read_from(meta, 0) as stretch:
            next(stretch.chunks)
            os.utime(path, ns=(1, 1))
            list(stretch.chunks)

    assert 'changed while' in refusal(read)


def test_a_link_of_somebody_else_is_refused(path, tmp_path, monkeypatch):
    folder = tmp_path / 'anybody'
    folder.mkdir(mode=0o777)
    folder.chmod(0o777)
    (folder / 'link').symlink_to(path)
    text = refusal(FileSource(str(folder / 'link')).describe, IMAGE)
    assert 'symlink' in text


@pytest.mark.parametrize('image_id', ['a/b', '..', 'x' * 300, ''])
def test_a_hostile_id_is_refused(path, image_id):
    assert 'cannot name' in refusal(FileSource(str(path)).describe, image_id)


def test_what_is_no_file_is_refused(tmp_path):
    refusal(FileSource(str(tmp_path)).describe, IMAGE)
    refusal(FileSource(str(tmp_path / 'none')).describe, IMAGE)
    os.mkfifo(tmp_path / 'pipe')
    refusal(FileSource(str(tmp_path / 'pipe')).describe, IMAGE)


def test_a_hash_that_is_none_is_refused(path):
    assert 'sha256' in refusal(FileSource, str(path), 'md5:1')
