"""Names of backing files: what QEMU opens by them, we find by them."""

import json
import os
import shutil

from hypothesis import example
from hypothesis import given
from hypothesis import strategies as st
import pytest

from imagecache_handlers.directory.users.formats import known_formats
from imagecache_handlers.directory.users.formats import names
from imagecache_handlers.directory.users.formats.values import Backing
from imagecache_handlers.directory.users.formats.values import Unresolved
from tests.directory import disks


def found(path):
    """Give what lies below a disk by our own reading, and what is unclear."""
    pending, seen, problems = [(path, False)], set(), []
    for disk, is_raw in pending:
        if disk in seen or is_raw:
            seen.add(disk)
            continue
        seen.add(disk)
        fd = os.open(disk, os.O_RDONLY)
        try:
            header = known_formats.read_header(fd, os.fstat(fd).st_size)
        finally:
            os.close(fd)
        problems += header.problems
        for below, raw in header.below:
            whole = os.path.normpath(disk.parent / below)
            pending.append((path.__class__(whole), raw))
    return seen, problems


@pytest.fixture(scope='module')
def tree(tmp_path_factory):
    """Give a folder with a raw file, a qcow2 on it, and one with data."""
    root = tmp_path_factory.mktemp('names')
    (root / 'd').mkdir()
    disks.qemu('create', '-f', 'raw', 'base', '1M', cwd=root)
    disks.qemu('create', '-f', 'raw', './b:c d%62', '1M', cwd=root)
    shutil.copy(root / 'base', root / 'same')
    disks.qemu(
        *['create', '-f', 'qcow2', '-F', 'raw', '-b', 'base', 'mid'], cwd=root
    )
    disks.qemu(*['create', '-f', 'qcow2', 'empty', '1M'], cwd=root)
    disks.qemu(
        *['create', '-f', 'qcow2', '-o'],
        f'data_file={root}/data',
        'split',
        '1M',
        cwd=root,
    )
    (root / 'link').symlink_to('mid')
    return root


def overlay(root, name, form):
    top = root / 'd' / 'top'
    name = name.replace('$', str(root))
    told = ['-b', name, '-F', form or 'raw', top, '1M']
    disks.qemu('create', '-u', '-f', 'qcow2', *told)
    if not form:
        disks.forget_format(top)
    return top


# What QEMU opens, and the form that is noted beside it.
OPENED = (
    ('../base', 'raw'),
    ('../base', ''),
    ('$/base', 'raw'),
    ('$//d/../base', ''),
    ('./../b:c d%62', 'raw'),
    ('file:$/base', 'raw'),
    ('file:$/mid', ''),
    ('file://$/mid', 'qcow2'),
    ('file:$/b:c d%62', ''),
    ('../mid', 'qcow2'),
    ('../mid', ''),
    ('../mid', 'raw'),
    ('$/mid', 'file'),
    ('$/link', 'qcow2'),
    ('../split', 'qcow2'),
    ('blkdebug::$/mid', ''),
    ('blkverify:$/base:$/same', ''),
    ('json:{"file.filename":"$/mid"}', ''),
    ('json: {"file": {"filename":"$/mid"}}', 'qcow2'),
    ('json:{"file.filename":"$/mid"}', 'raw'),
    ('json:{"driver":"raw","file.filename":"$/mid"}', ''),
    # What is noted beside the name counts more than what it says itself.
    ('json:{"driver":"raw","file.filename":"$/mid"}', 'qcow2'),
    ('json:{"driver":"qcow2","file.filename":"$/mid"}', 'raw'),
    ('json:{"driver":"qcow2","file.filename":"$/split"}', ''),
    ('json:{"driver":"file","filename":"$/mid"}', ''),
    ("json:{'driver':'raw','file':{'filename':'$/base'}}", ''),
    (r'json:{"file":{"filename":"$\/b\u0061se"}}', ''),
    ('json:{"file":{"driver":"file"},"file.filename":"$/base"}', ''),
    ('json:{"file.driver":"file","file":{"filename":"$/base"}}', ''),
    (
        'json:{"driver":"raw","file":{"driver":"raw","file":'
        '{"filename":"$/base"}}}',
        '',
    ),
    ('json:{"driver":"raw","offset":512,"file.filename":"$/mid"}', ''),
    (
        'json:{"driver":"qcow2","file.filename":"$/empty","backing":'
        '{"driver":"qcow2","file.filename":"$/mid"}}',
        '',
    ),
    (
        'json:{"driver":"qcow2","file.filename":"$/empty","backing.driver":'
        '"raw","backing.file.filename":"$/base"}',
        '',
    ),
    (
        'json:{"driver":"quorum","vote-threshold":1,"children":[{"driver":"raw",'
        '"file.filename":"$/base"},{"driver":"qcow2","file.filename":"$/mid"}]}',
        '',
    ),
    (
        'json:{"driver":"quorum","vote-threshold":1,"children.0.driver":"qcow2",'
        '"children.0.file.filename":"$/mid"}',
        '',
    ),
    (
        'json:{"driver":"compress","file":{"driver":"qcow2",'
        '"file.filename":"$/mid"}}',
        '',
    ),
    (
        'json:{"driver":"blkverify","test":{"driver":"qcow2","file.filename":'
        '"$/mid"},"raw":{"driver":"file","filename":"$/same"}}',
        '',
    ),
)


