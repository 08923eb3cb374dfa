"""Fetching: whole and verified, however often it is cut off."""

import hashlib
import os
import random

import pytest

from imagecache_handlers import SourceError
from imagecache_handlers.staging.limits import Limits
from imagecache_handlers.staging.stage import Stages
from imagecache_handlers import Stopped
from tests.staging.clock import Ticks
from tests.staging.sources import Memory
from tests.staging.sources import meta_of
from tests.staging.sources import PIECE
from tests.staging.sources import random_bytes

SIZE = 3 * 2**20 + 17


@pytest.fixture
def ticks():
    return Ticks()


@pytest.fixture
def stages(tmp_path, ticks):
    return Stages(f'{tmp_path}/stages', clocks=ticks.clocks)


def fetch(stages, source):
    with stages.open_stage(source.meta) as stage:
        fetched = stage.fetch_image(source)
        with stage.open_content() as (meta, content, sha256):
            assert fetched.sha256 == sha256
            return fetched, content.read()


def test_an_image_comes_whole(stages):
    content = random_bytes(SIZE)

    fetched, found = fetch(stages, Memory.of(content))

    assert found == content
    assert fetched.sha256 == hashlib.sha256(content).hexdigest()
    assert (fetched.size, fetched.tries, fetched.found) == (SIZE, 1, 0)


@pytest.mark.parametrize('is_silent', [False, True])
def test_a_cut_is_gone_on_from(stages, is_silent):
    content = random_bytes(SIZE)
    cuts = [0, 1, 2**16, 2**20 + 5, SIZE - 1]
    source = Memory.of(content, cuts=cuts.copy(), is_silent=is_silent)

    fetched, found = fetch(stages, source)

    assert found == content
    assert source.offsets == [0, *cuts]
    assert source.given == fetched.size == SIZE
    assert fetched.tries == 6


def test_each_of_200_places_is_gone_on_from(stages):
    size = 2**18 + 17
    content = random_bytes(size)
    places = sorted(random.Random(1).sample(range(size), 200))
    refetched = []
    for number, place in enumerate(places):
        meta = meta_of(content, f'image-{number}')
        source = Memory(content, meta, cuts=[place])
        with stages.open_stage(meta) as stage:
            fetched = stage.fetch_image(source)
            stage.drop()
        assert fetched.sha256 == hashlib.sha256(content).hexdigest()
        refetched.append(source.given - size)
    assert max(refetched) == 0


