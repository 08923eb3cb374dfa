"""Who uses a file that lies among the images and is none."""

import fcntl
import os
import struct

from imagecache_handlers.directory import DirectoryHandler
from imagecache_handlers import StoreUnavailable
from tests.directory.disks import overlay
from tests.directory.place import NovaPlace
from tests.directory.place import sha1

SWAP = 'swap_512'
# A lock of an open file: its type, whence, start, length and process.
LOCK = struct.pack('hhqqi', fcntl.F_RDLCK, os.SEEK_SET, 100, 1, 0)


class TestUsersBeside(NovaPlace):
    def setUp(self):
        super().setUp()
        self.file(SWAP).write_bytes(b'\0' * 600)

    def users(self, name=SWAP, handler=None):
        handler = handler or self.connect()
        return handler.find_users_beside(self.path, name)

    def test_nobody(self):
        self.assertEqual(frozenset(), self.users())
        self.assertEqual(frozenset(), self.users('swap_gone'))

    def test_a_disk_that_lies_on_it(self):
        overlay(self.instances / 'vm' / 'disk.swap', f'../_base/{SWAP}')
        self.assertEqual({'vm'}, self.users())

    def test_one_that_is_linked(self):
        os.link(self.file(SWAP), self.instances / 'linked')
        self.assertEqual({'hard link'}, self.users())

    def test_one_that_is_open(self):
        with open(self.file(SWAP), 'rb') as file:
            fcntl.fcntl(file, fcntl.F_OFD_SETLK, LOCK)
            self.assertEqual(1, len(self.users()))
        self.assertEqual(frozenset(), self.users())

    def test_where_nobody_can_tell(self):
        overlay(self.instances / 'vm' / 'disk', '../elsewhere/away')
        with self.assertRaisesRegex(StoreUnavailable, 'away'):
            self.users()

    def test_where_no_instances_are_looked_at(self):
        handler = DirectoryHandler([self.path], layout='nova')
        with self.assertRaisesRegex(StoreUnavailable, 'no folder'):
            self.users(handler=handler)

    def test_a_look_that_was_enough_before_is_made_again(self):
        handler = self.connect()
        self.assertEqual(frozenset(), self.users(handler=handler))
        overlay(self.instances / 'vm' / 'disk.swap', f'../_base/{SWAP}')
        self.assertEqual({'vm'}, self.users(handler=handler))

    def test_a_store_of_another(self):
        with self.assertRaises(StoreUnavailable):
            self.connect().find_users_beside('/elsewhere', sha1('a'))
