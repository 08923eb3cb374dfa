"""Driving: Nova's driver in a process of its own, and orders to it."""

from collections.abc import Iterator
import contextlib
import importlib.metadata
import json
import os
import pathlib
import subprocess
import sys
from typing import Any
from typing import IO

SETTINGS = """\
[DEFAULT]
compute_driver = {driver}
my_ip = 192.0.2.10
host = compute
transport_url = fake://
state_path = {place}
[oslo_concurrency]
lock_path = {place}
[vmware]
host_ip = 127.0.0.1
host_port = {port}
host_username = {user}
host_password = {password}
cluster_name = {cluster}
ca_file = {certificate}
task_poll_interval = 0.01
cache_prefix = vmware
[vnc]
enabled = false
"""
# The installed one, by the first number of its version.
NOVA = int(importlib.metadata.version('nova').partition('.')[0])
# The first that has native threads by default; before it is eventlet's.
THREADS = 34
STOCK = 'vmwareapi.VMwareVCDriver'
OURS = 'imagecache_vmware.VMwareVCDriver'
PATIENCE = 120  # seconds in which it ends by itself


class Driver:
    """Nova's driver: each order is a method of ``compute.Compute``."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def do(self, order: str, **arguments: Any) -> Any:
        """Have it done, and give the result; what failed fails the test."""
        reply = self.ask(order, **arguments)
        assert 'error' not in reply, reply['error']
        return reply['result']

    def ask(self, order: str, **arguments: Any) -> Any:
        """Have it tried, and give the result or the error."""
        self.say(order, **arguments)
        return self.hear()

    def say(self, order: str, **arguments: Any) -> None:
        """Have it begun; a result is told when there is one."""
        assert self.process.stdin
        print(json.dumps([order, arguments]), file=self.process.stdin)
        self.process.stdin.flush()

    def hear(self) -> Any:
        assert self.process.stdout
        line = self.process.stdout.readline()
        assert line, 'Nova ended; what it said is on its standard error'
        return json.loads(line)


@contextlib.contextmanager
def driving(
    place: pathlib.Path, *, driver: str = STOCK, **settings: Any
) -> Iterator[Driver]:
    """Start Nova's driver at a vCenter, or ours."""
    path = place / 'nova.conf'
    path.write_text(SETTINGS.format(place=place, driver=driver, **settings))
    with _running('compute', '--config-file', str(path)) as started:
        yield started


@contextlib.contextmanager
def driving_libvirt(
    driver: str,
    instances: pathlib.Path,
    *,
    eventlet: bool = False,
    log: IO[str] | None = None,
) -> Iterator[Driver]:
    """Start Nova's compute manager with that libvirt driver."""
    with _running(
        'libvirt_compute', driver, str(instances), eventlet=eventlet, log=log
    ) as started:
        yield started


def driving_scheduler() -> contextlib.AbstractContextManager[Driver]:
    """Start Nova's scheduler, API, placement and three computes."""
    return _running('scheduling')


@contextlib.contextmanager
def _running(
    program: str,
    *arguments: str,
    eventlet: bool = False,
    log: IO[str] | None = None,
) -> Iterator[Driver]:
    command = [sys.executable, '-m', f'tests.functional.nova.{program}']
    has_threads = NOVA >= THREADS and not eventlet
    patching = {'OS_NOVA_DISABLE_EVENTLET_PATCHING': str(has_threads)}
    with subprocess.Popen(  # noqa: S603
        [*command, *arguments],
        env=os.environ | patching,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=log,
        text=True,
    ) as process:
        driver = Driver(process)
        assert driver.hear() == 'ready'
        yield driver
        assert process.stdin
        process.stdin.close()
        # pytest has no timeout any more once a test has failed.
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(PATIENCE)
        process.kill()
