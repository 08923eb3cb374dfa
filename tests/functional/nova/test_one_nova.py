"""Nova's own spawns, requests and passes in one killed process: none lost."""

import collections
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time

import pytest

from tests.directory.disks import die_with_parent
from tests.directory.disks import qemu
from tests.directory.disks import resident
from tests.directory.place import sha1
from tests.functional.nova.one_images import content_of
from tests.functional.nova.one_images import IMAGES
from tests.profile import PROFILE

# Two minutes in the proof.
SECONDS = PROFILE.crowd_seconds * 2 / 3
NEEDED = 'spawned', 'cached', 'evicted', 'checked'
BYTES = {sha1(image_id): content_of(image_id) for image_id in IMAGES}


@pytest.fixture
def instances(tmp_path):
    instances = tmp_path / 'instances'
    (instances / '_base').mkdir(parents=True)
    resident(instances)
    return instances


@pytest.fixture
def nova(instances, tmp_path):
    """A program that has Nova loaded, and starts process after process."""
    program = 'tests.functional.nova.one_nova'
    with (
        open(tmp_path / 'log', 'w') as log,
        subprocess.Popen(  # noqa: S603 -- a program of ours
            [sys.executable, '-m', program, str(instances)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            preexec_fn=die_with_parent,
        ) as program,
    ):
        yield program
        program.stdin.close()


def run_for_a_while(nova, seconds):
    """Run such a process, kill it, and give what it has done."""
    print('run', file=nova.stdin, flush=True)
    number = json.loads(nova.stdout.readline())
    # It is at work once it tells of it.
    done = json.loads(nova.stdout.readline())
    time.sleep(seconds)
    os.kill(number, signal.SIGKILL)
    while (more := json.loads(nova.stdout.readline())) is not None:
        done = more
    return done


def check_disks(instances):
    """Check that what each disk lies on is there, and whole."""
    count = 0
    for folder in instances.glob('*-*'):
        base = find_base(folder / 'disk')
        if base is None:
            # Of a server whose making was cut off: Nova's user deletes it.
            shutil.rmtree(folder)
            continue
        assert (instances / '_base' / base).read_bytes() == BYTES[base]
        count += 1
    return count


def find_base(disk):
    """Name what a disk lies on; None: there is no such disk yet."""
    if not disk.exists():
        return None
    data = disk.read_bytes()
    return next((name for name in BYTES if name.encode() in data), None)


@pytest.mark.alone
def test_no_image_that_a_disk_lies_on_is_lost(instances, nova, tmp_path):
    done = collections.Counter()
    end = time.monotonic() + SECONDS
    # On a slow machine it takes longer until each was done once.
    while time.monotonic() < end or not all(map(done.get, NEEDED)):
        done.update(run_for_a_while(nova, random.uniform(1, 6)))
        done['killed'] += 1
        done['checked'] += check_disks(instances)
        # However it ends, there are figures.
        (tmp_path / 'done').write_text(json.dumps(done))
    print(dict(done))
    qemu('check', next(instances.glob('*-*/disk')))
