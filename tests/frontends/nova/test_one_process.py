"""Spawns, requests and passes in one process that is killed: none is lost."""

import collections
import json
import pathlib
import random
import subprocess
import sys
import time

import pytest

from tests.directory.disks import die_with_parent
from tests.directory.disks import resident
from tests.directory.place import sha1
from tests.frontends.nova.things import content_of
from tests.frontends.nova.things import IMAGES
from tests.profile import PROFILE

# Nova itself does so for longer, in tests/functional/nova.
SECONDS = PROFILE.crowd_seconds / 6
HERE = pathlib.Path(__file__).parents[3]
BYTES = {sha1(image_id): content_of(image_id) for image_id in IMAGES}


@pytest.fixture
def instances(tmp_path):
    instances = tmp_path / 'instances'
    (instances / '_base').mkdir(parents=True)
    (instances / 'locks').mkdir()
    resident(instances)
    return instances


def run_for_a_while(instances, seconds):
    """Run such a process, kill it, and give what it has done."""
    with subprocess.Popen(  # noqa: S603 -- a program of ours
        [sys.executable, '-m', 'tests.frontends.nova.one_process']
        + [str(instances)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=HERE,
        preexec_fn=die_with_parent,
    ) as process:
        # It is at work once it tells of it.
        lines = [process.stdout.readline()]
        time.sleep(seconds)
        process.kill()
        lines += process.stdout.readlines()
    # The last line may be cut off.
    return json.loads([one for one in lines if one.endswith('}\n')][-1])


def check_disks(instances):
    """Check that what each disk lies on is there, and whole."""
    count = 0
    for disk in instances.glob('*-*/disk'):
        data = disk.read_bytes()
        [base] = [name for name in BYTES if name.encode() in data]
        assert (instances / '_base' / base).read_bytes() == BYTES[base]
        count += 1
    return count


@pytest.mark.alone
def test_no_image_that_a_disk_lies_on_is_lost(instances):
    done = collections.Counter()
    end = time.monotonic() + SECONDS
    while time.monotonic() < end or not (done['evicted'] and done['cached']):
        done.update(run_for_a_while(instances, random.uniform(1, 5)))
        done['killed'] += 1
        checked = check_disks(instances)
        assert checked
        done['checked'] += checked
    print(dict(done))
    assert done['spawned']
