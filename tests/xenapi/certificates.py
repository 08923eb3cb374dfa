"""A certificate for the loopback address that signed itself."""

import atexit
import functools
import pathlib
import shutil
import subprocess
import tempfile

from imagecache_handlers_xenapi.port.dialling import ConnectionOptions

NAMES = 'subjectAltName=IP:127.0.0.1,IP:127.0.0.2'


@functools.cache
def files(names):
    """Give the paths of a certificate and its key, made once a run."""
    folder = pathlib.Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    cert, key = folder / 'cert.pem', folder / 'key.pem'
    command = 'openssl req -x509 -newkey rsa:2048 -nodes -days 2'
    subprocess.run(  # noqa: S603
        [
            *command.split(),
            *('-keyout', key, '-out', cert, '-subj', '/CN=imagecache'),
            *('-addext', names),
        ],
        check=True,
        capture_output=True,
    )
    return str(cert), str(key)


@functools.cache
def expired():
    """Give the paths of one that is over since yesterday, and its key."""
    folder = pathlib.Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    cert, key, asked = (folder / name for name in ('cert', 'key', 'asked'))
    (folder / 'names').write_text(NAMES)
    for command in (
        f'req -newkey rsa:2048 -nodes -keyout {key} -out {asked} -subj /CN=x',
        f'x509 -req -in {asked} -signkey {key} -days -1 -out {cert} '
        f'-extfile {folder}/names',
    ):
        subprocess.run(  # noqa: S603
            ['openssl', *command.split()],  # noqa: S607
            check=True,
            capture_output=True,
        )
    return str(cert), str(key)


def dialling(**more):
    return ConnectionOptions(timeout=10, ca_file=files(NAMES)[0], **more)
