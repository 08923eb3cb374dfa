"""Bucket: so many bytes a second, over all who share it."""

import contextlib
import threading
import time

import pytest

from imagecache_handlers import Hole
from imagecache_handlers import ImageMeta
from imagecache_handlers.staging.bucket import Bucket
from imagecache_handlers.staging.stage import Stages
from imagecache_handlers import Stretch
from tests.staging.clock import Ticks
from tests.staging.sources import Memory
from tests.staging.sources import meta_of
from tests.staging.sources import random_bytes

RATE = 2**20


def drain(bucket, ticks, pieces):
    started = ticks.at
    for piece in pieces:
        ticks.sleep(bucket.take(piece))
    return sum(pieces) / (ticks.at - started)


@pytest.mark.parametrize('piece', [1000, 2**16, 2**20, 2**24])
def test_the_rate_is_held_whatever_the_pieces(piece):
    ticks = Ticks()
    bucket = Bucket(RATE, ticks.clocks)

    rate = drain(bucket, ticks, [piece] * max(2, 4 * RATE // piece))

    assert rate == pytest.approx(RATE, rel=0.05)


def test_a_pause_is_not_made_up_for():
    ticks = Ticks()
    bucket = Bucket(RATE, ticks.clocks)
    drain(bucket, ticks, [2**16] * 10)
    ticks.sleep(3600)

    rate = drain(bucket, ticks, [2**16] * 64)

    assert RATE <= rate <= RATE * 1.05


def test_none_is_no_limit():
    assert Bucket(0).take(2**60) == 0


def test_less_than_none_is_refused():
    with pytest.raises(ValueError, match='0 bytes a second or more'):
        Bucket(-1)


def test_images_hold_the_rate(tmp_path):
    ticks, size = Ticks(), 2 * 2**20
    bucket = Bucket(RATE, ticks.clocks)
    stages = Stages(f'{tmp_path}/s', bucket=bucket, clocks=ticks.clocks)
    started = ticks.at

    for source in sources_of(size):
        fetch(stages, source)

    assert 4 * size / (ticks.at - started) == pytest.approx(RATE, rel=0.05)


def test_images_at_once_keep_below_the_rate(tmp_path):
    """By the clock on the wall; a busy machine only makes it slower."""
    rate, size = 8 * 2**20, 2 * 2**20
    stages = Stages(f'{tmp_path}/s', bucket=Bucket(rate))
    threads = [
        threading.Thread(target=fetch, args=[stages, source])
        for source in sources_of(size)
    ]
    started = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert 4 * size / (time.monotonic() - started) <= rate * 1.05


@pytest.mark.parametrize('holes', [0, 1, 100])
def test_holes_count_for_no_rate(tmp_path, holes):
    ticks = Ticks()
    bucket = Bucket(RATE, ticks.clocks)
    stages = Stages(f'{tmp_path}/s', bucket=bucket, clocks=ticks.clocks)
    started = ticks.at

    fetch(stages, WithHoles(holes))

    assert ticks.at - started == pytest.approx(4, rel=0.05)


def test_zeros_that_were_sent_count(tmp_path):
    ticks = Ticks()
    bucket = Bucket(RATE, ticks.clocks)
    stages = Stages(f'{tmp_path}/s', bucket=bucket, clocks=ticks.clocks)
    started = ticks.at

    fetch(stages, Memory.of(bytes(4 * RATE)))

    assert ticks.at - started == pytest.approx(4, rel=0.05)


class WithHoles:
    """A source of so many holes and of bytes for four seconds."""

    def __init__(self, holes):
        self.holes = holes
        size = (4 + holes) * RATE
        self.meta = ImageMeta(image_id='a', size=size, disk_format='raw')

    @contextlib.contextmanager
    def read_from(self, meta, offset):
        yield Stretch(offset, self.give_pieces())

    def give_pieces(self):
        for _ in range(4):
            yield b'x' * RATE
        for _ in range(self.holes):
            yield Hole(RATE)


def sources_of(size):
    content = random_bytes(size)
    return [
        Memory(content, meta_of(content, f'image-{number}'))
        for number in range(4)
    ]


def fetch(stages, source):
    with stages.open_stage(source.meta) as stage:
        stage.fetch_image(source)
