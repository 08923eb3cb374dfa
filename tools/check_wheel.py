"""Check what people install: the wheel's content, then a fresh install."""

from collections.abc import Iterator
import pathlib
import subprocess
import sys
import tempfile
import venv
import zipfile

TOP = pathlib.Path(__file__).parents[1]
PACKAGES = (
    'imagecache_handlers',
    'imagecache_handlers_vmware',
    'imagecache_handlers_xenapi',
)
# The core loads its plug-ins and options only when asked to.
LEAN = """
import imagecache_handlers
import sys
if loaded := {'oslo_config', 'stevedore'} & set(sys.modules):
    sys.exit(f'import imagecache_handlers loads {loaded}')
"""
ENTRY_POINTS = """
from importlib.metadata import distribution
for point in distribution('imagecache-handlers').entry_points:
    point.load()
"""


def sources() -> Iterator[str]:
    for package in PACKAGES:
        yield f'{package}/py.typed'
        for module in (TOP / package).rglob('*.py'):
            yield module.relative_to(TOP).as_posix()


def check_content(wheel: pathlib.Path) -> None:
    """Demand every module of the packages, and nothing else."""
    with zipfile.ZipFile(wheel) as archive:
        names = {n for n in archive.namelist() if '.dist-info/' not in n}
    if wrong := names ^ set(sources()):
        sys.exit(f'{wheel.name} and the checkout differ: {sorted(wrong)}')


def check_install(wheel: pathlib.Path, folder: str) -> None:
    venv.create(folder, with_pip=True)

    def run(command: str, *arguments: str) -> None:
        # -I: the checkout must not stand in for what was installed.
        subprocess.run(
            (f'{folder}/bin/{command}', *arguments), cwd=folder, check=True
        )

    run('pip', 'install', '-qq', str(wheel))
    run('imagecache', '--version')
    run('python', '-I', '-c', LEAN)
    run('python', '-I', '-c', ENTRY_POINTS)


def main(dist: str) -> None:
    (wheel,) = pathlib.Path(dist).resolve().glob('*.whl')
    check_content(wheel)
    with tempfile.TemporaryDirectory() as folder:
        check_install(wheel, folder)


if __name__ == '__main__':
    try:
        main(sys.argv[1])
    except subprocess.CalledProcessError as error:
        sys.exit(f'the installed wheel fails: {error}')
