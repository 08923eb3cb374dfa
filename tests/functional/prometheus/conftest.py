"""Binaries of Debian, unpacked and not installed: no service is begun."""

import os
import pathlib
import shutil
import subprocess
import tempfile

import pytest

CACHE = pathlib.Path(
    os.environ.get('XDG_CACHE_HOME') or '~/.cache'
).expanduser()
UNPACKED = CACHE / 'imagecache-handlers' / 'prometheus'
# Each binary, and the package that it is in.
BINARIES = {
    'prometheus': 'prometheus',
    'promtool': 'prometheus',
    'prometheus-node-exporter': 'prometheus-node-exporter',
}


@pytest.fixture(scope='session', autouse=True)
def binaries():
    """Have them on the path; what is missing is fetched."""
    before = os.environ['PATH']
    os.environ['PATH'] = f'{before}:{UNPACKED / "usr" / "bin"}'
    for name, package in BINARIES.items():
        if shutil.which(name) is None:
            unpack_package(package)
    yield
    os.environ['PATH'] = before


def unpack_package(name):
    with tempfile.TemporaryDirectory() as folder:
        if run('apt-get', 'download', name, cwd=folder).returncode:
            # A new machine has no lists of packages, an old one old ones.
            run('apt-get', 'update', cwd=folder)
            done = run('apt-get', 'download', name, cwd=folder)
            assert done.returncode == 0, done.stderr
        [package] = pathlib.Path(folder).glob('*.deb')
        UNPACKED.mkdir(parents=True, exist_ok=True)
        done = run('dpkg', '-x', package, UNPACKED, cwd=folder)
        assert done.returncode == 0, done.stderr


def run(*command, cwd):
    return subprocess.run(  # noqa: S603
        list(map(str, command)),
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
    )
