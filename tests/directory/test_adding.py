"""Images that are added: as sparse as they were, for whom they are meant,
and whole by themselves.
"""

import io
import os
from unittest import mock

from oslo_config import cfg

from imagecache_handlers import ConfigurationError
from imagecache_handlers.directory import DirectoryHandler
from imagecache_handlers.directory.system import sparse
from imagecache_handlers import ImageCache
from imagecache_handlers import ImageMeta
from imagecache_handlers import Rules
from imagecache_handlers.source import LocalFile
from imagecache_handlers.source import SourceError
from imagecache_handlers import StoreUnavailable
from imagecache_handlers import Unsupported
from tests.directory.apart import Apart
from tests.directory.apart import as_root
from tests.directory.apart import NOBODY
from tests.directory.disks import header
from tests.directory.disks import qemu
from tests.directory.place import IMAGE
from tests.directory.place import NovaPlace
from tests.directory.place import Place
from tests.directory.place import sha1

MIB = 2**20
HUGE = 512 * MIB


class Adding(Place):
    def add_file(self, path, image_id=IMAGE):
        """Add a file of this host, as ``imagecache add`` does."""
        cache = ImageCache(self.connect(), Rules())
        return cache.add(image_id, LocalFile(str(path)))


class TestSparse(Adding):
    def source(self, size, *written):
        path = self.root / 'source'
        with path.open('wb') as file:
            file.truncate(size)
            for at, content in written:
                file.seek(at)
                file.write(content)
        return path

    def assert_same(self, path, image_id=IMAGE):
        with path.open('rb') as one, self.file(image_id).open('rb') as other:
            while chunk := one.read(MIB):
                self.assertEqual(chunk, other.read(MIB))
            self.assertEqual(b'', other.read(1))

    def test_holes_stay_holes(self):
        path = self.source(HUGE, (300 * MIB + 4096, b'x' * 4096))
        image = self.add_file(path)
        self.assertLessEqual(image.size, 2 * 4096)
        self.assertEqual(HUGE, self.file().stat().st_size)
        with self.file().open('rb') as file:
            file.seek(300 * MIB)
            found = file.read(3 * 4096)
        self.assertEqual(bytes(4096) + b'x' * 4096 + bytes(4096), found)

    def test_holes_are_not_read(self):
        """Of a file that seems large there may be years of zeros."""
        size = 2**40
        path = self.source(size, (2**39 + 5, b'x' * 4096))
        handler, reads, real = self.connect(), [], os.preadv

        def read(*arguments):
            reads.append(real(*arguments))
            return reads[-1]

        with (
            mock.patch.object(os, 'preadv', read),
            LocalFile(str(path)).opened(IMAGE) as (meta, content),
        ):
            handler.add(meta, content, self.path)
        self.assertLess(sum(reads), 4 * MIB)
        self.assertEqual(size, self.file().stat().st_size)
        with self.file().open('rb') as file:
            file.seek(2**39)
            found = file.read(3 * 4096)
        self.assertEqual(b'x' * 4096, found.strip(b'\0'))
        self.assertEqual(b'x', found[5:6])

    def test_what_is_written_into_a_hole_meanwhile_is_seen(self):
        path = self.source(HUGE, (MIB, b'x' * 4096))
        with (
            LocalFile(str(path)).opened(IMAGE) as (meta, content),
            path.open('r+b') as file,
        ):
            self.assertEqual(MIB, content.skip_hole())
            file.write(b'y')
            file.flush()
            with self.assertRaisesRegex(SourceError, 'was changed'):
                while content.read(MIB) or content.skip_hole():
                    pass

    def test_so_do_zeros_at_every_place(self):
        for size, *written in (
            (0,),
            (1,),
            (4095, (0, b'x')),
            (3 * MIB + 5, (MIB - 1, b'xy'), (3 * MIB + 4, b'z')),
            (MIB + 4096, (MIB, b'\0' * 4095 + b'x')),
            (40960, (0, b'x'), (8192, b'y'), (12288, b'z'), (40959, b'!')),
        ):
            with self.subTest(size):
                path = self.source(size, *written)
                self.add_file(path)
                self.assert_same(path)
                self.file().unlink()
                self.sidecar().unlink()

    def test_a_stream_in_pieces_of_any_length_does(self):
        content = bytes(10000) + b'x' * 5000 + bytes(100_000) + b'y'

        class Stream(io.BytesIO):
            def read(self, size=-1):
                return super().read(min(size, 777))

        meta = ImageMeta(image_id=IMAGE, size=len(content), disk_format='raw')
        image = self.connect().add(meta, Stream(content), self.path)
        self.assertEqual(content, self.file().read_bytes())
        self.assertLessEqual(image.size, 5 * 4096)

    def test_only_zeros_are_left_out(self):
        fd = os.open(self.root / 'file', os.O_RDWR | os.O_CREAT)
        self.addCleanup(os.close, fd)
        os.pwrite(fd, b'*' * 20000, 0)
        sparse.write(fd, bytes(3000) + b'x' + bytes(9000), 1000)
        found = os.pread(fd, 20000, 0)
        self.assertEqual(b'*' * 1000 + bytes(3000) + b'x', found[:4001])

    def test_the_room_that_it_takes_is_told(self):
        path = self.source(HUGE, (MIB, b'x' * 4096))
        with LocalFile(str(path)).opened(IMAGE) as (meta, _):
            self.assertEqual(HUGE, meta.size)
            self.assertEqual(4096, self.connect().room(meta, self.path))
        whole = self.source(8192, (0, b'x' * 8192))
        with LocalFile(str(whole)).opened(IMAGE) as (meta, _):
            self.assertEqual(8192, self.connect().room(meta, self.path))
        unknown = ImageMeta(image_id=IMAGE, size=HUGE, disk_format='raw')
        self.assertEqual(HUGE, self.connect().room(unknown, self.path))

    def test_one_that_seems_larger_than_what_is_free_has_room(self):
        [store] = self.connect().stores()
        # Beyond the whole disk it could never be full, nor read in time.
        for size, has_room in (store.total, True), (store.total + MIB, False):
            path = self.source(size, (MIB, b'x'))
            with LocalFile(str(path)).opened(IMAGE) as (meta, _):
                room = self.connect().room(meta, self.path)
            self.assertEqual(has_room, room < store.free)