def test_a_source_that_ignores_where_begins_over(stages):
    content = random_bytes(SIZE)
    source = Memory.of(content, cuts=[SIZE // 2], starts_over=True)

    fetched, found = fetch(stages, source)

    assert found == content
    assert fetched.size == SIZE + SIZE // 2


def refusal(stages, source):
    with (
        stages.open_stage(source.meta) as stage,
        pytest.raises(SourceError) as caught,
    ):
        stage.fetch_image(source)
    return caught.value


def is_empty(stages):
    return not os.listdir(stages.folder)


def test_bytes_from_elsewhere_are_refused(stages):
    source = Memory.of(random_bytes(SIZE), cuts=[SIZE // 2])
    source.lies_by = 5

    assert 'it gives bytes from' in refusal(stages, source).why
    assert is_empty(stages)


@pytest.mark.parametrize('algorithm', ['sha512', 'sha256', 'md5'])
def test_a_wrong_hash_is_refused(stages, algorithm):
    content = random_bytes(SIZE)
    meta = meta_of(content, algorithm=algorithm)
    source = Memory(b'x' + content[1:], meta)

    error = refusal(stages, source)

    assert 'another hash than announced' in error.why
    assert not error.retry
    assert len(source.offsets) == 1
    assert is_empty(stages)


@pytest.mark.parametrize('algorithm', ['sha512', 'sha256', 'md5', None])
def test_each_hash_is_checked(stages, algorithm, caplog):
    content = random_bytes(SIZE)
    meta = meta_of(content, algorithm=algorithm)

    fetched, _ = fetch(stages, Memory(content, meta))

    assert fetched.sha256 == hashlib.sha256(content).hexdigest()
    assert ('md5 only' in caplog.text) == (algorithm == 'md5')


@pytest.mark.parametrize('surplus', [1, 2**21])
def test_too_many_bytes_are_refused(stages, surplus):
    content = random_bytes(SIZE)
    source = Memory(content + bytes(surplus), meta_of(content))

    assert 'announced' in refusal(stages, source).why
    assert is_empty(stages)


def test_too_few_bytes_are_asked_for_again_and_then_refused(stages, ticks):
    content = random_bytes(SIZE)
    source = Memory(content[:-1], meta_of(content))

    error = refusal(stages, source)

    assert error.why == f'{SIZE - 1:,} of {SIZE:,} bytes came'
    assert error.retry
    assert source.offsets == [0] + [SIZE - 1] * 4
    assert 0.5 + 1 + 2 + 4 <= 2 * ticks.slept <= 2 * (1 + 2 + 4 + 8)


def failing(count, after=None):
    return [
        SourceError('memory', 'busy', retry=True, after=after)
        for _ in range(count)
    ]


def test_tries_in_a_row_are_bounded(stages):
    source = Memory.of(random_bytes(SIZE), errors=failing(10))

    assert refusal(stages, source).why == 'busy'
    assert len(source.offsets) == 5


def test_what_may_not_be_asked_again_is_not(stages):
    error = SourceError('memory', 'deleted')
    source = Memory.of(random_bytes(SIZE), errors=[error])

    assert refusal(stages, source) is error
    assert len(source.offsets) == 1


def test_a_source_is_left_alone_for_as_long_as_it_wants(stages, ticks):
    source = Memory.of(random_bytes(SIZE), errors=failing(2, after=30))

    fetch(stages, source)

    assert 60 <= round(ticks.slept, 3) < 61


def test_who_wants_too_long_is_not_waited_for(stages, ticks):
    source = Memory.of(random_bytes(SIZE), errors=failing(1, after=1e9))

    assert refusal(stages, source).retry
    assert ticks.slept == 0


@pytest.mark.parametrize(
    ('algorithm', 'cut', 'kept'),
    [
        ('sha512', 2**20, '1 MiB'),
        ('sha512', 2**20 + 1, '1 MiB'),
        # Nothing has come, or nobody could tell that it is of the same.
        ('sha512', 0, None),
        (None, 2**20, None),
    ],
)
def test_what_a_later_try_goes_on_from_is_told(stages, algorithm, cut, kept):
    content = random_bytes(SIZE)
    meta = meta_of(content, algorithm=algorithm)
    source = Cut(content, meta, cuts=[cut], after=4000)

    error = refusal(stages, source)

    assert (error.retry, error.after) == (True, 4000)
    text = str(error)
    assert 'asking again may help in 4,000 s' in text
    told = f'{kept} of it stay here for a day, and fetching it again goes on'
    assert (told in text) == (kept is not None)
    assert ('stay here' in text) == (kept is not None)
    fetched, found = fetch(stages, Memory(content, meta))
    assert found == content
    assert fetched.found == (cut if kept else 0)


class Cut(Memory):
    """A source that wants to be left alone for so long after a cut."""

    def __init__(self, *args, after, **more):
        super().__init__(*args, **more)
        self.after = after

    def _give(self, at):
        try:
            yield from super()._give(at)
        except SourceError as error:
            raise SourceError(
                error.source, error.why, retry=True, after=self.after
            ) from error


def test_no_progress_ends_it(tmp_path, ticks):
    limits = Limits(tries=1000, no_progress=300)
    stages = Stages(f'{tmp_path}/s', clocks=ticks.clocks, limits=limits)
    source = Memory.of(random_bytes(SIZE), errors=failing(1000))

    refusal(stages, source)

    assert 200 < ticks.slept <= 300


def test_progress_renews_patience(stages):
    content = random_bytes(SIZE)
    cuts = list(range(2**16, SIZE, 2**16))
    source = Memory.of(content, cuts=cuts)

    fetched, found = fetch(stages, source)

    assert found == content
    assert fetched.tries == SIZE // 2**16 + 1 > 40


def test_a_byte_at_each_try_is_no_progress(stages):
    source = Memory.of(random_bytes(SIZE), cuts=list(range(1, 1000)))

    refusal(stages, source)

    assert len(source.offsets) <= 6


def test_going_back_is_no_progress(stages):
    source = Memory.of(
        random_bytes(SIZE), cuts=[2**20] * 1000, starts_over=True
    )

    refusal(stages, source)

    assert len(source.offsets) <= 6


def test_it_stops_between_two_pieces(stages):
    source = Memory.of(random_bytes(SIZE))
    told: list[int] = []
    with stages.open_stage(source.meta) as stage, pytest.raises(Stopped):
        stage.fetch_image(source, told.append, lambda: len(told) > 3)

    assert told == [0, PIECE, 2 * PIECE, 3 * PIECE]


def test_it_stops_while_it_waits(stages, ticks):
    source = Memory.of(random_bytes(SIZE), errors=failing(5, after=200))
    with stages.open_stage(source.meta) as stage, pytest.raises(Stopped):
        stage.fetch_image(source, should_stop=lambda: ticks.slept > 10)

    assert ticks.slept < 11


def test_an_empty_image_needs_no_source(stages):
    fetched, found = fetch(stages, Memory.of(b''))

    assert (found, fetched.tries) == (b'', 0)
