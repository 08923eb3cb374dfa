"""Check what people install: the wheel's content, then a fresh install."""

from collections.abc import Iterable
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
# The page that a report is made of.
PAGES = {'imagecache_handlers/frontends/html/report.html'}
SIMULATORS = TOP / 'simulators'
SIMULATED = 'simulator_parts', 'vcenter_simulator', 'xapi_simulator'
# What they bring along beside modules.
TABLES = {'vcenter_simulator/schema/vim.txt'}
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


def sources(top: pathlib.Path, packages: Iterable[str]) -> Iterator[str]:
    for package in packages:
        yield f'{package}/py.typed'
        for module in (top / package).rglob('*.py'):
            yield module.relative_to(top).as_posix()


def check_content(wheel: pathlib.Path, wanted: Iterable[str]) -> None:
    """Demand every module of the packages, and nothing else."""
    with zipfile.ZipFile(wheel) as archive:
        names = {n for n in archive.namelist() if '.dist-info/' not in n}
    if wrong := names ^ set(wanted):
        sys.exit(f'{wheel.name} and the checkout differ: {sorted(wrong)}')


def run_in(folder: str, command: str, *arguments: str) -> None:
    # -I: the checkout must not stand in for what was installed.
    subprocess.run(
        (f'{folder}/bin/{command}', *arguments), cwd=folder, check=True
    )


def check_install(wheel: pathlib.Path, folder: str) -> None:
    venv.create(folder, with_pip=True)
    run_in(folder, 'pip', 'install', '-qq', str(wheel))
    run_in(folder, 'imagecache', '--version')
    run_in(folder, 'python', '-I', '-c', LEAN)
    run_in(folder, 'python', '-I', '-c', ENTRY_POINTS)
    check_new_handler(folder)


def check_new_handler(folder: str) -> None:
    """Demand that the package of a new handler installs and is sound."""
    run_in(folder, 'imagecache', 'new-handler', 'trial')
    run_in(folder, 'pip', 'install', '-qq', './imagecache-trial')
    # Only here: its tests are not installed.
    subprocess.run(
        (f'{folder}/bin/imagecache', 'conformance', 'tests.test_handler'),
        cwd=f'{folder}/imagecache-trial',
        check=True,
    )


def check_simulators(wheel: pathlib.Path, folder: str) -> None:
    """Demand that they run where nothing else is installed."""
    venv.create(folder, with_pip=True)
    run_in(folder, 'pip', 'install', '-qq', str(wheel))
    for package in SIMULATED[1:]:
        run_in(folder, 'python', '-I', '-m', package, '--help')


def wheel_in(dist: str) -> pathlib.Path:
    (wheel,) = pathlib.Path(dist).resolve().glob('*.whl')
    return wheel


def main(dist: str, simulators: str) -> None:
    wheel, beside = wheel_in(dist), wheel_in(simulators)
    check_content(wheel, {*sources(TOP, PACKAGES), *PAGES})
    check_content(beside, {*sources(SIMULATORS, SIMULATED), *TABLES})
    with tempfile.TemporaryDirectory() as folder:
        check_install(wheel, folder)
    with tempfile.TemporaryDirectory() as folder:
        check_simulators(beside, folder)


if __name__ == '__main__':
    try:
        main(*sys.argv[1:])
    except subprocess.CalledProcessError as error:
        sys.exit(f'the installed wheel fails: {error}')
