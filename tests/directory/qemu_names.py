"""Names by which a disk names what lies below it: each way QEMU takes one.

A way gives the name, and the format that is written beside it.  Each is
given the world, the disk that is to be laid and what it is laid upon.
"""

import json
import os

from tests.directory.disks import qemu

PLAIN = ['absolute', 'relative', 'roundabout', 'long']
PLAIN += ['linked_folder', 'linked_file', 'file']
JSON = [
    'json_file',
    'json_dotted',
    'json_without_driver',
    'json_in_single_quotes',
    'json_escaped',
    'json_backing',
    'json_backing_dotted',
    'json_backing_instead',
    'json_copy_on_read',
    'json_compress',
    'json_quorum',
    'json_quorum_dotted',
    'json_blkdebug',
]
RAW = ['json_offset', 'json_preallocate', 'json_blkverify', 'blkdebug']
_LONG = 700
WAYS = [*PLAIN, *JSON, *RAW]


def fitting(below):
    """Give the ways that can name a file at all."""
    try:
        os.fspath(below.path).encode()
    except UnicodeEncodeError:
        # No JSON has a name that is not UTF-8.
        return PLAIN
    return WAYS if below.form == 'raw' else [*PLAIN, *JSON]


def give(way, world, path, below):
    return globals()[f'_{way}'](world, path, below)


def _absolute(world, path, below):
    return str(below.path), below.form


def _relative(world, path, below):
    name = os.path.relpath(below.path, path.parent)
    # A colon in the first component would make a protocol of it.
    return name if name.startswith('.') else f'./{name}', below.form


def _roundabout(world, path, below):
    folder = below.path.parent
    way = f'{folder.parent}//./{folder.name}/../{folder.name}'
    return f'{way}/./{below.path.name}', below.form


def _long(world, path, below):
    """Give a name that is nearly as long as a header has room for."""
    folder = world.outside
    while len(str(folder)) < _LONG:
        folder /= 'x' * 200
    folder.mkdir(parents=True, exist_ok=True)
    link = folder / f'link-{world.number()}'
    link.symlink_to(below.path.parent)
    return str(link / below.path.name), below.form


def _linked_folder(world, path, below):
    link = world.outside / f'link-{world.number()}'
    link.symlink_to(below.path.parent)
    return str(link / below.path.name), below.form


def _linked_file(world, path, below):
    link = world.outside / f'link-{world.number()}'
    link.symlink_to(below.path)
    return str(link), below.form


def _file(world, path, below):
    return f'file:{below.path}', below.form


def _blkdebug(world, path, below):
    return f'blkdebug::{below.path}', 'blkdebug'


# As JSON, of which QEMU itself writes most when it is asked for a chain.


def _node(below):
    return {'driver': below.form, 'file': _protocol(below)}


def _protocol(below):
    return {'driver': 'file', 'filename': str(below.path)}


def _json(fields):
    return f'json:{json.dumps(fields)}'


def _json_file(world, path, below):
    return _json(_node(below)), below.form


def _dotted(below, begin=''):
    return {
        f'{begin}driver': below.form,
        f'{begin}file.driver': 'file',
        f'{begin}file.filename': str(below.path),
    }


def _json_dotted(world, path, below):
    return _json(_dotted(below)), below.form


def _json_without_driver(world, path, below):
    return _json({'file': {'filename': str(below.path)}}), below.form


def _json_in_single_quotes(world, path, below):
    if {'"', "'", '\\'} & set(str(below.path)):
        return _json_file(world, path, below)
    return _json(_node(below)).replace('"', "'"), below.form


def _json_escaped(world, path, below):
    text = json.dumps(_node(below))
    return 'json: ' + text.replace('/', '\\u002f'), below.form


def _bare(world, path, under=None):
    """Give a disk, beside the one that is laid, that has nothing below it."""
    bare = path.parent / f'bare-{world.number()}'
    more = ['-F', under.form, '-b', under.path] if under else []
    size = [] if under else [world.size]
    qemu('create', '-q', '-f', 'qcow2', *more, bare, *size)
    return bare


def _json_backing(world, path, below):
    file = {'driver': 'file', 'filename': str(_bare(world, path))}
    fields = {'driver': 'qcow2', 'file': file, 'backing': _node(below)}
    return _json(fields), 'qcow2'


def _json_backing_dotted(world, path, below):
    fields = {
        'driver': 'qcow2',
        'file.driver': 'file',
        'file.filename': str(_bare(world, path)),
        **_dotted(below, 'backing.'),
    }
    return _json(fields), 'qcow2'


def _json_backing_instead(world, path, below):
    """Name another backing file than the one that is written in there."""
    bare = _bare(world, path, world.resident)
    file = {'driver': 'file', 'filename': str(bare)}
    fields = {'driver': 'qcow2', 'file': file, 'backing': _node(below)}
    return _json(fields), 'qcow2'


def _json_copy_on_read(world, path, below):
    # The format that is written beside it goes before the driver in there:
    # as what it is none of these would open where all is read-only.
    return _json({'driver': 'copy-on-read', 'file': _node(below)}), 'raw'


def _json_compress(world, path, below):
    return _json({'driver': 'compress', 'file': _node(below)}), 'raw'


def _json_quorum(world, path, below):
    children = [_node(below)]
    layer = {'driver': 'quorum', 'vote-threshold': 1, 'children': children}
    return _json(layer), 'quorum'


def _json_quorum_dotted(world, path, below):
    layer = {'driver': 'quorum', 'vote-threshold': 1}
    return _json(layer | _dotted(below, 'children.0.')), 'quorum'


def _json_blkdebug(world, path, below):
    layer = 'blkdebug'
    return _json({'driver': layer, 'image': _node(below)}), layer


def _json_offset(world, path, below):
    return _json(_node(below) | {'offset': 0, 'size': world.size}), 'raw'


def _json_preallocate(world, path, below):
    layer = 'preallocate'
    return _json(
        {'driver': 'raw', 'file': {'driver': layer, 'file': _protocol(below)}}
    ), 'raw'


def _json_blkverify(world, path, below):
    layer = 'blkverify'
    fields = {'driver': layer, 'test': _node(below), 'raw': _protocol(below)}
    return _json(fields), layer
