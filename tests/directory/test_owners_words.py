"""What the owner says of disks: Nova, libvirt, and whom to pass over."""

import json
import os
import shutil
import socket
import textwrap

from oslo_config import cfg

from imagecache_handlers import ConfigurationError
from imagecache_handlers.directory import DirectoryHandler
from tests.directory.disks import create
from tests.directory.disks import header
from tests.directory.disks import overlay
from tests.directory.place import IMAGE
from tests.directory.place import OTHER
from tests.directory.used import NOBODY
from tests.directory.used import Used

BLANK = b'\0' * 600
NO_DISKS = "<domain type='kvm'><name>other</name></domain>"


class TestNova(Used):
    def setUp(self):
        super().setUp()
        self.disk('vm-1').parent.mkdir()
        self.disk('vm-1').write_bytes(BLANK)

    def say(self, **forms):
        there = '/somewhere/else'
        named = {f'{there}/{name}': form for name, form in forms.items()}
        self.disk('vm-1', 'disk.info').write_text(json.dumps(named))

    def test_a_disk_that_nova_calls_raw_names_none(self):
        self.assert_unknown(self.disk('vm-1'))
        self.say(disk='raw')
        self.assertEqual((NOBODY, None), self.disks_of())
        # Its guest writes what it likes.
        self.disk('vm-1').write_bytes(header(str(self.file())))
        self.assertEqual((NOBODY, None), self.disks_of())
        self.disk('vm-1').write_bytes(b'QFI\xfb' * 100)
        self.assertEqual((NOBODY, None), self.disks_of())

    def test_it_speaks_of_no_other(self):
        self.say(disk='qcow2')
        self.assert_unknown(self.disk('vm-1'))
        self.say(other='raw')
        self.assert_unknown(self.disk('vm-1'))
        self.disk('vm-1').rename(self.disk('vm-1', 'other'))
        self.assertEqual((NOBODY, None), self.disks_of())

    def test_a_word_that_changes_counts_at_once(self):
        self.say(disk='raw')
        handler = self.connect()
        [image] = handler.enumerate(self.path, {IMAGE})
        self.assertIsNone(image.unknown)
        self.say(disk='qcow2')
        [image] = handler.enumerate(self.path, {IMAGE})
        self.assertIn(str(self.disk('vm-1')), image.unknown)

    def test_one_that_cannot_be_read_is_told(self):
        self.disk('vm-1', 'disk.info').write_text('{"disk":')
        self.assert_unknown('disk.info', 'JSON')

    def test_it_is_not_read_through_a_link(self):
        self.say(disk='raw')
        info = self.disk('vm-1', 'disk.info')
        info.rename(self.root / 'disk.info')
        info.symlink_to(self.root / 'disk.info')
        self.assert_unknown(self.disk('vm-1'))


class Defined(Used):
    """A folder with definitions of libvirt."""

    @property
    def definitions(self):
        return self.root / 'qemu'

    def setUp(self):
        super().setUp()
        self.definitions.mkdir()
        # A folder in which libvirt keeps none may not be the right one.
        (self.definitions / 'other.xml').write_text(NO_DISKS)

    def connect(self, **options):
        options.setdefault('libvirt_definitions', [str(self.definitions)])
        return super().connect(**options)

    def define(self, disk, form='raw', name='web'):
        (self.definitions / f'{name}.xml').write_text(
            textwrap.dedent(f"""\
            <domain type='kvm'>
              <name>{name}</name>
              <devices>
                <disk type='file' device='disk'>
                  <driver name='qemu' type='{form}'/>
                  <source file='{disk}'/>
                </disk>
              </devices>
            </domain>
            """)
        )


