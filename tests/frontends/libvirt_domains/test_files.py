"""By which names the kernel knows a file, where it is mounted as well."""

import pathlib
import subprocess
import tempfile
import unittest

import pytest

from imagecache_handlers.frontends.libvirt_domains import files
from tests.directory.apart import Apart


@pytest.mark.xdist_group('machine')
class TestMounted(Apart, unittest.TestCase):
    def setUp(self):
        made = tempfile.TemporaryDirectory()
        self.addCleanup(made.cleanup)
        self.root = pathlib.Path(made.name)
        (self.root / 'image').touch()
        (self.root / 'web.img').touch()

    def check_names(self):
        shown = self.root / 'web.img'
        command = ['mount', '--bind', str(self.root / 'image'), str(shown)]
        subprocess.run(command, check=True)  # noqa: S603
        names = files.find_file(str(shown)).names
        self.assertLessEqual({'image', 'web.img'}, names)

    def test_an_image_that_is_mounted_on_a_file_has_both_names(self):
        self.where_it_mounts(self.check_names)


def test_a_link_has_the_name_of_what_it_leads_to(tmp_path):
    (tmp_path / 'image').touch()
    (tmp_path / 'link').symlink_to('image')
    names = files.find_file(str(tmp_path / 'link')).names
    assert {'image', 'link'} <= names
