"""A local file is an image as long as it stays the same."""

import io
import os
import pathlib
import tempfile
import unittest
from unittest import mock

from imagecache_handlers.directory import DirectoryHandler
from imagecache_handlers.disk_head import disk_format
from imagecache_handlers.disk_head import disk_properties
from imagecache_handlers.disk_head import disk_size
from imagecache_handlers.source import LocalFile
from imagecache_handlers.source import SourceError
from tests.directory.apart import as_root

IMAGE = 'c0ffee00-0000-4000-8000-000000000001'


class TestLocalFile(unittest.TestCase):
    def setUp(self):
        place = tempfile.TemporaryDirectory(prefix='imagecache-test-')
        self.addCleanup(place.cleanup)
        self.root = pathlib.Path(place.name)
        self.file = self.root / 'image'
        self.content = os.urandom(3 * 2**20 + 7)
        self.file.write_bytes(self.content)

    def opened(self):
        return LocalFile(str(self.file)).opened(IMAGE)

    def test_it_gives_what_it_is_and_all_of_it(self):
        with self.opened() as (meta, content):
            self.assertEqual(IMAGE, meta.image_id)
            self.assertEqual(len(self.content), meta.size)
            self.assertEqual('raw', meta.disk_format)
            self.assertEqual(self.content, content.read())

    def test_an_empty_file_is_an_image_too(self):
        self.file.write_bytes(b'')
        with self.opened() as (meta, content):
            self.assertEqual((0, b''), (meta.size, content.read()))

    def test_it_can_be_cached(self):
        images = self.root / 'images'
        images.mkdir()
        handler = DirectoryHandler([str(images)])
        with self.opened() as (meta, content):
            handler.add(meta, content, str(images))
        self.assertEqual(self.content, (images / IMAGE).read_bytes())

    def test_what_changes_meanwhile_is_never_cached(self):
        images = self.root / 'images'
        images.mkdir()
        handler = DirectoryHandler([str(images)])
        for change in self.longer, self.shorter, self.other:
            with self.subTest(change.__name__), self.opened() as source:
                meta, content = source
                change()
                with self.assertRaises(SourceError) as caught:
                    handler.add(meta, content, str(images))
                self.assertIn('changed', str(caught.exception))
            self.assertEqual([], os.listdir(images))
            self.file.write_bytes(self.content)

    def longer(self):
        with self.file.open('ab') as file:
            file.write(b'more')

    def shorter(self):
        os.truncate(self.file, 5)

    def other(self):
        self.file.write_bytes(self.content[::-1])
        os.utime(self.file, (1, 1))

    def test_a_file_put_in_its_place_changes_nothing(self):
        with self.opened() as (_, content):
            new = self.root / 'new'
            new.write_bytes(b'another')
            new.rename(self.file)
            self.assertEqual(self.content, content.read())

    def test_what_is_no_file_is_refused(self):
        os.mkfifo(self.root / 'pipe')
        for name, said in (
            ('missing', 'No such file'),
            ('pipe', 'not a regular file'),
            ('.', 'not a regular file'),
        ):
            path = str(self.root / name)
            with (
                self.assertRaises(SourceError) as caught,
                LocalFile(path).opened(IMAGE),
            ):
                self.fail('it was opened')
            self.assertIn(said, str(caught.exception))
            self.assertIn(path, str(caught.exception))

    def refused(self, path, said):
        with (
            self.assertRaisesRegex(SourceError, said),
            LocalFile(str(path)).opened(IMAGE),
        ):
            self.fail('it was opened')

    def read(self, path):
        with LocalFile(str(path)).opened(IMAGE) as (_, content):
            self.assertEqual(self.content, content.read())

    @as_root
    def test_a_symlink_of_somebody_else_is_not_followed(self):
        """They would have root give them what only root may read."""
        link, folder = self.root / 'link', self.root / 'folder'
        link.symlink_to('image')
        folder.symlink_to(self.root)
        paths = link, folder / 'image', folder / 'link'
        for path in paths:
            self.read(path)
        for one in link, folder:
            os.lchown(one, 4242, 4242)
        for path in paths:
            self.refused(path, 'symlink: user 4242 may have made it; name')
        self.read(self.file)

    @as_root
    def test_nor_is_any_where_others_may_write(self):
        inside = self.root / 'inside'
        inside.mkdir()
        (inside / 'link').symlink_to('../image')
        for owner, mode in (4242, 0o755), (0, 0o777):
            os.chown(inside, owner, owner)
            inside.chmod(mode)
            self.refused(inside / 'link', 'may have made it')
            self.read(inside / '..' / 'image')
            os.link(self.file, inside / 'hard')
            self.refused(inside / 'hard', 'a file of root with other names')
            (inside / 'hard').unlink()
        inside.chmod(0o1777)
        self.read(inside / 'link')

    def test_a_symlink_that_was_swapped_meanwhile_leads_nowhere(self):
        link, other = self.root / 'link', self.root / 'other'
        other.touch()
        link.symlink_to('other')
        real = os.fstat

        def swap(fd):
            link.unlink()
            link.symlink_to('image')
            return real(fd)

        with mock.patch.object(os, 'fstat', swap):
            self.refused(link, 'replaced meanwhile')

    def test_a_hostile_id_is_refused(self):
        with (
            self.assertRaises(ValueError),
            LocalFile(str(self.file)).opened('../x'),
        ):
            self.fail('it was opened')

    def test_formats_tell_themselves(self):
        iso = io.BytesIO()
        iso.seek(0x8001)
        iso.write(b'CD001')
        for head, form in (
            (b'QFI\xfb\0\0\0\3', 'qcow2'),
            (b'KDMV\1', 'vmdk'),
            (b'# Disk DescriptorFile\n', 'vmdk'),
            (b'conectix', 'vhd'),
            (b'vhdxfile', 'vhdx'),
            (bytes(64) + b'\x7f\x10\xda\xbe', 'vdi'),
            (b'QED\0', 'qed'),
            (iso.getvalue(), 'iso'),
            (b'', 'raw'),
            (b'QFI', 'raw'),
            (bytes(512), 'raw'),
        ):
            self.assertEqual(form, disk_format(head))

    def test_a_vmdk_with_a_header_tells_how_large_its_disk_is(self):
        for sectors, size in (
            (2048, 2**20),
            (2**54 - 1, 2**63 - 512),
            (2**54, None),
            (0, None),
        ):
            head = b'KDMV' + bytes(8) + sectors.to_bytes(8, 'little')
            self.assertEqual(size, disk_size(head))
            with tempfile.NamedTemporaryFile() as file:
                file.write(head)
                file.flush()
                with LocalFile(file.name).opened('x') as (meta, _):
                    self.assertEqual(size, meta.virtual_size)
            self.assertIsNone(disk_size(head[:-1]))
            self.assertIsNone(disk_size(head.replace(b'K', b'k')))

    def test_a_vmdk_with_a_header_tells_which_kind_it_is(self):
        for head, kind in (
            (b'KDMV'.ljust(512, b'\0') + b'createType="%s"', 'sparse'),
            (b'KDMV'.ljust(512, b'\0') + b'createType="%s', None),
            (b'QFI\xfb'.ljust(512, b'\0') + b'createType="%s"', None),
        ):
            head = head.replace(b'%s', b'monolithicSparse')
            found = disk_properties(head).get('vmware_disktype')
            self.assertEqual(kind, found)
        head = b'KDMV createType="streamOptimized"'
        self.assertEqual(
            {'vmware_disktype': 'streamOptimized'}, disk_properties(head)
        )
        head = b'KDMV createType="vmfs"'
        self.assertEqual({}, disk_properties(head))