class TestLibvirt(Defined):
    def test_a_machine_uses_what_its_definition_names(self):
        self.define(self.file())
        self.assertEqual({'web'}, self.users())
        self.assertEqual(NOBODY, self.users(OTHER))
        self.define(self.root / 'iso', name='db')
        (self.root / 'iso').symlink_to(self.file(OTHER))
        self.assertEqual({'db'}, self.users(OTHER))
        self.assertEqual({None}, {image.unknown for image in self.listed()})

    def test_its_word_is_the_owner_s(self):
        self.disk('vm-1').parent.mkdir()
        self.disk('vm-1').write_bytes(header(str(self.file())))
        self.define(self.disk('vm-1'))
        self.assertEqual((NOBODY, None), self.disks_of())
        self.define(self.disk('vm-1'), form='qcow2')
        self.assertEqual({'web', 'vm-1'}, self.users())

    def test_a_disk_elsewhere_is_unknown_unless_it_is_raw(self):
        (self.root / 'far').write_bytes(header(str(self.file())))
        self.define(self.root / 'far', form='qcow2')
        self.assert_unknown(self.root / 'far', 'instance_paths')
        self.define(self.root / 'far')
        self.assertEqual((NOBODY, None), self.disks_of())

    def test_what_cannot_be_read_is_told(self):
        (self.definitions / 'web.xml').write_text('<domain')
        self.assert_unknown('web.xml', 'XML')
        (self.definitions / 'web.xml').unlink()
        shutil.rmtree(self.definitions)
        self.assert_unknown(self.definitions, 'No such file')

    def test_definitions_are_counted_under_their_folder(self):
        folder = str(self.definitions)
        for count, name in enumerate(['', 'web', 'db'], start=1):
            if name:
                self.define(self.file(), name=name)
            (self.definitions / 'autostart').mkdir(exist_ok=True)
            survey = self.connect()._overlays.survey()
            self.assertEqual(count, survey.met[folder])

    def test_a_raw_disk_that_is_missing_names_nothing(self):
        self.define(self.root / 'gone' / 'cd.iso')
        self.assertEqual((NOBODY, None), self.disks_of())
        # By its name it may be an image all the same.
        self.define(self.root / 'gone' / IMAGE)
        self.assertEqual(({'web'}, None), self.disks_of())
        self.define(self.root / 'gone' / 'disk', form='qcow2')
        self.assert_unknown('gone/disk', 'No such file', 'ignore')


class TestContradicted(Defined):
    """Raw is what nobody contradicts; else the header counts."""

    say = TestNova.say

    def setUp(self):
        super().setUp()
        self.middle = self.disk('vm-1', 'mid')
        self.middle.parent.mkdir()
        create(self.middle, self.file())

    def define_open(self, disk, name='backup'):
        """Define a machine that does not say which form its disk has."""
        self.define(disk, name=name)
        file = self.definitions / f'{name}.xml'
        said = "<driver name='qemu' type='raw'/>"
        file.write_text(file.read_text().replace(said, ''))

    def assert_used(self, *users):
        found, why = self.disks_of()
        self.assertEqual((set(users), None), (found, why))

    def test_a_definition_without_a_form_silences_no_header(self):
        self.define_open(self.middle)
        self.assert_used('vm-1')
        self.disk('vm-2').parent.mkdir()
        create(self.disk('vm-2'), self.middle, form='qcow2')
        self.assert_used('vm-1', 'vm-2')

    def test_but_it_settles_what_has_none(self):
        self.middle.write_bytes(BLANK)
        self.assert_unknown(self.middle)
        self.define_open(self.middle)
        self.assert_used()

    def test_an_overlay_contradicts_a_definition(self):
        self.define(self.middle)
        self.assert_used()
        self.disk('vm-2').parent.mkdir()
        create(self.disk('vm-2'), self.middle, form='qcow2')
        self.assert_used('vm-1', 'vm-2')
        # That one's own header counts for as much as its owner says.
        (self.disk('vm-2', 'disk.info')).write_text('{"/x/disk": "raw"}')
        self.assert_used()

    def test_what_guests_write_contradicts_nothing(self):
        self.say(mid='raw', disk='raw')
        self.disk('vm-1').write_bytes(header('mid', form='qcow2'))
        self.assert_used()
        overlay(self.disk('vm-2'), self.disk('vm-1'), form='qcow2')
        self.assert_used('vm-1', 'vm-2')

    def test_two_definitions_by_two_paths(self):
        (self.root / 'link').symlink_to(self.middle.parent)
        self.define(self.root / 'link' / 'mid', name='db')
        self.assert_used()
        self.define(self.middle, form='qcow2')
        self.assert_used('vm-1', 'web')

    def test_a_definition_contradicts_nova(self):
        self.say(mid='raw')
        self.assert_used()
        self.define(self.middle, form='qcow2')
        self.assert_used('vm-1', 'web')

    def test_nova_contradicts_a_definition(self):
        self.define(self.middle)
        self.say(mid='qcow2')
        self.assert_used('vm-1')

    def test_an_overlay_silences_no_problem(self):
        self.middle.write_bytes(header('json:{"driver":"what"}'))
        self.assert_unknown(self.middle, 'what')
        create(self.disk('vm-1'), self.middle, form='raw')
        self.assert_unknown(self.middle, 'what')
        self.say(mid='raw')
        self.assert_used()

    def test_a_link_is_not_a_word(self):
        self.say(mid='raw')
        self.disk('vm-2').parent.mkdir()
        self.disk('vm-2').symlink_to(self.middle)
        self.assert_used()


