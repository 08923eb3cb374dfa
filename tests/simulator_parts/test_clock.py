"""The clock: moved, frozen, and who waits by it."""

import threading
import time

from simulator_parts.clock import Clock


def start(function, *args):
    found = []
    thread = threading.Thread(target=lambda: found.append(function(*args)))
    thread.start()
    return thread, found


def end(started):
    thread, found = started
    thread.join(10)
    return found


def test_it_runs_as_ours_does():
    clock = Clock()
    assert abs(clock.moment - time.time()) < 1
    assert clock.now().tzinfo is not None
    assert clock.wait(clock.moment + 0.01)


def test_it_is_moved_running_or_frozen():
    clock = Clock()
    clock.advance(3600)
    assert 3599 < clock.moment - time.time() < 3601
    clock.freeze()
    before = clock.moment
    assert clock.moment == before
    clock.advance(10)
    assert clock.moment == before + 10
    assert clock.is_frozen


def test_moving_it_wakes_those_whose_time_has_come():
    clock = Clock()
    clock.freeze()
    soon = start(clock.wait, clock.moment + 10)
    late = start(clock.wait, clock.moment + 100)
    clock.advance(11)
    assert end(soon) == [True]
    assert late[0].is_alive()
    clock.advance(100)
    assert end(late) == [True]


def test_an_event_ends_a_wait_early():
    clock = Clock()
    event = threading.Event()
    waiting = start(clock.wait, clock.moment + 600, event)
    event.set()
    clock.wake()
    assert end(waiting) == [False]


def test_others_are_told_when_it_is_moved():
    clock, told = Clock(), []
    clock.on_move.append(lambda: told.append(clock.is_frozen))
    clock.advance(1)
    assert told == [False]
