"""Which wing may know which: the direction of the design, held."""

import ast
from collections.abc import Iterable
from collections.abc import Iterator
import pathlib
import re
import subprocess
import sys

import pytest

import imagecache_handlers
import imagecache_handlers_vmware
import imagecache_handlers_xenapi
import simulator_parts
import vcenter_simulator
import xapi_simulator

HERE = pathlib.Path(__file__).parents[1]
CORE = pathlib.Path(imagecache_handlers.__file__).parent
VMWARE = pathlib.Path(imagecache_handlers_vmware.__file__).parent
XENAPI = pathlib.Path(imagecache_handlers_xenapi.__file__).parent
PARTS = pathlib.Path(simulator_parts.__file__).parent
SIMULATORS = [
    pathlib.Path(one.__file__).parent
    for one in (vcenter_simulator, xapi_simulator)
]
SIMULATED = [
    path for top in (PARTS, *SIMULATORS) for path in sorted(top.rglob('*.py'))
]

# Each wing, and those that it may import; the longest name that a module
# begins with is its wing.  What is not allowed here is an arrow upwards.
ROOT = 'imagecache_handlers.'
WINGS = {
    # What outsiders import.  A module of the root is a wing by itself where
    # it may know more than the others, or not everybody may know it.
    'root': '',
    'loader': 'root',
    'planning': 'root',
    'actions': 'planning root staging',
    'cache': 'actions planning root',
    'face': 'actions cache planning root',
    'config': 'config.files config.nova config.values loader planning root',
    'config.nova': 'config.files config.values root',
    'config.values': 'config.files root',
    'config.files': 'root',
    # Handlers know the contract, and nothing that decides.
    'directory': (
        'directory.hosts directory.opts directory.parts directory.formats '
        'directory.system directory.users root'
    ),
    'directory.opts': 'config.values directory root',
    'directory.hosts': ('directory directory.system directory.users root'),
    'directory.users': ('directory.formats directory.parts directory.system'),
    'directory.formats': '',
    'directory.parts': '',
    'directory.system': '',
    # An image on its way in, which knows the system as directories do.
    'staging': 'directory.system root',
    # Where images come from.
    'sources': 'root sources.opts sources.services',
    'sources.opts': 'config.values root sources.services',
    'sources.services': '',
    # How handlers reach a hypervisor over HTTP.
    'transport': 'root',
    'xenapi': 'port root transport xenapi.opts',
    'xenapi.opts': 'config.values root',
    'vmware': 'root transport vmware.opts vmware.port',
    'vmware.opts': 'config.nova config.values root vmware',
    'vmware.port': 'root transport',
    'port': 'root transport',
    'testing': 'cache planning root',
    'testing.template': 'face root testing',
    'frontends': 'actions planning root',
    'frontends.nova': (
        'actions cache config directory frontends.fleet '
        'frontends.fleet.opts loader planning root sources'
    ),
    # Nova's own package, but for where they lie.
    'nova.drivers': 'frontends.nova',
    'nova_api': 'root sources sources.services',
    'glance_api': 'root sources sources.services',
    'libvirt_domains': (
        'directory.formats directory.system directory.users root'
    ),
    'metrics': 'actions planning root',
    'frontends.fleet': 'root',
    'frontends.fleet.opts': 'config.values root',
    # What the boards are kept in, each behind one module.
    'frontends.fleet.opening': (
        'config.values frontends.fleet frontends.fleet.opts '
        'frontends.fleet.port root'
    ),
    'frontends.fleet.port': 'frontends.fleet root',
    # The one module that is written for what Nova loads.
    'frontends.fleet.weigher': 'frontends.fleet frontends.fleet.opts root',
    'cli': (
        'actions cache cli.commands cli.pages config config.files face '
        'frontends frontends.fleet frontends.fleet.opening glance_api '
        'libvirt_domains loader metrics nova_api planning root sources'
    ),
    'cli.commands': (
        'actions cache cli cli.pages config config.files config.values '
        'directory face frontends frontends.fleet frontends.fleet.opening '
        'frontends.fleet.opts html loader metrics planning root '
        'sources testing testing.template'
    ),
    'cli.pages': 'actions frontends planning root',
    # A page as well, of which the command says no line.
    'html': 'cli.pages frontends planning root',
}
FOLDERS = {
    'imagecache_handlers': 'root',
    'imagecache_handlers.cache': 'cache',
    'imagecache_handlers.entry_points': 'loader',
    'imagecache_handlers.loader': 'loader',
    'imagecache_handlers.planning': 'planning',
    'imagecache_handlers.actions': 'actions',
    'imagecache_handlers.config': 'config',
    'imagecache_handlers.config.files': 'config.files',
    'imagecache_handlers.config.nova': 'config.nova',
    'imagecache_handlers.config.values': 'config.values',
    'imagecache_handlers.directory': 'directory',
    'imagecache_handlers.directory.hosts': 'directory.hosts',
    'imagecache_handlers.directory.opts': 'directory.opts',
    'imagecache_handlers.directory.parts': 'directory.parts',
    'imagecache_handlers.directory.system': 'directory.system',
    'imagecache_handlers.directory.users': 'directory.users',
    'imagecache_handlers.directory.users.formats': 'directory.formats',
    'imagecache_handlers.staging': 'staging',
    'imagecache_handlers.sources': 'sources',
    'imagecache_handlers.sources.opts': 'sources.opts',
    'imagecache_handlers.sources.services': 'sources.services',
    'imagecache_handlers.testing': 'testing',
    'imagecache_handlers.transport': 'transport',
    'imagecache_handlers.testing.template': 'testing.template',
    'imagecache_handlers.frontends': 'frontends',
    'imagecache_handlers.frontends.nova': 'frontends.nova',
    'imagecache_handlers.frontends.nova.drivers': 'nova.drivers',
    'imagecache_handlers.frontends.html': 'html',
    'imagecache_handlers.frontends.libvirt_domains': 'libvirt_domains',
    'imagecache_handlers.frontends.glance_api': 'glance_api',
    'imagecache_handlers.frontends.nova_api': 'nova_api',
    'imagecache_handlers.frontends.metrics': 'metrics',
    'imagecache_handlers.frontends.cli': 'cli',
    'imagecache_handlers.frontends.fleet': 'frontends.fleet',
    'imagecache_handlers.frontends.fleet.distrust': 'frontends.fleet.port',
    'imagecache_handlers.frontends.fleet.etcd_board': 'frontends.fleet.port',
    'imagecache_handlers.frontends.fleet.etcd_link': 'frontends.fleet.port',
    'imagecache_handlers.frontends.fleet.etcd_stay': 'frontends.fleet.port',
    'imagecache_handlers.frontends.fleet.opening': 'frontends.fleet.opening',
    'imagecache_handlers.frontends.fleet.opts': 'frontends.fleet.opts',
    'imagecache_handlers.frontends.fleet.redis_board': 'frontends.fleet.port',
    'imagecache_handlers.frontends.fleet.timed_calls': 'frontends.fleet.port',
    'imagecache_handlers.frontends.fleet.timed_socket': 'frontends.fleet.port',
    'imagecache_handlers.frontends.fleet.weigher': ('frontends.fleet.weigher'),
    'imagecache_handlers.frontends.cli.commands': 'cli.commands',
    'imagecache_handlers.frontends.cli.pages': 'cli.pages',
    'imagecache_handlers_vmware': 'vmware',
    'imagecache_handlers_vmware.nova_age': 'vmware.opts',
    'imagecache_handlers_vmware.nova_options': 'vmware.opts',
    'imagecache_handlers_vmware.opts': 'vmware.opts',
    'imagecache_handlers_vmware.port': 'vmware.port',
    'imagecache_handlers_xenapi': 'xenapi',
    'imagecache_handlers_xenapi.opts': 'xenapi.opts',
    'imagecache_handlers_xenapi.port': 'port',
}
# The package itself gives everything away that outsiders need.
FACE = 'imagecache_handlers'