class TestMentions(Defined):
    """What a machine has that its definition does not call a disk."""

    def setUp(self):
        super().setUp()
        self.extra = self.root / 'far' / 'extra.qcow2'
        self.extra.parent.mkdir()
        create(self.extra, self.file())

    def mention(self, inner, kind='kvm'):
        xmlns = 'http://libvirt.org/schemas/domain/qemu/1.0'
        (self.definitions / 'web.xml').write_text(
            f"<domain type='{kind}' xmlns:qemu='{xmlns}'><name>web</name>"
            f'{inner}</domain>'
        )

    def argue(self, value):
        self.mention(
            "<qemu:commandline><qemu:arg value='-drive'/>"
            f"<qemu:arg value='{value}'/></qemu:commandline>"
        )

    def test_an_argument_of_qemu_is_followed(self):
        for name in (
            f'if=virtio,format=qcow2,file={self.extra}',
            f'file=file:{self.extra},if=virtio',
            f'{{"driver":"qcow2","file":{{"filename":"{self.extra}"}}}}',
        ):
            self.argue(name)
            self.assert_unknown(self.extra, 'instance_paths', 'ignore')
            options = {'ignore': [str(self.extra)]}
            self.assertEqual((NOBODY, None), self.disks_of(**options))
            both = [str(self.instances), str(self.extra.parent)]
            users, why = self.disks_of(instance_paths=both)
            self.assertEqual(({'web', 'extra.qcow2'}, None), (users, why))
        self.argue(f'file={self.extra},format=raw')
        self.assertEqual((NOBODY, None), self.disks_of())

    def test_it_contradicts_who_calls_it_raw(self):
        both = [str(self.instances), str(self.extra.parent)]
        self.define(self.extra, name='db')
        self.assertEqual((NOBODY, None), self.disks_of(instance_paths=both))
        self.argue(f'file={self.extra}')
        users, why = self.disks_of(instance_paths=both)
        self.assertEqual(({'web', 'extra.qcow2'}, None), (users, why))

    def test_names_that_qemu_cuts(self):
        for name in 'a,b', 'a=b', 'a:b', 'a b', 'a:/b':
            (self.extra.parent / 'a:').mkdir(exist_ok=True)
            there = self.extra.parent / name
            self.extra = self.extra.rename(there)
            written = str(there).replace(',', ',,')
            self.argue(f'if=none,file={written},format=qcow2')
            self.assert_unknown(there)

    def test_the_file_of_a_file_system(self):
        self.mention(
            "<devices><filesystem type='file'>"
            f"<source file='{self.extra}'/></filesystem></devices>",
            kind='lxc',
        )
        self.assert_unknown(self.extra, 'instance_paths')

    def test_what_is_never_a_disk(self):
        file = self.extra
        (self.root / 'folder').mkdir()
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(str(self.root / 'socket'))
        self.mention(
            f'<os><loader>{file}</loader><kernel>{file}</kernel>'
            f'<initrd>{file}</initrd><dtb>{file}</dtb>'
            f"<nvram template='{file}'>/no/such/file</nvram></os>"
            f'<devices><emulator>{file}</emulator>'
            f"<serial type='file'><source path='{file}'/>"
            f"<log file='{file}'/></serial>"
            f"<interface><rom file='{file}'/></interface>"
            f"<filesystem><binary path='{file}'/>"
            f"<source dir='{self.root}/folder'/></filesystem>"
            f"<other path='{self.root}/socket' dev='/dev/null'/></devices>"
        )
        self.assertEqual((NOBODY, None), self.disks_of())
        # For what it is used is not asked.
        self.mention(f'<os><kernel>{self.file()}</kernel></os>')
        self.assertEqual(({'web'}, None), self.disks_of())

    def test_the_variables_of_a_firmware_are_raw(self):
        variables = self.disk('vm-1', 'vars.fd')
        variables.parent.mkdir()
        variables.write_bytes(BLANK)
        self.assert_unknown(variables)
        for inner in (
            f'<nvram>{variables}</nvram>',
            f"<nvram type='file'><source file='{variables}'/></nvram>",
        ):
            self.mention(f'<os>{inner}</os>')
            self.assertEqual((NOBODY, None), self.disks_of())
            variables.write_bytes(header(str(self.file())))
            self.assertEqual((NOBODY, None), self.disks_of())
        self.mention(f"<os><nvram format='qcow2'>{variables}</nvram></os>")
        self.assertEqual(({'vm-1'}, None), self.disks_of())


