"""Folders are opened where nobody else can lead us elsewhere."""

import errno
import os
import pathlib
import tempfile
import unittest

from imagecache_handlers.directory import DirectoryHandler
from imagecache_handlers.directory.system import safe_open
from imagecache_handlers import StoreUnavailable
from tests.directory.apart import Apart
from tests.directory.apart import as_root
from tests.directory.apart import NOBODY
from tests.directory.place import Place


class Tree(Apart, unittest.TestCase):
    """A folder of its own, ours, with a folder ``real`` in it."""

    def setUp(self):
        place = tempfile.TemporaryDirectory(prefix='imagecache-test-')
        self.addCleanup(place.cleanup)
        self.root = pathlib.Path(place.name)
        self.real = self.root / 'real'
        self.real.mkdir()

    def opened(self, path):
        """Give the folder that a path leads to, by its number."""
        fd = safe_open.open_folder(str(path))
        try:
            self.assertFalse(os.get_inheritable(fd))
            os.listdir(fd)
            return os.fstat(fd).st_ino
        finally:
            os.close(fd)

    def leads(self, path):
        self.assertEqual(self.real.stat().st_ino, self.opened(path))

    def refused(self, path, *said, number=errno.ELOOP):
        before = os.listdir('/proc/self/fd')
        with self.assertRaises(OSError) as caught:
            self.opened(path)
        self.assertEqual(before, os.listdir('/proc/self/fd'))
        self.assertEqual(number, caught.exception.errno)
        for text in said:
            self.assertIn(text, str(caught.exception))

    def link(self, name, target, owner=None):
        link = self.root / name
        link.symlink_to(target)
        if owner is not None:
            os.lchown(link, owner, owner)
        return link

    def folder_of_others(self, mode=0o755):
        folder = self.root / 'theirs'
        folder.mkdir()
        folder.chmod(mode)
        return folder


class TestLinksOfOurOwn(Tree):
    def test_a_folder_without_any_is_opened(self):
        self.leads(self.real)
        self.leads(f'{self.root}//./real/')
        self.assertEqual(os.stat('/').st_ino, self.opened('/'))

    def test_they_are_followed_wherever_they_lead(self):
        (self.real / 'below').mkdir()
        self.leads(self.link('whole', self.real))
        self.leads(self.link('near', 'real'))
        self.leads(self.link('twice', 'near'))
        self.leads(self.link('back', f'../{self.root.name}/real/below/..'))
        self.leads(self.root / 'back' / 'below' / '..' / '..' / 'twice')

    def test_one_that_leads_to_itself_ends(self):
        self.refused(self.link('round', 'round'), 'round')

    def test_what_is_missing_or_not_a_folder_is_named(self):
        self.refused(
            self.root / 'none' / 'x',
            f'{self.root}/none',
            number=errno.ENOENT,
        )
        (self.root / 'file').touch()
        self.refused(self.root / 'file', number=errno.ENOTDIR)
        os.mkfifo(self.root / 'pipe')
        self.refused(self.root / 'pipe' / 'x', number=errno.ENOTDIR)
        self.refused('images', number=errno.EINVAL)

    def test_a_folder_on_the_way_need_not_be_readable(self):
        (self.real / 'below').mkdir()
        self.real.chmod(0o711)
        inode = (self.real / 'below').stat().st_ino
        self.as_another(
            lambda: self.assertEqual(inode, self.opened(self.real / 'below'))
        )


@as_root
class TestOthers(Tree):
    def test_a_link_of_others_is_refused(self):
        self.root.chmod(0o1777)
        link = self.link('link', self.real, NOBODY)
        self.refused(link, str(link), f'user {NOBODY}')

    def test_a_link_of_ours_in_a_sticky_folder_is_followed(self):
        self.root.chmod(0o1777)
        self.leads(self.link('link', self.real))

    def test_a_link_where_others_may_write_is_refused(self):
        link = self.link('link', self.real)
        self.root.chmod(0o777)
        self.refused(link, str(link), 'everybody may write')
        self.root.chmod(0o770)
        self.leads(link)
        os.chown(self.root, 0, NOBODY)
        self.refused(link, f'group {NOBODY} may write')
        os.chown(self.root, NOBODY, 0)
        self.root.chmod(0o755)
        self.refused(link, f'user {NOBODY} owns')

    def test_below_a_folder_of_others_no_link_is_followed(self):
        theirs = self.folder_of_others()
        (theirs / 'inner' / 'store').mkdir(parents=True)
        (theirs / 'inner' / 'link').symlink_to('store')
        inner = (theirs / 'inner' / 'store').stat().st_ino
        self.assertEqual(inner, self.opened(theirs / 'inner' / 'link'))
        os.chown(theirs, NOBODY, NOBODY)
        self.refused(theirs / 'inner' / 'link', f'user {NOBODY} owns')
        self.refused(theirs / 'inner' / '..', f'user {NOBODY} owns')
        self.assertEqual(inner, self.opened(theirs / 'inner' / 'store'))

    def test_others_follow_their_own_links(self):
        theirs = self.folder_of_others()
        os.chown(theirs, NOBODY, NOBODY)
        (theirs / 'link').symlink_to(self.real)
        os.lchown(theirs / 'link', NOBODY, NOBODY)
        self.as_another(lambda: self.leads(theirs / 'link'))

    def test_a_store_that_others_lead_away_is_told(self):
        theirs = self.folder_of_others()
        (theirs / '_base').symlink_to(self.real)
        os.chown(theirs, NOBODY, NOBODY)
        handler = DirectoryHandler([str(theirs / '_base')])
        [store] = handler.stores()
        self.assertIn(f'user {NOBODY} owns', store.problem or '')
        self.assertIn('configure where it leads', store.problem or '')
        with self.assertRaises(StoreUnavailable):
            handler.enumerate(str(theirs / '_base'))


class TestFiles(Place):
    def setUp(self):
        super().setUp()
        self.fd = safe_open.open_folder(self.path)
        self.addCleanup(os.close, self.fd)

    def test_a_file_is_opened_and_made(self):
        made = safe_open.open_file(self.fd, 'x', os.O_CREAT | os.O_RDWR)
        self.addCleanup(os.close, made)
        self.assertEqual(['x'], self.entries())
        self.assertFalse(os.get_inheritable(made))

    def test_what_lies_elsewhere_is_not(self):
        (self.folder / 'link').symlink_to('/etc/passwd')
        for name in 'link', '../x', '/etc/passwd', '..', '.', '':
            with self.assertRaises(OSError):
                safe_open.open_file(self.fd, name, os.O_RDONLY)

    def test_a_pipe_does_not_stop_us(self):
        os.mkfifo(self.folder / 'pipe')
        os.close(safe_open.open_file(self.fd, 'pipe', os.O_RDONLY))
