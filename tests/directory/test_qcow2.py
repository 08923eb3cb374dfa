"""Headers as qemu-img writes them, and as nobody should."""

import os
import unittest
from unittest import mock

from hypothesis import given
from hypothesis import strategies as st

from imagecache_handlers.directory.users.formats import known_formats
from imagecache_handlers.directory.users.formats.values import HEAD
from imagecache_handlers.directory.users.formats.values import shown
from tests.directory.disks import header
from tests.directory.disks import held
from tests.directory.disks import qemu
from tests.directory.place import Place


def parse(content):
    with held(content) as fd:
        return known_formats.read_header(fd, len(content))


def read(path):
    """Give what a disk names, where all of that can be read."""
    found = parse(path.read_bytes())
    assert not found.problems, found.problems
    return found.below


class TestQemu(Place):
    def setUp(self):
        super().setUp()
        qemu('create', '-f', 'raw', 'base', '1M', cwd=self.root)
        self.base = str(self.root / 'base')

    def overlay(self, name, backing, *options, form='raw'):
        file = self.root / name
        below = ['-b', backing, *(['-F', form] if form else [])]
        qemu('create', '-f', 'qcow2', *below, *options, file, cwd=self.root)
        return file

    def test_an_image_of_its_own_has_nothing_below(self):
        for compat in '0.10', '1.1':
            file = self.root / f'v{compat}'
            qemu('create', '-f', 'qcow2', '-o', f'compat={compat}', file, '1M')
            self.assertEqual((), read(file))

    def test_each_version_names_its_backing_file(self):
        for compat in '0.10', '1.1':
            for backing in self.base, 'base', './base', 'images/../base':
                with self.subTest(compat=compat, backing=backing):
                    file = self.overlay('x', backing, '-o', f'compat={compat}')
                    self.assertEqual(((backing, True),), read(file))

    def test_small_clusters_and_a_long_name(self):
        deep = self.root / ('x' * 200) / ('y' * 200)
        deep.mkdir(parents=True)
        os.link(self.base, deep / 'base')
        for size in '512', '4096', '2M':
            # In so small a cluster QEMU has no room for so long a name.
            name = self.base if size == '512' else str(deep / 'base')
            options = f'cluster_size={size},compat=0.10'
            file = self.overlay('x', name, '-o', options)
            self.assertEqual(((name, True),), read(file))

    def test_the_forms_of_a_name(self):
        nested = (
            'json:{"driver":"raw","file":{"driver":"file","filename":"%s"}}'
        )
        dotted = 'json:{"driver":"raw","file.filename":"%s"}'
        for form in 'file:%s', nested, dotted:
            with self.subTest(form):
                file = self.overlay('x', form % self.base)
                self.assertEqual(((self.base, True),), read(file))

    def test_only_a_raw_file_surely_has_nothing_below(self):
        middle = self.overlay('middle', 'base')
        top = self.overlay('top', 'middle', form='qcow2')
        self.assertEqual(((middle.name, False),), read(top))
        # Older ones did not say what form it has.
        top.write_bytes(header('base', form=''))
        self.assertEqual((('base', False),), read(top))

    def test_a_data_file_is_named(self):
        for raw in 'on', 'off':
            file, data = self.root / f'x-{raw}', self.root / f'data-{raw}'
            options = f'data_file={data},data_file_raw={raw}'
            qemu('create', '-f', 'qcow2', '-o', options, file, '1M')
            self.assertEqual(((str(data), True),), read(file))
        both = self.overlay('both', 'base', '-o', f'data_file={data}')
        self.assertEqual((('base', True), (str(data), True)), read(both))

    def test_a_backing_file_that_was_taken_away(self):
        file = self.overlay('x', 'base')
        qemu('rebase', '-b', '', file, cwd=self.root)
        self.assertEqual((), read(file))

    def test_it_is_read_at_once(self):
        file = self.overlay('x', self.base)
        fd = os.open(file, os.O_RDONLY)
        self.addCleanup(os.close, fd)
        calls = []
        real = os.pread
        with mock.patch.object(
            os, 'pread', lambda *told: calls.append(told) or real(*told)
        ):
            known_formats.read_header(fd, 5000)
        # Its end is looked at for the forms that have their magic there.
        self.assertEqual((fd, HEAD, 0), calls[0])
        self.assertLess(sum(size for _, size, _ in calls), 2500)


class TestOdd(unittest.TestCase):
    def refused(self, head, *said):
        found = parse(head)
        self.assertEqual(('qcow2', ()), found[:2])
        for text in said:
            self.assertIn(text, found.problems[0])

    def test_ours_are_as_qemus(self):
        for version in 2, 3:
            head = header('/b', version=version)
            self.assertEqual((('/b', True),), parse(head).below)
        self.assertEqual(('qcow2', (), (), ()), parse(header()))

    def test_absurd_numbers_are_unknown(self):
        for changes in (
            {'offset': 2**63},
            {'offset': 2**64 - 1},
            {'offset': 2**16},
            {'offset': 2**16 - 1},
            {'size': 2**32 - 1},
            {'size': 1024},
            {'cluster_bits': 0},
            {'cluster_bits': 8},
            {'cluster_bits': 22},
            {'cluster_bits': 2**32 - 1},
        ):
            with self.subTest(changes):
                self.refused(header('/base', **changes))

    def test_a_header_that_is_cut_off_is_unknown(self):
        for version in 2, 3:
            whole = header('/base', version=version)
            for length in range(4, len(whole)):
                self.refused(whole[:length], 'cut off')
            for length in range(4):
                self.assertEqual(('', (), (), ()), parse(whole[:length]))

    def test_other_versions_and_features_are_unknown(self):
        for version in 0, 4, 2**32 - 1:
            head = b'QFI\xfb' + version.to_bytes(4, 'big') + bytes(200)
            self.refused(head, f'version {version}')
        for bit in 5, 31, 63:
            self.refused(header('/base', features=1 << bit), 'features')
        for features in 1, 2, 8, 16:
            head = header('/base', features=features)
            self.assertEqual((('/base', True),), parse(head).below)

    def test_a_data_file_without_a_name_is_unknown(self):
        self.refused(header('/base', features=4), 'data file')

    def test_names_are_shown_so_that_they_are_harmless(self):
        self.refused(header('nbd:\x1b[2J'), '\\x1b[2J')
        self.refused(header('nbd:\udcff'), '\\udcff')
        self.refused(header('a\0b'), 'NUL')
        self.assertLess(len(shown('x' * 10**6)), 300)

    def test_an_extension_beyond_the_head_is_found(self):
        head = header(data_file='/data', features=4)
        far = bytearray(head[:104])
        far += (0x12345678).to_bytes(4, 'big') + (2000).to_bytes(4, 'big')
        far += bytes(2000) + head[104:]
        self.assertEqual((('/data', True),), parse(bytes(far)).below)


heads = st.builds(
    header,
    st.one_of(
        st.just('/base'),
        st.text(max_size=40).filter(lambda text: text.isascii()),
        st.text(max_size=40).map('json:{}'.format),
    ),
    version=st.sampled_from([2, 3]),
    features=st.sampled_from([0, 4, 5]),
    data_file=st.sampled_from(['', '/data']),
)


@given(heads)
def test_a_backing_file_is_never_overlooked(head):
    # As long as it says that there is one, silence would be a loss.
    if int.from_bytes(head[8:16], 'big') and int.from_bytes(
        head[16:20], 'big'
    ):
        found = parse(head)
        assert found.below or found.problems