@pytest.mark.parametrize('name, form', OPENED)
def test_what_qemu_opens_is_found(tree, name, form):
    top = overlay(tree, name, form)
    opened = disks.opened(top, tree)
    assert opened is not None and len(opened) > 1
    mine, problems = found(top)
    real = {os.path.realpath(one) for one in mine}
    assert {os.path.realpath(one) for one in opened} <= real
    assert not problems


# What it names lies in bytes that nobody can read without QEMU's own layers.
UNCLEAR = (
    (
        'json:{"driver":"qcow2","file":{"driver":"qcow2","file":{"driver":"file",'
        '"filename":"$/mid"}}}',
        '',
    ),
    (
        'json:{"driver":"qcow2","file":{"driver":"raw","offset":65536,"file":'
        '{"filename":"$/mid"}}}',
        '',
    ),
    ('fat:$/d', ''),
    ('vvfat:$/d', ''),
    ('json:{"driver":"raw","file":{"driver":"vvfat","dir":"$/d"}}', ''),
)


@pytest.mark.parametrize('name, form', UNCLEAR)
def test_what_cannot_be_followed_is_told(tree, name, form):
    assert found(overlay(tree, name, form))[1]


# QEMU opens none of these files, or from wherever it was started.
REFUSED = (
    ('file:base', 'base'),
    ('file:', None),
    ('json:{"driver":"raw","file.filename":"base"}', 'base'),
    ('json:{"file.filename":"file:/images/base"}', 'base'),
    ('json:{"driver":"raw","file":"base"}', 'base'),
    ('json:{"driver":"quorum","children":["base"]}', 'base'),
    (
        'json:{"driver":"quorum","children.0":"base","children.1.driver":"raw",'
        '"children.1.file.filename":"/x"}',
        'base',
    ),
    ('json:{"driver":"raw","driver":"raw","file.filename":"/base"}', 'base'),
    ('json:{"file.filename":"/base"', 'base'),
    ('json:{"driver":1,"file.filename":"/base"}', None),
    ('json:{"driver":"raw"}', None),
    ('json:{"file":{}}', None),
    ('json:[]', None),
    ('json:', None),
    ('json:{"driver":"file"}', None),
    ('json:{"driver":"file","filename":1}', None),
    ('json:{"driver":"file","filename":"/x\\u0000y"}', None),
    ('json:{"driver":"file","filename":"/x\\udc00y"}', None),
    ('json:{' * 100, None),
    ('json:' + '[' * 1000, None),
    ('json:' + '{"file":' * 500, None),
    ('base:1', '1'),
    ('raw:/images/base', 'base'),
    ('nbd:localhost:10809:exportname=base', 'base'),
    ('nbd:unix:/run/base', 'base'),
    ('nbd://localhost:10809/images/base', 'base'),
    ('nbd+unix:///ba%73e?socket=/run/x', 'base'),
    ('nbd+unix:///x?socket=/run/base', 'base'),
    ('ssh://localhost/images/base', 'base'),
    ('nfs://localhost/images/base?uid=1', 'base'),
    ('gluster+unix:///vol/base?socket=/run/g', 'base'),
    (
        'json:{"driver":"nbd","server":{"type":"unix","path":"/x"},'
        '"export":"base"}',
        'base',
    ),
    (
        'json:{"driver":"qcow2","file":{"driver":"ssh","path":"/a/base"}}',
        'base',
    ),
    (
        'json:{"driver":"nfs","server":{"host":"h","type":"inet"},'
        '"path":"/images/base"}',
        'base',
    ),
    ('json:{"driver":"to-come","file":{"filename":"/images/base"}}', 'base'),
    ('fat:rw:/images/base', 'base'),
    ('/dev/fdset/3', '3'),
    ('blkdebug::' * 100, None),
    ('blkdebug::json:{}', None),
)