class TestIgnore(Used):
    def setUp(self):
        super().setUp()
        self.disk('vm-1').parent.mkdir()
        self.disk('vm-1').write_bytes(BLANK)

    def test_a_disk_that_is_passed_over_says_nothing(self):
        self.assert_unknown(self.disk('vm-1'))
        for pattern in (
            self.disk('vm-1'),
            self.disk('vm-1').parent,
            f'{self.disk("vm-1").parent}/',
            self.instances / 'vm-?' / 'dis?',
            'vm-*',
            'vm-1',
        ):
            ignore = ['nothing', str(pattern)]
            self.assertEqual((NOBODY, None), self.disks_of(ignore=ignore))

    def test_no_more_than_was_told(self):
        for pattern in (
            f'{self.disk("vm-1")}x',
            self.instances / 'dis*',
            f'{self.root}/*disk',
            'dis',
            '*.raw',
        ):
            _, why = self.disks_of(ignore=[str(pattern)])
            self.assertIn(str(self.disk('vm-1')), why, pattern)

    def test_what_it_names_counts_all_the_same(self):
        overlay(self.disk('vm-1'), self.file())
        for pattern in 'disk', str(self.disk('vm-1')), '*':
            self.connect().accept_host(self.path)
            users, _ = self.disks_of(ignore=['nothing', pattern])
            # A folder that is passed over is not looked into.
            seen = NOBODY if pattern == '*' else {'vm-1'}
            self.assertEqual(seen, users, pattern)

    def test_what_others_name_may_be_passed_over(self):
        self.disk('vm-1').unlink()
        overlay(self.disk('vm-1'), '/no/such/base')
        self.assert_unknown('/no/such/base')
        for pattern in '/no/such', '/no/*/base', 'base':
            self.assertEqual((NOBODY, None), self.disks_of(ignore=[pattern]))

    def test_what_cannot_be_is_refused(self):
        for pattern in 'vm-1/disk', '', 'a\x1bb':
            with self.assertRaises(ConfigurationError):
                self.connect(ignore=[pattern])


class TestGivenTwice(Used):
    """Every option that is given twice counts twice."""

    def handler(self, *texts):
        files = []
        for number, text in enumerate(texts):
            files.append(self.root / f'{number}.conf')
            files[-1].write_text(f'[imagecache_directory]\n{text}\n')
        conf = cfg.ConfigOpts()
        conf(
            [f'--config-file={file}' for file in files],
            default_config_dirs=[],
        )
        return DirectoryHandler.from_conf(conf)

    def users_by(self, handler):
        [image] = handler.enumerate(self.path, {IMAGE})
        return image.users, image.unknown

    def test_folders_of_instances(self):
        second = self.root / 'second'
        overlay(second / 'disk', '')
        overlay(self.disk('vm-1'), self.file())
        path, one = f'path = {self.path}', f'instance_paths = {self.instances}'
        other = f'instance_paths = {second}'
        for texts in (
            [f'{path}\n{one}\n{other}'],
            [f'{path}\n{other}\n{one}'],
            [f'{path}\n{one}', other],
            [path, other, one],
            [f'{path}\n{one}, {second}'],
            [f'{path}\n{other},{self.instances}'],
        ):
            handler = self.handler(*texts)
            self.assertEqual(({'vm-1'}, None), self.users_by(handler), texts)

    def test_what_to_pass_over(self):
        for name in 'vm-1', 'vm-2':
            self.disk(name).parent.mkdir()
            self.disk(name).write_bytes(BLANK)
        handler = self.handler(
            f'path = {self.path}\ninstance_paths = {self.instances}\n'
            f'ignore = vm-1',
            f'ignore = {self.instances}/vm-2, /x',
        )
        self.assertEqual((NOBODY, None), self.users_by(handler))

    def test_definitions(self):
        lines = [
            f'libvirt_definitions = {self.root}/{name}' for name in ('a', 'b')
        ]
        given = f'path = {self.path}\ninstance_paths = {self.instances}'
        handler = self.handler(given, *lines)
        _, why = self.users_by(handler)
        self.assertIn('and 1 more', why)
        for name in 'a', 'b':
            os.mkdir(self.root / name)
            (self.root / name / 'x.xml').write_text(NO_DISKS)
        self.assertEqual((NOBODY, None), self.users_by(handler))
