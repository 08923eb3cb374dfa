"""Serving: a Glance with nothing in it, for as long as a test wants."""

from collections.abc import Iterator
from collections.abc import Mapping
import contextlib
import os
import pathlib
import subprocess
import sys
import types
from typing import Any

import requests

SETTINGS = """\
[DEFAULT]
enabled_backends = local:file
worker_self_reference_url = http://127.0.0.1:9292
log_file = {place}/glance.log
{more}[database]
connection = sqlite:///{place}/glance.sqlite
[glance_store]
default_backend = local
[local]
filesystem_store_datadir = {place}/images
[os_glance_staging_store]
filesystem_store_datadir = {place}/staging
[os_glance_tasks_store]
filesystem_store_datadir = {place}/tasks
[paste_deploy]
flavor =
config_file = {paste}
[oslo_policy]
enforce_scope = false
policy_file = {place}/policy.yaml
"""
# Nobody says who they are, and may do all.
POLICY = '"context_is_admin": "@"\n'
ANYBODY = ' unauthenticated-context '
SECONDS = 30.0


class Glance:
    """What its users do to it, in its own words; ``headers`` say who."""

    def __init__(self, port: int) -> None:
        self.url = f'http://127.0.0.1:{port}'
        self.headers: dict[str, str] = {}

    def call(self, method: str, path: str, **more: Any) -> requests.Response:
        url = f'{self.url}/v2/images{path}'
        more['headers'] = self.headers | more.get('headers', {})
        done = requests.request(method, url, timeout=SECONDS, **more)
        done.raise_for_status()
        return done

    def create(self, **properties: str | bool) -> str:
        """Make an image without bytes; give its id."""
        named: dict[str, str | bool] = {
            'disk_format': 'raw',
            'container_format': 'bare',
        }
        made = self.call('POST', '', json=named | properties).json()
        return str(made['id'])

    def upload(self, content: bytes, **properties: str) -> str:
        image = self.create(**properties)
        kind = {'Content-Type': 'application/octet-stream'}
        self.call('PUT', f'/{image}/file', data=content, headers=kind)
        return image


@contextlib.contextmanager
def serving(
    place: pathlib.Path,
    *,
    by_headers: bool = False,
    options: Mapping[str, str] = types.MappingProxyType({}),
) -> Iterator[Glance]:
    """Start a Glance whose images lie in a folder.

    ``by_headers``: who asks is what the headers say that Keystone's
    middleware sets, and may do what is the default for such.  ``options``
    are of the group ``DEFAULT``.
    """
    bin_folder = pathlib.Path(sys.executable).parent
    paste = bin_folder.parent / 'etc/glance/glance-api-paste.ini'
    for name in 'images', 'staging', 'tasks':
        (place / name).mkdir()
    (place / 'policy.yaml').write_text('' if by_headers else POLICY)
    if by_headers:
        pipelines = paste.read_text()
        assert ANYBODY in pipelines
        paste = place / 'paste.ini'
        paste.write_text(pipelines.replace(ANYBODY, ' context '))
    more = ''.join(f'{key} = {value}\n' for key, value in options.items())
    settings = SETTINGS.format(place=place, paste=paste, more=more)
    (place / 'glance-api.conf').write_text(settings)
    command = bin_folder / 'glance-manage'
    subprocess.run(  # noqa: S603
        [command, '--config-dir', place, 'db_sync'],
        check=True,
        capture_output=True,
    )
    with subprocess.Popen(  # noqa: S603
        [sys.executable, '-m', 'tests.functional.glance.api'],
        env=os.environ | {'OS_GLANCE_CONFIG_DIR': str(place)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin
        assert process.stdout
        line = process.stdout.readline()
        assert line, 'Glance ended; what it said is on its standard error'
        yield Glance(int(line))
        process.stdin.close()