@pytest.mark.parametrize('name, hint', REFUSED)
def test_what_may_be_any_file_is_told_with_its_name(name, hint):
    told = names.read(name.encode())
    assert told.problems
    assert all(
        'below it' in why and why.isprintable() and len(why) < 400
        for why in told.problems
    )
    assert hint is None or hint in told.hints


@pytest.mark.parametrize(
    'name',
    (
        'rbd:pool/base',
        'http://localhost/base',
        'https://example.org/a:b/base',
        'ftp://example.org/base',
        'iscsi://192.0.2.1/iqn/0',
        'null-co://',
        'sheepdog:base',
        'nvme://0000:00:1f.0/1',
        'json:{"driver":"raw","file":{"driver":"rbd","pool":"p","image":"base"}}',
        'json:{"file.driver":"https","file.url":"https://example.org/base"}',
        'json:{"driver":"null-co"}',
    ),
)
def test_what_others_serve_names_no_file(name):
    assert names.read(name.encode()) == ((), (), ())


def test_a_name_that_no_file_has():
    for name in b'', b'a\0b', b'x' * 5000:
        with pytest.raises(Unresolved):
            names.read(name)


def test_what_looks_like_a_protocol_and_is_a_path():
    for name in b'./a:b', b'/a:b', b'a/b:c', b'/json:{', b'\xff', b'%62':
        told = names.read(name, 'raw')
        assert told == ((Backing(os.fsdecode(name), True),), (), ())


def test_a_relative_data_file_may_lie_elsewhere():
    assert names.read_data(b'a/data') == (
        (Backing('a/data', True),),
        (),
        ('data',),
    )
    assert names.read_data(b'/a/data').hints == ()


def test_long_and_odd_names_are_shown_short_and_harmless():
    told = names.read(b'nbd:\x1b[2J\xff' + b'x' * 3000)
    assert '\x1b' not in told.problems[0] and len(told.problems[0]) < 400


keys = st.sampled_from(
    [
        'file',
        'file.filename',
        'filename',
        'driver',
        'backing',
        'backing.file.filename',
        'children',
        'children.0.filename',
        'data-file',
        'offset',
        'image',
        'server',
        'config',
        'x',
    ]
)
# As deep as they fit into a name.
deep_keys = st.builds(
    lambda key, times: '.'.join([key] + ['a'] * times),
    keys,
    st.sampled_from([1, 60, 70, 1900]),
)
strings = st.sampled_from(
    [
        'raw',
        'qcow2',
        'file',
        'nbd',
        'quorum',
        '/base',
        'base',
        'rbd',
        'luks',
        'blkdebug',
    ]
) | st.text(max_size=4)
options = st.dictionaries(
    keys | deep_keys,
    st.recursive(
        st.none() | st.booleans() | strings | st.integers(0, 2),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(keys, inner, max_size=4)
        ),
        max_leaves=12,
    ),
    max_size=4,
).map(lambda value: 'json:' + json.dumps(value))


@given(
    options
    | st.text(max_size=60)
    | st.text(max_size=60).map('json:{}'.format),
    st.sampled_from(['', 'raw', 'qcow2', 'file', '?']),
)
@example('json:{"backing":{"file.filename":{}}}', '')
@example('json:{"driver":"qcow2","config' + '.a' * 1900 + '":1}', '')
@example('json:{"driver":"qcow2","config' + '.a' * 60 + '":1}', '')
def test_any_name_leads_somewhere_or_is_told(name, form):
    try:
        told = names.read(name.encode(errors='replace'), form)
    except Unresolved as error:
        assert str(error).isprintable()
        return
    for path, is_raw in told.below:
        assert os.fsencode(path) and isinstance(is_raw, bool)
    assert all(why.isprintable() for why in told.problems)
    assert all(told.hints)
