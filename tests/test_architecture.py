"""Which room may know which: the direction of the design, held."""

import ast
import pathlib
import subprocess
import sys

import pytest

import imagecache_handlers
import imagecache_handlers_xenapi
from imagecache_handlers_xenapi import simulator

CORE = pathlib.Path(imagecache_handlers.__file__).parent
NAME = CORE.name
XENAPI = pathlib.Path(imagecache_handlers_xenapi.__file__).parent
SIMULATOR = pathlib.Path(simulator.__file__).parent

# Each room of the core and the rooms it may import; a room that is not
# listed here has no place in the design yet.
ROOMS = {
    'exceptions': '',
    'marks': '',
    'model': 'marks',
    'patterns': 'model',
    'orders': 'marks model',
    'rules': 'model orders patterns',
    'verdicts': 'model',
    'space': 'model rules units verdicts',
    'blocking': 'model orders rules verdicts',
    'duplicates': 'model',
    'policy': (
        'blocking duplicates marks model patterns rules space verdicts'
    ),
    'handler': 'exceptions marks model',
    'guard': 'exceptions handler model',
    'timing': 'marks rules',
    'witness': 'exceptions guard model rules timing',
    'forcing': 'model verdicts',
    'trouble': 'exceptions verdicts',
    'following': 'exceptions guard model rules timing',
    'eviction': (
        'blocking duplicates exceptions following forcing guard model policy '
        'rules timing trouble verdicts witness'
    ),
    'grants': 'exceptions guard marks model rules timing',
    'admission': 'exceptions guard model source units',
    'applying': 'eviction exceptions forcing guard model verdicts',
    'findings': 'exceptions model',
    'asked': 'blocking eviction forcing model policy rules verdicts',
    'endings': 'exceptions guard marks model',
    'cache': (
        'admission applying asked endings eviction exceptions findings grants '
        'guard handler marks model policy rules source timing verdicts witness'
    ),
    'explain': 'units verdicts',
    'units': '',
    'loader': 'exceptions handler orders',
    'opts': (
        'cache_opts config_files config_values exceptions nova_opts orders '
        'patterns rules'
    ),
    'cache_opts': '',
    'nova_opts': 'cache_opts config_files config_values exceptions',
    'config_values': 'config_files exceptions',
    'config_files': 'exceptions',
    'source': 'exceptions leading model',
    'leading': '',
}

# The same of the rooms of the handler `directory`, in a folder of their own.
# Of the core a handler knows the contract, and nothing that decides.
DIRECTORY = {
    'handler': (
        'access adding disowned folder given holders images labelling layout '
        'leftovers notes nova_layout nova_process opening opts records stores '
        'sweepers users'
    ),
    'given': '',
    'stores': 'mounts opening rights',
    'images': 'folder users',
    'opts': 'access',
    'access': '',
    'alone': 'users',
    'adding': (
        'access alone birth closing flock folder layout opening safe_open '
        'sidecar sparse'
    ),
    'disowned': 'folder layout',
    'leftovers': 'flock folder layout opening sidecar',
    'users': 'closing mounts parts safe_open',
    'sweepers': 'flock opening places records refusals users',
    'refusals': 'places records',
    'records': 'closing folder mounts places sidecar',
    'places': 'answering closing',
    'answering': 'closing safe_open users',
    'layout': 'folder parts sidecar',
    'parts': '',
    'nova_layout': (
        'birth folder layout nova_lock nova_process parts sidecar'
    ),
    'nova_process': 'nova_lock',
    'nova_lock': 'closing folder record_lock safe_open',
    'holders': 'closing folder mounts record_lock',
    'record_lock': '',
    'opening': 'answering closing flock sidecar',
    'safe_open': 'closing',
    'rights': 'closing safe_open',
    'sparse': '',
    'folder': 'flock notes rights sidecar',
    'labelling': 'birth flock folder mounts notes sidecar',
    'notes': 'birth closing rights sidecar',
    'sidecar': 'closing rights safe_open',
    'birth': '',
    'flock': 'closing rights safe_open',
    'closing': '',
    'mounts': '',
}
# Its inner room, who uses which file.
USERS = {
    'overlays': (
        'bounded chains definitions files ignoring memory met reading '
        'values walk'
    ),
    'walk': 'bounded files ignoring memory met reading values',
    'files': 'met reading values',
    'reading': 'headers memory values words',
    'definitions': 'bounded ignoring met values words',
    'chains': 'bounded devices ignoring leads memory met values',
    'leads': 'bounded devices memory met',
    'met': 'memory values',
    'memory': '',
    'bounded': '',
    'ignoring': '',
    'devices': '',
    'headers': 'qcow qcow2 qed simple values vdi vhd vhdx vmdk',
    'qcow2': 'names values',
    'qcow': 'names values',
    'qed': 'names values',
    'vmdk': 'names protocols values',
    'vhdx': 'values windows',
    'vhd': 'values windows',
    'windows': 'values',
    'vdi': 'values',
    'simple': 'values',
    'names': 'layers protocols values',
    'layers': 'protocols values',
    'protocols': 'values',
    'words': 'mentions protocols values',
    'mentions': 'values',
    'values': '',
}
OPTIONS = {'opts': {'config_values'}}
CONTRACT = {'exceptions', 'handler', 'marks', 'model', 'source'}