# Libraries that only these wings may import.
LIBRARIES = {
    'stevedore': 'loader testing cli cli.commands',
    'oslo_config': (
        'config config.nova config.values config.files directory '
        'directory.opts frontends.fleet.opening frontends.fleet.opts '
        'sources sources.opts '
        'vmware.opts xenapi.opts testing.template cli cli.commands '
        'frontends.nova glance_api nova_api'
    ),
    'oslo_concurrency': 'frontends.nova',
    'oslo_messaging': 'frontends.nova',
    'etcd3gw': 'frontends.fleet.port',
    'redis': 'frontends.fleet.port',
    'keystoneauth1': 'sources',
    'openstack': 'sources',
    'requests': 'frontends.fleet.port sources',
    'urllib3': 'frontends.fleet.port sources',
    'libvirt': 'libvirt_domains',
    'nova': 'frontends.nova nova.drivers frontends.fleet.weigher',
    'cliff': 'cli cli.commands cli.pages',
    'rich': 'cli cli.pages',
    'XenAPI': 'port',
    'jinja2': 'html',
    'http': 'metrics port transport vmware.port',
    'prometheus_client': 'cli metrics',
    'socket': (
        'cli.commands frontends frontends.fleet.opening '
        'frontends.fleet.port metrics port sources transport'
    ),
    'ssl': 'frontends.fleet.port metrics sources transport',
    'xmlrpc': 'port',
}


