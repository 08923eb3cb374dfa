"""Servers: etcd and redis, as Debian has them, which are killed at will."""

import contextlib
import os
import pathlib
import shutil
import socket
import subprocess
import time

from imagecache_handlers.exceptions import CacheError
from imagecache_handlers.frontends.fleet.opening import FleetSettings
from imagecache_handlers.frontends.fleet.opening import open_board
from tests.functional.debian import CACHE
from tests.functional.debian import provide_file

TIMEOUT = 60
UNPACKED = CACHE / 'fleet'
# With what their programs need; the rest every Debian has.
PACKAGES = {
    'etcd': ('etcd-server',),
    'redis-server': (
        *('redis-tools', 'redis-server', 'libatomic1', 'libjemalloc2'),
        *('liblua5.1-0', 'liblzf1', 'lua-bitop', 'lua-cjson'),
    ),
}
PASSWORD = 'sesam-oeffne-dich'


def find_program(name):
    """Give the path of a program; what is missing is fetched."""
    unpacked = UNPACKED / 'usr' / 'bin' / name
    found = shutil.which(name)
    if found is not None:
        return pathlib.Path(found)
    provide_file(unpacked, PACKAGES[name], UNPACKED)
    return unpacked


def choose_port():
    with socket.create_server(('127.0.0.1', 0)) as free:
        return free.getsockname()[1]


def await_that(is_true, what):
    """Wait for what must come, and give it."""
    end = time.monotonic() + TIMEOUT
    while True:
        with contextlib.suppress(CacheError):
            if found := is_true():
                return found
        assert time.monotonic() < end, what
        time.sleep(0.1)


class Server:
    """One that keeps its notes on a disk, at a port that stays the same."""

    program = ''
    url = ''

    def __init__(self, folder):
        self.folder = folder
        self.port = choose_port()
        self.path = find_program(self.program)

    def command(self):
        raise NotImplementedError

    def start(self):
        libraries = UNPACKED.glob('usr/lib/*-linux-gnu')
        path = os.pathsep.join(map(str, libraries))
        with open(self.folder / 'log', 'ab') as log:
            self.process = subprocess.Popen(  # noqa: S603
                [str(self.path), *map(str, self.command())],
                env=os.environ | {'LD_LIBRARY_PATH': path},
                stdout=log,
                stderr=log,
            )
        await_that(self.is_ready, f'no start: {self.folder / "log"}')

    def is_ready(self):
        return self.board('ready').read_all('hosts') is not None

    def kill(self):
        self.process.kill()
        self.process.wait(TIMEOUT)

    def board(self, group='ours', url=None):
        return open_board(
            FleetSettings(
                url=url or self.url,
                group=group,
                host='none',
                member_ttl=50,
                shared_store=None,
            )
        )


class Etcd(Server):
    program = 'etcd'

    @property
    def url(self):
        return f'etcd3+http://127.0.0.1:{self.port}'

    def command(self):
        address = f'http://127.0.0.1:{self.port}'
        return [
            f'--data-dir={self.folder / "data"}',
            f'--listen-client-urls={address}',
            f'--advertise-client-urls={address}',
            '--listen-peer-urls=http://127.0.0.1:0',
            # More than a disk that others use has.
            '--unsafe-no-fsync',
        ]


class Redis(Server):
    program = 'redis-server'

    @property
    def url(self):
        return f'redis://:{PASSWORD}@127.0.0.1:{self.port}/0'

    def command(self):
        return [
            *('--bind', '127.0.0.1', '--port', self.port),
            *('--dir', self.folder, '--requirepass', PASSWORD),
            *('--appendonly', 'yes', '--save', ''),
        ]


SERVERS = {'etcd': Etcd, 'redis': Redis}
