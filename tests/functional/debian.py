"""Debian's packages, unpacked and not installed: no service is begun."""

import fcntl
import os
import pathlib
import subprocess
import tempfile

CACHE = (
    pathlib.Path(os.environ.get('XDG_CACHE_HOME') or '~/.cache').expanduser()
    / 'imagecache-handlers'
)


def provide_file(path, names, folder):
    """Unpack packages below a folder, unless what they bring is there."""
    CACHE.mkdir(parents=True, exist_ok=True)
    # Several tests at once unpack once, and none runs half of a program.
    with CACHE.joinpath('lock').open('w') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            unpack_packages(names, folder)


def unpack_packages(names, folder):
    """Fetch packages, and unpack what is in them below a folder."""
    fetch = 'apt-get', 'download', *names
    with tempfile.TemporaryDirectory() as fetched:
        if run(*fetch, cwd=fetched).returncode:
            # A new machine has no lists of packages, an old one old ones.
            run('apt-get', 'update', cwd=fetched)
            done = run(*fetch, cwd=fetched)
            assert done.returncode == 0, done.stderr
        folder.mkdir(parents=True, exist_ok=True)
        for package in pathlib.Path(fetched).glob('*.deb'):
            done = run('dpkg', '-x', package, folder, cwd=fetched)
            assert done.returncode == 0, done.stderr


def run(*command, cwd):
    return subprocess.run(  # noqa: S603
        list(map(str, command)),
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
    )
