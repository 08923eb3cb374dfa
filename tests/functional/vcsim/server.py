"""Server: govmomi's simulator, built once from Debian's source and run."""

from collections.abc import Iterator
import contextlib
import fcntl
import hashlib
import os
import pathlib
import subprocess
import tempfile

SOURCE = pathlib.Path(__file__).with_name('main.go')
# Outside the checkout: a build from nothing takes up to a minute.
CACHE = pathlib.Path(
    os.environ.get('XDG_CACHE_HOME') or pathlib.Path.home() / '.cache',
    'imagecache-handlers',
    'vcsim',
)
# Debian keeps the sources of its Go packages there, without modules.
DEBIAN = {'GO111MODULE': 'off', 'GOPATH': '/usr/share/gocode'}
USER, PASSWORD = 'user', 'pass'


@contextlib.contextmanager
def serving() -> Iterator[int]:
    """Run vcsim as long as the context lasts; give its port."""
    with tempfile.TemporaryDirectory() as place:
        # Its datastores are directories there, files belong to $USER.
        command = [build_vcsim()]
        environment = os.environ | {'TMPDIR': place, 'USER': 'root'}
        with subprocess.Popen(  # noqa: S603
            command,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stdin and process.stdout
            yield int(process.stdout.readline())
            process.stdin.close()


def build_vcsim() -> pathlib.Path:
    """Give the program's path; build it where its source is new."""
    program = CACHE / f'vcsim-{name_source()}'
    CACHE.mkdir(parents=True, exist_ok=True)
    # Two runs at once build once.
    with CACHE.joinpath('lock').open('w') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not program.exists():
            compile_source(program)
    return program


def name_source() -> str:
    """Name the source and the libraries that it is built with."""
    version = subprocess.run(
        ['dpkg-query', '-W', 'golang-go', 'golang-github-vmware-govmomi-dev'],  # noqa: S607
        check=True,
        capture_output=True,
    )
    content = SOURCE.read_bytes() + version.stdout
    return hashlib.sha256(content).hexdigest()[:16]


def compile_source(program: pathlib.Path) -> None:
    part = program.with_suffix('.part')
    environment = DEBIAN | {'GOCACHE': str(CACHE / 'go')}
    subprocess.run(  # noqa: S603
        ['go', 'build', '-o', part, SOURCE],  # noqa: S607
        env=os.environ | environment,
        check=True,
    )
    part.rename(program)
