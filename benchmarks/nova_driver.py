"""Nova's driver, started at a vCenter in a program of its own."""

from collections.abc import Iterator
import contextlib
import pathlib
import tempfile
from typing import Any

from benchmarks.programs import Program
from benchmarks.programs import running

SETTINGS = """\
[DEFAULT]
my_ip = 192.0.2.10
host = compute
transport_url = fake://
state_path = {place}
[oslo_concurrency]
lock_path = {place}
[vmware]
host_ip = 127.0.0.1
host_port = {port}
host_username = {username}
host_password = {password}
cluster_name = cluster-0
ca_file = {ca_file}
cache_prefix = vmware
"""


@contextlib.contextmanager
def driving(program: Program, python: str) -> Iterator[Program]:
    """Start Nova's driver at a vCenter."""
    login: dict[str, Any] = program.do('tell_login')
    with tempfile.TemporaryDirectory() as place:
        path = pathlib.Path(place, 'nova.conf')
        path.write_text(SETTINGS.format(place=place, **login))
        command = [python, '-m', 'benchmarks.nova_datastores']
        # Threads, as Nova 34 itself has it by default.
        environment = {'OS_NOVA_DISABLE_EVENTLET_PATCHING': 'true'}
        with running(
            [*command, '--config-file', str(path)], environment
        ) as driver:
            yield driver