def name_of(path: pathlib.Path, top: pathlib.Path) -> str:
    name = '.'.join(path.relative_to(top.parent).with_suffix('').parts)
    return name.removesuffix('.__init__')


SOURCES = {
    name_of(path, top): path
    for top in (CORE, VMWARE, XENAPI)
    for path in top.rglob('*.py')
}


def wing(module: str) -> str:
    if module == FACE:
        return 'face'
    while module not in FOLDERS:
        module = module.rpartition('.')[0]
    return FOLDERS[module]


def may(importer: str, imported: str) -> bool:
    """Tell if a module may import another."""
    one, other = wing(importer), wing(imported)
    return one == other or other in WINGS[one].split()


def parse_source(path: pathlib.Path) -> ast.Module:
    return ast.parse(path.read_text())


def nodes(path: pathlib.Path) -> Iterator[ast.AST]:
    """Give all of a source but what only types are checked by."""
    waiting: list[ast.AST] = [parse_source(path)]
    while waiting:
        node = waiting.pop()
        yield node
        guarded = isinstance(node, ast.If) and 'TYPE_CHECKING' in ast.unparse(
            node.test
        )
        waiting += node.orelse if guarded else ast.iter_child_nodes(node)


def imports(path: pathlib.Path, known: Iterable[str] = ()) -> set[str]:
    """Give what a file imports: modules, wherever they are known as such."""
    found = set()
    for node in nodes(path):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            top = node.module or ''
            for one in node.names:
                full = f'{top}.{one.name}'
                found.add(full if full in known else top)
    return found


IMPORTS = {module: imports(path, SOURCES) for module, path in SOURCES.items()}
ARROWS = {module: found & SOURCES.keys() for module, found in IMPORTS.items()}


def circles(arrows: dict[str, set[str]]) -> set[str]:
    """Give the modules that lie on a circle, or lead from one to another."""
    left = dict(arrows)
    for _ in arrows:
        ends = {one for one, to in left.items() if not to & left.keys()}
        if not ends:
            break
        left = {one: to for one, to in left.items() if one not in ends}
    return set(left)


@pytest.mark.parametrize('name', WINGS)
def test_a_wing_imports_what_it_may(name):
    wrong = {
        (module, one)
        for module, found in ARROWS.items()
        for one in found
        if wing(module) == name and not may(module, one)
    }
    assert not wrong


def test_no_arrows_make_a_circle():
    assert not circles(ARROWS)


