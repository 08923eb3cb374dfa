"""Fetching: whole and verified, however often it is cut off."""

import hashlib

import pytest

from imagecache_handlers.staging.stage import Stages
from tests.staging.clock import Ticks
from tests.staging.sources import Memory
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
