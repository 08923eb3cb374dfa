"""nova-compute with our drivers: nothing of ours is loaded before Nova."""

import ast
import os
import pathlib
import subprocess
import sys
import types
import unittest
from unittest import mock

from imagecache_handlers.frontends.nova import launching

# What Nova does not bear before it, and what leads there.
FORBIDDEN = 'eventlet', 'futurist', 'oslo_config', 'oslo_utils', 'stevedore'


class TestLaunching(unittest.TestCase):
    def setUp(self):
        self.nova = types.ModuleType('nova')
        self.virt = types.ModuleType('nova.virt')
        self.virt.__path__ = ['/nova/virt']
        self.nova.virt = self.virt
        self.cmd = types.ModuleType('nova.cmd')
        self.compute = types.ModuleType('nova.cmd.compute')
        self.compute.main = self.run_nova
        self.cmd.compute = self.compute
        self.nova.cmd = self.cmd
        self.ran = []
        for module in self.nova, self.virt, self.cmd, self.compute:
            sys.modules[module.__name__] = module
            self.addCleanup(sys.modules.pop, module.__name__)

    def run_nova(self):
        self.ran.append((sys.argv[0], list(self.virt.__path__)))

    def test_it_runs_nova_compute_under_its_own_name(self):
        argv = ['/usr/bin/nova-compute-imagecache', '--debug']
        with mock.patch.object(sys, 'argv', argv):
            launching.main()
        [(name, path)] = self.ran
        self.assertEqual('/usr/bin/nova-compute', name)
        self.assertEqual('/nova/virt', path[0])
        self.assertTrue(os.path.exists(f'{path[1]}/imagecache_libvirt.py'))

    def test_the_folder_is_added_once(self):
        launching.add_drivers()
        launching.add_drivers()
        self.assertEqual(2, len(self.virt.__path__))


class TestLoading(unittest.TestCase):
    def test_what_nova_does_not_bear_is_not_loaded(self):
        self.assertEqual([], self.loaded('launching', FORBIDDEN))

    def test_a_driver_loads_no_handler_and_no_cache(self):
        heavy = [
            f'imagecache_handlers.{name}'
            for name in ('cache', 'directory', 'loader', 'model', 'config')
        ]
        self.assertEqual([], self.loaded('libvirt', heavy))
        self.assertEqual(heavy[1:2], self.loaded('opening', heavy[1:2]))

    def test_a_driver_loads_a_dozen_modules_of_ours_at_most(self):
        """What importing it takes is counted, for time is the machine's."""
        code = (
            'import sys; import imagecache_handlers.frontends.nova.libvirt;'
            "print([one for one in sys.modules if one[:11] == 'imagecache_'])"
        )
        self.assertLessEqual(len(self.run_code(code)), 12)

    def loaded(self, module, names):
        """Give which of others that loads."""
        code = (
            f'import sys; import imagecache_handlers.frontends.nova.{module};'
            f'print(sorted({set(names)!r} & set(sys.modules)))'
        )
        return self.run_code(code)

    def run_code(self, code):
        done = subprocess.run(  # noqa: S603
            [sys.executable, '-c', code],
            capture_output=True,
            text=True,
            check=True,
        )
        return ast.literal_eval(done.stdout)

    def test_no_module_but_the_drivers_imports_nova(self):
        folder = pathlib.Path(launching.__file__).parent
        for path in folder.glob('*.py'):
            lines = path.read_text().splitlines()
            begins = [
                one
                for one in lines
                if one.startswith(('from nova', 'import nova'))
            ]
            self.assertEqual([], begins, path)
