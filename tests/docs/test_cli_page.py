"""The examples of the page on the command are run, one after the other."""

import os
import shlex

import pytest

from tests.directory.disks import create
from tests.directory.disks import qemu
from tests.docs.reading import ROOT
from tests.docs.test_commands import lines_of
from tests.frontends.cli.command import Command
from tests.frontends.cli.command import environment
from tests.frontends.cli.command import IMAGE
from tests.frontends.cli.command import OTHER
from tests.frontends.glance_api.glance_double import GlanceDouble
from tests.frontends.glance_api.glance_double import GlanceServer
from tests.frontends.nova_api.nova_double import Machine
from tests.frontends.nova_api.nova_double import NovaDouble
from tests.frontends.nova_api.nova_double import NovaServer

LINES = list(lines_of(ROOT / 'doc' / 'source' / 'cli.rst'))
SERVICES = """
[imagecache_nova]
auth_type = none
endpoint = {nova}/v2.1

[imagecache_glance]
auth_type = none
endpoint = {glance}
"""
LIBVIRT = """
import sys

from tests.frontends.libvirt_domains.libvirt_double import Domain
from tests.frontends.libvirt_domains.libvirt_double import LibvirtDouble

sys.modules[__name__] = LibvirtDouble(Domain())
"""


class TestExamples(Command):
    """A folder with an image that is used, one that is not, and two files."""

    @pytest.fixture(autouse=True)
    def _serve(self):
        nova = NovaDouble([Machine(number=1, image=IMAGE)])
        glance = GlanceDouble()
        glance.images[IMAGE] = 'active', 'public', 'project-a'
        with NovaServer(nova) as one, GlanceServer(glance) as other:
            self.services = SERVICES.format(nova=one.url, glance=other.url)
            yield

    def setUp(self):
        super().setUp()
        self.add(IMAGE)
        self.add(OTHER)
        self.age()
        machine = self.root / 'instances' / 'vm'
        machine.mkdir(parents=True)
        create(machine / 'disk', os.path.join(self.path, IMAGE))
        with self.conf.open('a') as file:
            file.write(f'instance_paths = {self.root}/instances\n')
            file.write(self.services)
        (self.root / 'in-use.txt').write_text(f'{IMAGE} vm\n')
        (self.root / 'libvirt.py').write_text(LIBVIRT)

    def run_line(self, line):
        path = f'{self.root}:{environment()["PYTHONPATH"]}'
        return self.run_bare(*shlex.split(line), PYTHONPATH=path)

    def test_what_this_host_does_is_done(self):
        for line in LINES:
            if ' fleet ' in line:
                continue
            if ' list' in line:
                self.leave_files()
            done = self.run_line(line)
            said = f'{line}: {done.stdout}'
            self.assertEqual((0, ''), (done.returncode, done.stderr), said)
        ids = {one.image_id for one in self.listed()}
        self.assertEqual({IMAGE, 'fedora.img', 'debian-12'}, ids)

    def leave_files(self):
        for name in 'fedora.img', 'Debian 12.img':
            file = os.path.join(self.path, name)
            qemu('create', '-q', '-f', 'qcow2', file, '1M')

    def test_without_a_board_there_is_no_fleet(self):
        [line] = [one for one in LINES if one.endswith('fleet list')]
        done = self.run_line(line)
        self.refused(done, 2, 'set [imagecache_fleet] backend_url')