def test_a_circle_is_seen():
    assert circles({'a': {'b'}, 'b': {'c'}, 'c': {'b'}}) == {'a', 'b', 'c'}
    assert not circles({'a': {'b', 'c'}, 'b': {'c'}, 'c': set()})


@pytest.mark.parametrize(
    ('importer', 'imported'),
    [
        ('model', 'planning.plan'),
        ('handler', 'cache'),
        ('planning.plan', 'actions.report'),
        ('planning.rules', 'config.settings'),
        ('actions.guard', 'cache'),
        ('actions.guard', 'loader'),
        ('cache', 'config.settings'),
        ('loader', 'cache'),
        ('config.settings', 'actions.report'),
        ('config.values', 'config.settings'),
        ('directory.handler', 'loader'),
        ('directory.handler', 'cache'),
        ('directory.handler', 'planning.rules'),
        ('directory.handler', 'config.values'),
        ('directory.opts', 'config.settings'),
        ('directory.users.walk', 'directory.folder'),
        ('directory.users.formats.vhd', 'directory.users.walk'),
        ('directory.system.mounts', 'directory.folder'),
        ('frontends.service', 'frontends.cli.app'),
        ('frontends.metrics.tally', 'frontends.cli.pages.report'),
        ('frontends.cli.pages.plan', 'frontends.cli.commands.plan'),
        ('frontends.cli.pages.plan', 'frontends.cli.app'),
        ('staging.stage', 'directory.folder'),
        ('staging.stage', 'actions.guard'),
        ('testing.memory', 'actions.guard'),
    ],
)
def test_another_arrow_is_seen(importer, imported):
    assert not may(f'{ROOT}{importer}', f'{ROOT}{imported}')


def test_an_arrow_out_of_the_port_is_seen():
    top = XENAPI.name
    assert may(f'{top}.looks', f'{top}.port.session')
    assert not may(f'{top}.port.session', f'{top}.looks')
    assert not may(f'{top}.looks', f'{ROOT}cache')
    assert not may(f'{top}.looks', f'{ROOT}directory.folder')
    assert not may(f'{ROOT}directory.folder', f'{top}.disks')


@pytest.mark.parametrize('library', LIBRARIES)
def test_a_library_is_imported_where_it_belongs(library):
    for module, found in IMPORTS.items():
        if library in {one.split('.')[0] for one in found}:
            assert wing(module) in LIBRARIES[library].split(), module


def test_importing_xenapi_needs_no_sdk():
    code = (
        'import sys; sys.modules["XenAPI"] = None; '
        'import imagecache_handlers_xenapi.handler'
    )
    subprocess.run([sys.executable, '-c', code], check=True)  # noqa: S603


def test_only_a_terminal_program_prints():
    for module, path in SOURCES.items():
        if wing(module).split('.')[0] not in ('cli', 'frontends', 'testing'):
            calls = [
                node
                for node in ast.walk(parse_source(path))
                if isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id == 'print'
            ]
            assert not calls, path


# What a name stands for; what others begin their own package with says
# what it is there.
SHORT = {'opts': 'options', 'cli': 'command', 'flock': 'lock'}
NOT_TOLD = {
    'imagecache_handlers.frontends.cli.__main__',
    f'{ROOT}testing.template',
}


def begins_with_its_name(module: str, text: str) -> bool:
    words = SHORT.get(name := module.rpartition('.')[2], name).split('_')
    first = re.split('[:;,.]', text)[0].lower().replace('-', '')
    return any(word[:4] in first for word in words)


def test_a_module_says_first_what_it_is():
    for module in SOURCES.keys() - NOT_TOLD:
        text = ast.get_docstring(parse_source(SOURCES[module])) or ''
        assert begins_with_its_name(module, text), module


def test_another_name_is_seen():
    assert begins_with_its_name('a.leasing', 'Leases: who holds what.')
    assert not begins_with_its_name('a.leasing', 'Pins: see leasing.')


def is_broad(handler: ast.ExceptHandler) -> bool:
    if handler.type is None:
        return True
    names = {getattr(one, 'id', '') for one in ast.walk(handler.type)}
    return bool(names & {'Exception', 'BaseException'})