class TestRoom(Place):
    def room(self, **said):
        meta = ImageMeta(**{'image_id': IMAGE, 'size': MIB, **said})
        return self.connect().room(meta, self.path)

    def test_what_comes_as_it_is_takes_its_own_size(self):
        self.assertEqual((), self.connect().formats)
        for form in 'raw', 'qcow2':
            said = {'disk_format': form, 'virtual_size': HUGE}
            self.assertEqual(MIB, self.room(**said))
            self.assertEqual(4096, self.room(**said, allocated=4096))


class TestRoomInNova(NovaPlace):
    room = TestRoom.room

    def test_what_is_to_be_converted_takes_the_size_of_its_disk(self):
        self.assertEqual(('raw', 'iso'), self.connect().formats)
        said = {'disk_format': 'qcow2', 'allocated': 4096}
        self.assertEqual(HUGE, self.room(**said, virtual_size=HUGE))
        # Nobody knows better.
        self.assertEqual(MIB, self.room(**said))

    def test_what_is_raw_does_not(self):
        for form in 'raw', 'iso':
            said = {'disk_format': form, 'virtual_size': HUGE}
            self.assertEqual(MIB, self.room(**said))
            self.assertEqual(4096, self.room(**said, allocated=4096))


class TestAccess(Apart, Place):
    def handler(self, *lines):
        file = self.root / 'cache.conf'
        head = ['[imagecache_directory]', f'path = {self.path}']
        file.write_text('\n'.join([*head, *lines, '']))
        conf = cfg.ConfigOpts()
        conf([f'--config-file={file}'], default_config_dirs=[])
        return DirectoryHandler.from_conf(conf)

    def add_with(self, *lines):
        meta = ImageMeta(image_id=IMAGE, size=5, disk_format='raw')
        content = io.BytesIO(b'image')
        self.handler(*lines).add(meta, content, self.path)
        found = self.file().stat()
        self.connect().evict(*self.listed())
        return found

    def test_the_mode_is_as_configured_whatever_the_umask(self):
        for umask in 0o077, 0o000:
            self.addCleanup(os.umask, os.umask(umask))
            self.assertEqual(0o644, self.add_with().st_mode & 0o7777)
            mode = self.add_with('file_mode = 0440').st_mode & 0o7777
            self.assertEqual(0o440, mode)

    @as_root
    def test_so_is_the_group_by_name_or_number(self):
        self.assertEqual(0, self.add_with().st_gid)
        for group in 'nogroup', str(NOBODY):
            found = self.add_with(f'file_group = {group}', 'file_mode = 0640')
            self.assertEqual((0, NOBODY), (found.st_uid, found.st_gid))
            self.assertEqual(0o640, found.st_mode & 0o7777)
        os.chown(self.folder, NOBODY, NOBODY)
        found = self.add_with('file_group = 0')
        self.assertEqual((NOBODY, 0), (found.st_uid, found.st_gid))

    @as_root
    def test_who_may_not_give_it_is_told_and_leaves_nothing(self):
        os.chown(self.folder, NOBODY, NOBODY)

        def act():
            with self.assertRaises(StoreUnavailable) as caught:
                self.handler_of_root.add(
                    ImageMeta(image_id=IMAGE, size=5, disk_format='raw'),
                    io.BytesIO(b'image'),
                    self.path,
                )
            self.assertIn('file_group: only root', str(caught.exception))
            self.assertEqual([], self.entries())

        self.handler_of_root = self.handler('file_group = root')
        self.as_another(act)

    def test_what_cannot_be_is_refused(self):
        for line, said in (
            ('file_mode = 0666', 'is not one of 0644'),
            ('file_mode = rw', 'is not one of 0644'),
            ('file_group = no-such-group', "no group 'no-such-group'"),
        ):
            with self.assertRaises(ConfigurationError) as caught:
                self.handler(line)
            self.assertIn(said, str(caught.exception))
        with self.assertRaises(ConfigurationError):
            DirectoryHandler([self.path], file_mode='0777')


