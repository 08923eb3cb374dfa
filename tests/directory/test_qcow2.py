"""Headers as qemu-img writes them, and as nobody should."""

import json
import os
import tempfile
import unittest
from unittest import mock

from hypothesis import example
from hypothesis import given
from hypothesis import strategies as st

from imagecache_handlers.directory.users import qcow2
from tests.directory.disks import header
from tests.directory.disks import qemu
from tests.directory.place import Place


MOST = 2**16


def read(path):
    fd = os.open(path, os.O_RDONLY)
    try:
        return qcow2.read(fd)
    finally:
        os.close(fd)


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

    def test_what_is_no_qcow2_has_nothing_below(self):
        for form in 'raw', 'vmdk', 'vpc', 'vdi', 'vhdx', 'qed':
            with self.subTest(form):
                file = self.root / f'disk.{form}'
                qemu('create', '-f', form, file, '1M')
                self.assertEqual((), read(file))

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

    def test_where_these_forms_begin_only_qemu_knows(self):
        for form in (
            'file:base',
            'json:{"driver":"raw","file.filename":"base"}',
        ):
            with self.assertRaises(qcow2.Unresolved) as caught:
                read(self.overlay('x', form))
            self.assertIn('no absolute path', str(caught.exception))

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
            qcow2.read(fd)
        self.assertEqual([(fd, qcow2.HEAD, 0)], calls)


class TestOdd(unittest.TestCase):
    def refused(self, head, *said):
        with self.assertRaises(qcow2.Unresolved) as caught:
            qcow2.parse(head)
        for text in said:
            self.assertIn(text, str(caught.exception))

    def test_ours_are_as_qemus(self):
        for version in 2, 3:
            head = header('/b', version=version)
            self.assertEqual((('/b', True),), qcow2.parse(head))
        self.assertEqual((), qcow2.parse(header()))

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
                self.assertEqual((), qcow2.parse(whole[:length]))

    def test_other_versions_and_features_are_unknown(self):
        for version in 0, 1, 4, 2**32 - 1:
            head = b'QFI\xfb' + version.to_bytes(4, 'big') + bytes(200)
            self.refused(head, f'version {version}')
        for bit in 5, 31, 63:
            self.refused(header('/base', features=1 << bit), 'features')
        for features in 1, 2, 8, 16:
            head = header('/base', features=features)
            self.assertEqual((('/base', True),), qcow2.parse(head))

    def test_a_data_file_without_a_name_is_unknown(self):
        self.refused(header('/base', features=4), 'data file')

    def test_other_protocols_are_unknown(self):
        for name in (
            'nbd:localhost:10809',
            'nbd+unix:///x?socket=/y',
            'rbd:pool/image',
            'http://example.org/base',
            'https://example.org/base',
            'iscsi://192.0.2.1/x/0',
            'host_device:/dev/sda',
            'base:1',
            'json:{"driver":"nbd","host":"h"}',
            'json:{"driver":"raw","file":{"driver":"rbd","filename":"/x"}}',
            'json:{"driver":"raw","file":"node0"}',
            'json:{"driver":"raw"}',
            'json:{"file":{}}',
            'json:{"driver":[],"filename":"/x"}',
            'json:{"driver":"file","filename":1}',
            'json:{"driver":"file","filename":"/x\\u0000y"}',
            'json:{"driver":"vmdk","file.filename":"/x"}',
            'json:{"driver":"raw","filename":"/x","file.filename":"/y"}',
            'json:[]',
            'json:',
            'json:{"driver":"file"}',
            'json:{' * 100,
            'json:' + '[' * 1000,
            'file:',
        ):
            with self.subTest(name):
                self.refused(header(name), 'below it')

    def test_a_bare_file_in_json_is_found(self):
        for name in (
            'json:{"driver":"file","filename":"/x"}',
            'json:{"filename":"/x"}',
            'json:{"driver":"qcow2","filename":"/x"}',
            'json:{"file":{"filename":"/x"}}',
            'json:{"file.filename":"file:/x"}',
            'json:{"driver":"qcow2","file.driver":"raw","file.file":'
            '{"driver":"file","filename":"/x"}}',
        ):
            self.assertEqual((('/x', True),), qcow2.parse(header(name)))

    def test_what_begins_like_a_protocol_and_is_a_path(self):
        for name in './a:b', '/a:b', 'a/b:c', '/json:{', '\udcff':
            self.assertEqual(((name, True),), qcow2.parse(header(name)))

    def test_names_are_shown_so_that_they_are_harmless(self):
        self.refused(header('nbd:\x1b[2J'), '\\x1b[2J')
        self.refused(header('nbd:\udcff'), '\\udcff')
        self.refused(header('a\0b'), 'NUL')
        self.assertLess(len(qcow2.shown('x' * 10**6)), 300)

    def test_an_extension_beyond_the_head_is_found(self):
        head = header(data_file='/data', features=4)
        far = bytearray(head[:104])
        far += (0x12345678).to_bytes(4, 'big') + (2000).to_bytes(4, 'big')
        far += bytes(2000) + head[104:]
        with tempfile.TemporaryFile() as file:
            file.write(far)
            file.flush()
            self.assertEqual((('/data', True),), qcow2.read(file.fileno()))


class Memory:
    """A file that says how far it was read."""

    def __init__(self, content):
        self.content = content

    def more(self, offset, size):
        assert 0 <= offset < MOST * 32 and 0 <= size <= MOST
        return self.content[offset : offset + size]


def told(content):
    """Read it, which may only fail as it promises."""
    file = Memory(content)
    try:
        found = qcow2.parse(content[: qcow2.HEAD], file.more)
    except qcow2.Unresolved as error:
        assert str(error).isprintable()
        return None
    for path, last in found:
        assert path and '\0' not in path and isinstance(last, bool)
    return found


heads = st.builds(
    header,
    st.one_of(
        st.just('/base'),
        st.text(max_size=40).filter(lambda text: text.isascii()),
        st.text(max_size=40).map('json:{}'.format),
        st.recursive(
            st.none() | st.booleans() | st.text(max_size=4),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(
                    st.sampled_from(['file', 'driver', 'filename', 'x']),
                    inner,
                )
            ),
        ).map(lambda value: 'json:' + json.dumps(value)),
    ),
    version=st.sampled_from([2, 3]),
    features=st.sampled_from([0, 4, 5]),
    data_file=st.sampled_from(['', '/data']),
)


@given(st.binary(max_size=2048))
@example(b'QFI\xfb')
def test_any_bytes_are_read_or_refused(content):
    told(content)
    told(b'QFI\xfb' + content)
    told(b'QFI\xfb\0\0\0\3' + content)


@given(heads, st.data())
def test_a_header_that_was_damaged_is_read_or_refused(head, data):
    damaged = bytearray(head)
    for _ in range(data.draw(st.integers(0, 8))):
        at = data.draw(st.integers(0, len(damaged) - 1))
        damaged[at] ^= 1 << data.draw(st.integers(0, 7))
    told(bytes(damaged[: data.draw(st.integers(0, len(damaged)))]))


@given(heads)
def test_a_backing_file_is_never_overlooked(head):
    # As long as it says that there is one, silence would be a loss.
    if int.from_bytes(head[8:16], 'big') and int.from_bytes(
        head[16:20], 'big'
    ):
        assert told(head) != ()
