"""Measure the command: how soon it starts, and how quickly it lists.

Beside the start of ``--version``, of ``list`` in an empty folder, and of a
program that only imports the libraries of the command, stands that of Python
itself, each a process of its own, in turns.  Beside ``list -f json`` of a
folder of images stands enumerating them, in the same process, for starting is
told apart.
"""

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Sequence
import contextlib
import datetime
import os
import pathlib
import subprocess
import sys
import tempfile
import time

from benchmarks import output
from imagecache_handlers.directory import DirectoryHandler
from imagecache_handlers.directory import sidecar
from imagecache_handlers.frontends.cli import app
from imagecache_handlers.labels import unused_label

SIZE = 10_000
PYTHON = 'pass'
LIBRARIES = (
    'import cliff.app, cliff.commandmanager, cliff.lister, oslo_config.cfg, '
    'stevedore'
)
COMMAND = 'from imagecache_handlers.frontends.cli.app import main; main()'


def start(*arguments: str) -> Callable[[], object]:
    command = [sys.executable, '-c', *arguments]

    def run() -> None:
        subprocess.run(  # noqa: S603 -- our own programs
            command, stdout=subprocess.DEVNULL, check=True
        )

    return run


def furnish(root: pathlib.Path, count: int) -> pathlib.Path:
    """Make a folder of images without users; give its configuration."""
    images = root / 'images'
    images.mkdir()
    now = datetime.datetime.now(datetime.UTC)
    for n in range(count):
        _image(images / f'image-{n:06}', now)
    os.sync()
    conf = root / 'cache.conf'
    conf.write_text(f'[imagecache_directory]\npath = {images}\n')
    return conf


def _image(path: pathlib.Path, now: datetime.datetime) -> None:
    path.write_bytes(b'an image')
    labels = {unused_label(now)}
    written = sidecar.Sidecar.of(path.name, now, labels, path.stat())
    (path.parent / sidecar.path(path.name)).write_bytes(written.dump())


def listing(conf: pathlib.Path) -> None:
    """Run the command in this process; what it says goes to a file."""
    arguments = ['list', '-f', 'json', '--config-file', str(conf)]
    out = conf.with_suffix('.json')
    with open(out, 'w') as file, contextlib.redirect_stdout(file):
        if code := app.main(arguments):
            raise RuntimeError(f'list ended with {code}')


def best(acts: Iterable[Callable[[], object]], repeat: int) -> list[float]:
    """Time acts in turns and give the quickest of each."""
    acts = list(acts)
    rounds = [[_seconds(act) for act in acts] for _ in range(repeat + 1)]
    # The first is slower for what is not in memory yet.
    return list(map(min, zip(*rounds[1:], strict=True)))


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def measure(count: int, repeat: int) -> list[output.Row]:
    with tempfile.TemporaryDirectory() as root:
        rows = _measure_starts(pathlib.Path(root), repeat)
    with tempfile.TemporaryDirectory() as root:
        conf = furnish(pathlib.Path(root), count)
        images = f'{root}/images'
        handler = DirectoryHandler([images])
        acts = [lambda: handler.enumerate(images), lambda: listing(conf)]
        listed = best(acts, repeat)
    rows.append(_row(f'list {count}', 'enumerate', *listed))
    return rows


def _measure_starts(root: pathlib.Path, repeat: int) -> list[output.Row]:
    conf = str(furnish(root, 0))
    programs = {
        'its libraries': start(LIBRARIES),
        '--version': start(COMMAND, '--version'),
        'list 0': start(COMMAND, 'list', '--config-file', conf),
    }
    bare, *taken = best([start(PYTHON), *programs.values()], repeat)
    return [
        _row(name, 'python -c pass', bare, seconds)
        for name, seconds in zip(programs, taken, strict=True)
    ]


def _row(name: str, floor: str, below: float, taken: float) -> output.Row:
    return {
        'command': name,
        'beside': floor,
        'beside s': below,
        'command s': taken,
        'ratio': taken / below,
    }


def main(argv: Sequence[str] | None = None) -> None:
    parser = output.parser(__doc__)
    parser.add_argument('--size', type=int, default=SIZE)
    parser.add_argument('--repeat', type=int, default=9)
    args = parser.parse_args(argv)
    output.write(measure(args.size, args.repeat), args.json)


if __name__ == '__main__':
    main()
