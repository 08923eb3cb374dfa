"""The same question about several: in order, to the first failure."""

import subprocess
import sys
import threading

import pytest

from imagecache_handlers.frontends.glance_api.side_by_side import call_together

LEFT_BEHIND = """
import threading

from imagecache_handlers.frontends.glance_api.side_by_side import call_together

begun = threading.Event()


def hang(number):
    begun.set()
    threading.Event().wait()


threading.Thread(
    target=call_together, args=[hang, range(9), 4], daemon=True
).start()
begun.wait()
"""


@pytest.mark.parametrize('threads', [1, 4])
def test_results_are_in_the_order_of_what_was_asked_for(threads):
    items = [*'a rather long list']
    assert call_together(str.upper, items, threads) == [*'A RATHER LONG LIST']


def test_of_nothing_there_is_none():
    assert call_together(str.upper, [], 4) == []


def test_so_many_are_at_it_at_once():
    both = threading.Barrier(2)
    assert sorted(call_together(lambda _: both.wait(60), 'ab', 2)) == [
        0,
        1,
    ]


def test_the_first_that_fails_calls_off_the_others():
    asked = []

    def fail(item):
        asked.append(item)
        raise LookupError(item)

    with pytest.raises(LookupError, match='a'):
        call_together(fail, 'abc', 1)
    assert asked == ['a']


def test_who_is_left_behind_holds_up_no_end_of_the_process():
    subprocess.run(  # noqa: S603 -- our own words
        [sys.executable, '-c', LEFT_BEHIND], timeout=60, check=True
    )