def test_a_broad_except_is_around_what_others_wrote():
    broad = {
        module
        for module, path in SOURCES.items()
        for node in ast.walk(parse_source(path))
        if isinstance(node, ast.ExceptHandler)
        and is_broad(node)
        and module.startswith(ROOT)
        and wing(module).split('.')[0] not in ('cli', 'frontends')
    }
    assert broad == {
        f'{ROOT}actions.guard',
        f'{ROOT}actions.slow_calls',
        f'{ROOT}entry_points',
        f'{ROOT}frontends.glance_api.side_by_side',
        f'{ROOT}staging.reading_ahead',
    }


def loaded(module: str, names: Iterable[str]) -> str:
    """Import a module in a new process; give which of others that loads."""
    code = (
        f'import sys, {module}; '
        f'print(sorted({set(names)!r} & set(sys.modules)))'
    )
    done = subprocess.run(  # noqa: S603
        [sys.executable, '-c', code],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def test_importing_it_loads_neither_stevedore_nor_oslo_config():
    assert loaded(FACE, ['stevedore', 'oslo_config', 'cliff']) == '[]\n'


def test_the_command_line_loads_no_extra_until_it_is_asked_for():
    extras = ['jinja2', 'prometheus_client', 'ssl']
    for command in 'metrics', 'report', 'run', 'sweep':
        module = f'{FACE}.frontends.cli.commands.{command}'
        assert loaded(module, extras) == '[]\n', command


def top_of(path: pathlib.Path) -> str:
    """Give the package that a module of a simulator lies in."""
    return path.relative_to(PARTS.parent).parts[0]


@pytest.mark.parametrize('path', SIMULATED, ids=str)
def test_simulators_need_the_standard_library_only(path):
    allowed = {*sys.stdlib_module_names, PARTS.name, top_of(path)}
    if path.stem == 'pytest_fixtures':
        allowed.add('pytest')
    assert {name.split('.')[0] for name in imports(path)} <= allowed


# What a simulator's sockets are, and whoever starts it.
SOCKETS = {
    *('connection', 'folder_requests', 'jsonrpc', 'pool', 'server'),
    *('simulator', 'xmlrpc'),
}
STARTERS = {'__init__', '__main__', 'fixtures', 'pytest_fixtures'}


@pytest.mark.parametrize('path', SIMULATED, ids=str)
def test_a_simulators_state_knows_nothing_of_its_sockets(path):
    found = {name.rpartition('.')[2] for name in imports(path)}
    is_state = top_of(path) != PARTS.name
    if is_state and path.stem not in SOCKETS | STARTERS:
        assert not found & SOCKETS
        assert not found & {'socket', 'ssl', 'server', 'client'}


@pytest.mark.parametrize('top', SIMULATORS, ids=str)
def test_importing_a_simulator_loads_neither_the_core_nor_a_client(top):
    others = [FACE, XENAPI.name, 'XenAPI', 'oslo_vmware', 'pytest']
    assert loaded(top.name, others) == '[]\n'


def test_every_module_says_in_its_docstring_what_it_is():
    for path in (*SOURCES.values(), *SIMULATED):
        assert ast.get_docstring(parse_source(path)), path


# A map that leaves a room out, or names one that is gone, is worse than none.
MAP = (HERE / 'CONTRIBUTING.rst').read_text()
PLACES = re.findall(r'``([a-z_/]+(?:\.py|/))``', MAP)
PACKAGES = {
    name.rpartition('.')[2]
    for name, path in SOURCES.items()
    if path.name == '__init__.py'
}


@pytest.mark.parametrize('package', sorted(PACKAGES))
def test_the_map_names_each_package(package):
    assert f'``{package}``' in MAP


@pytest.mark.parametrize('place', sorted(set(PLACES)))
def test_what_the_map_names_is_there(place):
    tops = HERE, CORE, VMWARE, XENAPI
    assert any((top / place).exists() for top in tops)
