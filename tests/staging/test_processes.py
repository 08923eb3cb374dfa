"""Real processes: killed at work, resumed by the next, small in memory."""

import os
import subprocess
import sys
import time

import pytest

from imagecache_handlers import ImageBusy
from imagecache_handlers.staging.stage import Stages
from tests.profile import PROFILE
from tests.staging import disks
from tests.staging.sources import Memory
from tests.staging.sources import random_bytes

SIZE = 8 * 2**20
MIB = 2**20


def start(folder, *words, **more):
    command = [sys.executable, '-m', 'tests.staging.child', folder, *words]
    return subprocess.Popen(  # noqa: S603
        list(map(str, command)), stdout=subprocess.PIPE, text=True, **more
    )


def kill_after(child, count):
    """Kill it once it has told of so many bytes; give the last it told."""
    for line in child.stdout:
        if int(line) >= count:
            break
    child.kill()
    told = [line, *child.stdout]
    child.wait()
    child.stdout.close()
    return int(told[-1])


def test_the_next_process_goes_on_after_each_kill(tmp_path):
    folder = str(tmp_path / 'stages')
    source = Memory.of(random_bytes(SIZE, seed=3))
    reached = 0
    for count in MIB, 3 * MIB, 4 * MIB + 1, 7 * MIB:
        child = start(folder, SIZE, 3, 0.005)
        first = int(child.stdout.readline())
        # The dead one's last piece may have been written, and not told.
        assert 0 <= first - reached <= MIB
        reached = kill_after(child, count)
        assert reached >= count

    with Stages(folder).open_stage(source.meta) as stage:
        fetched = stage.fetch_image(source)
        with stage.open_content() as (_, content, _):
            assert content.read() == source.content
    assert fetched.found >= reached
    assert source.given == SIZE - fetched.found
    assert len(os.listdir(folder)) == 2


def test_a_stage_is_busy_while_its_process_lives(tmp_path):
    folder = str(tmp_path / 'stages')
    source = Memory.of(random_bytes(SIZE, seed=3))
    child = start(folder, SIZE, 3, 600)
    assert child.stdout.readline() == '0\n'
    with (
        pytest.raises(ImageBusy),
        Stages(folder).open_stage(source.meta, wait=False),
    ):
        pass
    child.kill()
    child.wait()
    child.stdout.close()

    with Stages(folder).open_stage(source.meta, wait=False):
        pass


def test_a_conversion_ends_with_its_process(tmp_path):
    disks.create(tmp_path / 'qcow2', 'qcow2')
    (tmp_path / 'bin').mkdir()
    pid = tmp_path / 'pid'
    program = tmp_path / 'bin/qemu-img'
    program.write_text(f'#!/bin/sh\necho $$ >{pid}.new\n')
    with program.open('a') as file:
        file.write(f'mv {pid}.new {pid}\nexec sleep 600\n')
    program.chmod(0o755)
    path = f'{tmp_path}/bin:{os.environ["PATH"]}'
    child = start(
        tmp_path / 'stages',
        *('convert', tmp_path / 'qcow2'),
        env={**os.environ, 'PATH': path},
    )
    while not pid.exists():
        assert child.poll() is None
        time.sleep(0.02)

    kill_after(child, 0)

    deadline = time.monotonic() + 60
    while is_running(int(pid.read_text())):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def is_running(pid):
    try:
        with open(f'/proc/{pid}/stat') as file:
            return file.read().rpartition(')')[2].split()[0] != 'Z'
    except FileNotFoundError:
        return False


@pytest.mark.long
def test_memory_does_not_grow_with_the_image(tmp_path):
    child = start(tmp_path / 'stages', PROFILE.staged_size, 'zeros', 0)
    *told, peak = child.stdout
    child.stdout.close()

    assert child.wait() == 0
    assert int(told[-1]) == PROFILE.staged_size
    assert int(peak) < 150 * MIB