class TestAlone(Adding):
    """No image that is added names other files."""

    def setUp(self):
        super().setUp()
        self.base = self.root / 'base'
        qemu('create', '-q', '-f', 'raw', self.base, '1M')

    def make(self, form, *options, size='1M'):
        path = self.root / f'disk.{form}'
        sized = [path, size] if size else [path]
        qemu('create', '-q', '-f', form, *options, *sized)
        return path

    def overlay(self, form, base_form='raw', base=None):
        options = ['-F', base_form, '-b', base or self.base]
        return self.make(form, *options, size='')

    def refused(self, path, *said):
        with self.assertRaises(Unsupported) as caught:
            self.add_file(path)
        for text in ('qemu-img convert', *said):
            self.assertIn(text, str(caught.exception))
        self.assertEqual([], self.entries())

    def test_a_disk_of_every_form_that_names_none_can_be_added(self):
        for form in 'raw', 'qcow2', 'qcow', 'qed', 'vmdk', 'vdi', 'vpc':
            with self.subTest(form):
                self.add_file(self.make(form), form)
        self.add_file(self.make('vhdx', size='8M'), 'vhdx')
        sparse_vmdk = 'subformat=streamOptimized'
        self.add_file(self.make('vmdk', '-o', sparse_vmdk), 'stream')
        old = self.make('qcow2', '-o', 'compat=0.10')
        self.add_file(old, 'old')

    def test_one_with_a_backing_file_is_refused_by_its_name(self):
        for form in 'qcow2', 'qcow', 'qed':
            with self.subTest(form):
                self.refused(self.overlay(form), str(self.base))
        parent = self.make('vmdk').rename(self.root / 'parent.vmdk')
        self.refused(self.overlay('vmdk', 'vmdk', parent), str(parent))

    def test_one_with_its_data_elsewhere_is(self):
        data = self.root / 'data'
        option = f'data_file={data},data_file_raw=on'
        self.refused(self.make('qcow2', '-o', option), str(data))

    def test_one_whose_extents_are_files_is(self):
        path = self.make('vmdk', '-o', 'subformat=monolithicFlat')
        self.refused(path, 'disk-flat.vmdk')
        many = 'subformat=twoGbMaxExtentFlat'
        path = self.make('vmdk', '-o', many, size='9G')
        self.refused(path, 'disk-f001.vmdk', 'and 2 more')

    def test_a_name_that_only_others_serve_is(self):
        path = self.root / 'disk'
        for name in (
            'rbd:pool/volume',
            'https://example.org/base',
            'nbd://host/x',
            'json:{"driver":"https","url":"https://example.org/x"}',
            'json:{"driver":"qcow2","file":{"driver":"file",'
            '"filename":"/etc/passwd"}}',
            'fat:/etc',
            '/dev/fdset/1',
        ):
            with self.subTest(name):
                path.write_bytes(header(name))
                self.refused(path)
        path.write_bytes(header('rbd:pool/volume'))
        self.refused(path, 'qcow2 names rbd:pool/volume')
        data = 'https://example.org/data'
        path.write_bytes(header(features=1 << 2, data_file=data))
        self.refused(path, 'a data file of another host')
        path.write_bytes(header('/etc/\x1bshadow'))
        self.refused(path, r"'/etc/\x1bshadow'")

    def test_one_that_cannot_be_read_is(self):
        path = self.root / 'disk'
        path.write_bytes(header('/etc/passwd', features=1 << 40))
        self.refused(path, 'features that nobody knows')
        path.write_bytes(b'LUKS\xba\xbe' + bytes(4096))
        self.refused(path, 'encrypted')

    def test_what_the_source_says_of_its_form_does_not_matter(self):
        content = header('/etc/passwd')
        meta = ImageMeta(image_id=IMAGE, size=len(content), disk_format='raw')
        with self.assertRaises(Unsupported) as caught:
            self.connect().add(meta, io.BytesIO(content), self.path)
        self.assertIn('/etc/passwd', str(caught.exception))
        self.assertEqual([], self.entries())

    def test_nor_where_its_header_lies(self):
        """A VHD of a fixed size has it at its end."""
        path = self.make('vpc', '-o', 'subformat=fixed,force_size')
        content = bytearray(path.read_bytes())
        content[-512 + 60 : -512 + 64] = (4).to_bytes(4, 'big')
        path.write_bytes(content)
        self.refused(path)


class TestAloneInNova(NovaPlace):
    def test_a_raw_image_that_names_a_file_is_refused_there_too(self):
        content = header('/etc/passwd')
        meta = ImageMeta(image_id=IMAGE, size=len(content), disk_format='raw')
        with self.assertRaises(Unsupported) as caught:
            self.connect().add(meta, io.BytesIO(content), self.path)
        self.assertIn('/etc/passwd', str(caught.exception))
        self.assertEqual([], self.entries())
        self.assertEqual(self.image, sha1(IMAGE))