# The same of the handler `xenapi`: above the port nothing knows of sockets.
XENAPI_ROOMS = {
    'handler': (
        'adding dialling evicting failures labelling lent logins looking '
        'opts releasing removal repositories session timing wire'
    ),
    'opts': '',
    'adding': (
        'disks failures labelling removal repositories session timing '
        'uploading'
    ),
    'uploading': (
        'address failures repositories session tasks timing transfer'
    ),
    'transfer': 'address bounded dialling failures leaders',
    'evicting': 'disks failures looking releasing removal survey timing',
    'looking': (
        'disks failures filters releasing repositories session survey timing'
    ),
    'releasing': 'timing',
    'labelling': 'disks failures looking session',
    'survey': 'chain disks orphans repositories',
    'orphans': 'chain disks',
    'repositories': 'session',
    'removal': 'disks failures filters session tasks timing',
    'tasks': 'failures session timing',
    'disks': 'chain',
    'chain': '',
    'filters': '',
    'lent': 'address dialling failures logins session wire',
    'session': ('address answers connections dialling failures logins wire'),
    'connections': 'address dialling failures wire',
    'logins': 'address dialling failures leaders wire',
    'leaders': '',
    'wire': 'address answers bounded dialling failures',
    'dialling': 'address bounded failures',
    'bounded': '',
    'answers': 'decoding failures shapes',
    'decoding': '',
    'shapes': '',
    'address': '',
    'failures': '',
    'timing': '',
}
# Who may import what else: the SDK, sockets, oslo.config.
XENAPI_LIBRARIES = {
    'XenAPI': {'lent', 'wire'},
    'http': {'bounded', 'dialling', 'lent', 'transfer', 'wire'},
    'xmlrpc': {'decoding', 'lent', 'wire'},
    'socket': {'bounded', 'dialling', 'leaders'},
    'ssl': {'dialling'},
    'oslo_config': {'opts'},
}

# Libraries that only these rooms may import.
LIBRARIES = {
    'stevedore': ('loader', 'testing', 'frontends'),
    'oslo_config': (
        'opts',
        'cache_opts',
        'directory',
        'nova_opts',
        'config_values',
        'config_files',
        'frontends',
    ),
    'cliff': ('frontends',),
}


PACKAGES = (
    NAME,
    f'{NAME}.directory',
    f'{NAME}.directory.users',
    XENAPI.name,
)


def sources():
    return sorted(CORE.rglob('*.py'))


def room(path: pathlib.Path) -> str:
    return path.relative_to(CORE).parts[0].removesuffix('.py')


def imports(path: pathlib.Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module or '')
            if node.module in PACKAGES:
                found.update(f'{node.module}.{one.name}' for one in node.names)
    return found


def own(path: pathlib.Path, package: str = NAME) -> set[str]:
    """Give the rooms of a package that a file imports."""
    return {
        name.removeprefix(f'{package}.').split('.')[0]
        for name in imports(path)
        if name.startswith(f'{package}.')
    }


@pytest.mark.parametrize('name', ROOMS)
def test_a_room_imports_what_it_may(name):
    assert own(CORE / f'{name}.py') <= set(ROOMS[name].split())


@pytest.mark.parametrize('name', DIRECTORY)
def test_a_room_of_the_directory_imports_what_it_may(name):
    path = CORE / 'directory' / name
    files = path.glob('*.py') if path.is_dir() else [path.with_suffix('.py')]
    for file in files:
        inside = own(file, f'{NAME}.directory') - {name}
        assert inside <= set(DIRECTORY[name].split())
        may = CONTRACT | {'directory'} | OPTIONS.get(name, set())
        assert own(file) <= may


