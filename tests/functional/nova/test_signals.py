"""Signals to nova-compute while it sweeps, by Nova's own launcher."""

import contextlib
import signal
import subprocess
import time

import pytest

from tests.directory.place import sha1
from tests.functional.nova.test_libvirt import open_world
from tests.functional.nova.test_libvirt import OURS

KINDS = pytest.mark.parametrize(
    'eventlet', [False, True], ids=['threads', 'eventlet']
)
IDLE = 'one', 'two', 'three'
AGE = 'remove_unused_original_minimum_age_seconds'


@pytest.fixture
def options(tmp_path):
    """The file of options: by what Nova has of its own nothing is old yet."""
    path = tmp_path / 'nova.conf'
    path.write_text(f'[imagecache]\n{AGE} = 0\n')
    return path


@pytest.fixture
def world(tmp_path, eventlet):
    """A host with a used image, and some that are not."""
    with open_world(OURS, tmp_path / 'host', eventlet=eventlet) as world:
        world.lay_disk(world.lay(sha1('used')))
        for name in IDLE:
            world.lay(sha1(name))
        world.sweep()
        yield world


def serve(world, options, until='serving'):
    """Begin to serve; what is said afterwards are no replies."""
    world.nova.say('serve', options=str(options))
    while world.nova.hear() != until:
        pass


def wait_until(is_so):
    end = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.1)


def end_by(number, process):
    """Send the signal until it ends the process; give the exit code.

    One that comes just as Python begins to wait is slept through: so Nova
    waits with native threads.
    """
    for _ in range(3):
        process.send_signal(number)
        process.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            return process.wait(60)
    return None


@KINDS
def test_the_end_of_nova_ends_a_sweep_between_two_images(world, options):
    world.set_age(0)
    # Ages are in whole seconds.
    time.sleep(1.1)
    world.nova.do('stand_still')
    serve(world, options, until='standing')
    assert end_by(signal.SIGTERM, world.nova.process) == 0
    # One went, for good; nobody claims the others, nor is one half gone.
    left = world.names()
    assert len(left) == len(IDLE)
    assert sha1('used') in left
    for name in left - {sha1('used')}:
        labels = world.read_labels(world.base / name)
        assert 'unused' in labels
        assert 'claim' not in labels


@pytest.mark.parametrize('eventlet', [True], ids=['eventlet'])
def test_a_hangup_has_our_options_taken_up(world, options):
    serve(world, options)
    world.nova.process.send_signal(signal.SIGHUP)
    wait_until(lambda: world.names() == {sha1('used')})
    options.write_text('[imagecache]\nremove_unused_base_images = false\n')
    assert end_by(signal.SIGTERM, world.nova.process) == 0


@pytest.mark.parametrize('eventlet', [False], ids=['threads'])
def test_a_hangup_ends_nova_with_native_threads(world, options):
    """That is oslo.service's: it knows no other answer there."""
    before = world.names()
    serve(world, options)
    assert end_by(signal.SIGHUP, world.nova.process) == 1
    assert world.names() == before