@pytest.mark.parametrize('name', USERS)
def test_a_room_of_the_users_imports_what_it_may(name):
    path = CORE / 'directory' / 'users' / f'{name}.py'
    inside = own(path, f'{NAME}.directory.users')
    assert inside <= set(USERS[name].split())


@pytest.mark.parametrize('name', XENAPI_ROOMS)
def test_a_room_of_xenapi_imports_what_it_may(name):
    path = XENAPI / f'{name}.py'
    inside = own(path, XENAPI.name)
    assert inside <= set(XENAPI_ROOMS[name].split())
    assert own(path) <= CONTRACT | OPTIONS.get(name, set())
    tops = {one.split('.')[0] for one in imports(path)}
    for library, rooms in XENAPI_LIBRARIES.items():
        assert library not in tops or name in rooms, library


def test_importing_xenapi_needs_no_sdk():
    code = (
        'import sys; sys.modules["XenAPI"] = None; '
        'import imagecache_handlers_xenapi.handler'
    )
    subprocess.run([sys.executable, '-c', code], check=True)  # noqa: S603


def test_every_room_has_its_place():
    for folder, rooms in (
        (CORE, ROOMS),
        (CORE / 'directory', DIRECTORY),
        (CORE / 'directory' / 'users', USERS),
        (XENAPI, XENAPI_ROOMS),
    ):
        modules = {path.stem for path in folder.glob('*.py')}
        if folder.name == 'directory':
            modules.add('users')
        assert modules - {'__init__'} == set(rooms)


@pytest.mark.parametrize('library', LIBRARIES)
def test_a_library_is_imported_where_it_belongs(library):
    for path in sources():
        if any(name.split('.')[0] == library for name in imports(path)):
            assert room(path) in LIBRARIES[library], path


def test_the_core_never_imports_its_callers():
    for path in sources():
        if room(path) not in ('frontends', 'testing', '__init__'):
            assert not own(path) & {'frontends', 'testing'}, path


def test_only_a_terminal_program_prints():
    for path in sources():
        if room(path) not in ('frontends', 'testing'):
            calls = [
                node
                for node in ast.walk(ast.parse(path.read_text()))
                if isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id == 'print'
            ]
            assert not calls, path


def test_the_only_broad_except_is_around_a_handlers_call():
    broad = [
        path.name
        for path in sources()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ExceptHandler)
        and (
            node.type is None
            or getattr(node.type, 'id', '') in ('Exception', 'BaseException')
        )
        and room(path) != 'frontends'
    ]
    assert broad == ['guard.py']


def test_importing_it_loads_neither_stevedore_nor_oslo_config():
    code = (
        f'import sys, {NAME}; '
        'print(sorted({"stevedore", "oslo_config", "cliff"} '
        '& set(sys.modules)))'
    )
    done = subprocess.run(  # noqa: S603
        [sys.executable, '-c', code],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == '[]\n'


@pytest.mark.parametrize('path', sorted(SIMULATOR.glob('*.py')))
def test_the_simulator_needs_the_standard_library_only(path):
    allowed = {*sys.stdlib_module_names, 'imagecache_handlers_xenapi'}
    if path.stem == 'pytest_fixtures':
        allowed.add('pytest')
    found = imports(path)
    assert {name.split('.')[0] for name in found} <= allowed
    for name in found:
        if name.startswith('imagecache_handlers_xenapi'):
            assert name.startswith(simulator.__name__), name


@pytest.mark.parametrize('path', sorted(SIMULATOR.glob('*.py')))
def test_the_simulators_state_knows_nothing_of_its_sockets(path):
    outside = {'connection', 'server', 'pool', 'xmlrpc', 'jsonrpc'}
    callers = {'__init__', '__main__', 'fixtures', 'pytest_fixtures'}
    found = {name.rpartition('.')[2] for name in imports(path)}
    if path.stem not in outside | callers:
        assert not found & outside
        assert not found & {'socket', 'ssl', 'server', 'client'}


def test_importing_the_simulator_loads_neither_the_core_nor_a_client():
    code = (
        f'import sys, {simulator.__name__}; '
        f'print(sorted({{"{NAME}", "XenAPI", "pytest"}} & set(sys.modules)))'
    )
    done = subprocess.run(  # noqa: S603
        [sys.executable, '-c', code],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == '[]\n'


def test_every_module_says_in_its_docstring_what_it_is():
    for path in (*sources(), *XENAPI.rglob('*.py')):
        assert ast.get_docstring(ast.parse(path.read_text())), path
