"""Layers: which files a disk in ``json:`` names, driver upon driver.

Every key that may lead to a file is followed, in either form: nested, or
with dots.  So more may be found than QEMU would open, and never less.
"""

import json
import re
from typing import Any
from typing import NamedTuple

from imagecache_handlers.directory.users.formats import protocols
from imagecache_handlers.directory.users.formats.values import Named
from imagecache_handlers.directory.users.formats.values import shown

# QEMU takes strings in single quotes as well.
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\'', re.DOTALL)
_ESCAPED = re.compile(r'\\.|"', re.DOTALL)

# The children that hold the bytes that this layer gives a form.
_INNER = frozenset(['file', 'image', 'raw', 'test', 'x-image', 'x-raw'])
_LISTS = frozenset(['children', 'extents'])
_APART = frozenset(['data-file', 'log', 'header'])
# As strings these name a node of some machine, and no file.
_CHILDREN = _INNER | _LISTS | _APART | {'backing', 'target'}
_IS_NODE = _CHILDREN | {'driver', 'filename'}
# Of keys with dots; what is deeper is nobody's.
_DEEPEST = 64
_SAY_WHERE = frozenset(
    ['filename', 'path', 'dir', 'export', 'image', 'volume', 'uri', 'url']
)


class _Node(NamedTuple):
    """One driver with its options, and what lies above it."""

    options: dict[str, Any]
    formats: int = 0
    is_protocol: bool = False


def read(text: str, form: str = '') -> Named:
    """Tell what the text behind ``json:`` leads to.

    ``form``: the format that is noted beside the name, if there is one.
    """
    name = f'json:{text}'
    options = _parse_options(text)
    if options is None:
        said = f'{shown(name)} below it cannot be read'
        return Named((), (said,), protocols.hints(*_quoted_names(text)))
    if form:
        options['driver'] = form
    found = Named()
    pending = [_Node(options)]
    for node in pending:
        one, inner = _look_at_node(node, name)
        found = found.also(one)
        pending += inner
    return found


def _look_at_node(node: _Node, name: str) -> tuple[Named, list[_Node]]:
    """Tell which file a node names by itself, and the nodes below it."""
    driver = node.options.get('driver', 'file' if node.is_protocol else '')
    if not isinstance(driver, str):
        return protocols.unknown(name), []
    if driver in protocols.LOCAL:
        return _file_of_node(node, name), []
    if driver in protocols.ELSEWHERE:
        return Named(), []
    if driver not in protocols.FORMATS | protocols.FILTERS | {'raw', ''}:
        return protocols.unknown(name, *_places_in(node.options)), []
    node = node._replace(formats=node.formats + _count_formats(node, driver))
    inner = _nodes_below(node, driver not in protocols.FILTERS)
    found = Named()
    if 'filename' in node.options or not inner:
        found = _file_of_node(node, name)
    config = node.options.get('config')
    if isinstance(config, str) and config:
        found = found.also(protocols.direct(config, True, name))
    elif config:
        found = found.also(protocols.unknown(name, *_places_in(node.options)))
    references = [
        one
        for key, one in _children_of(node.options)
        if key in _CHILDREN and isinstance(one, str) and one
    ]
    if references:
        found = found.also(protocols.unknown(name, *references))
    return found, inner


def _file_of_node(node: _Node, name: str) -> Named:
    path = node.options.get('filename')
    if not isinstance(path, str) or not path:
        return protocols.unknown(name, *_places_in(node.options))
    found = protocols.direct(path, not node.formats, name)
    if node.formats > 1:
        # Only the outermost bytes can be read here.
        said = f'{shown(name)} below it has a disk within a disk'
        found = found.also(Named((), (said,)))
    return found


def _count_formats(node: _Node, driver: str) -> int:
    """Give how many forms a driver adds to those that lie above it."""
    if driver == 'raw':
        # What begins further down has its header there as well.
        return int(bool(node.formats and node.options.get('offset')))
    return int(driver not in protocols.FILTERS)


def _nodes_below(node: _Node, is_format: bool) -> list[_Node]:
    """Give the nodes right below one; they need not have a driver."""
    found = []
    for key, one in _children_of(node.options):
        if not isinstance(one, dict):
            continue
        if key in _INNER | _LISTS:
            found.append(_Node(one, node.formats, is_format))
        elif key in _CHILDREN or not _IS_NODE.isdisjoint(one):
            found.append(_Node(one, 0, key in _APART))
    return found


def _children_of(options: dict[str, Any]) -> list[tuple[str, Any]]:
    """Give what each key has, and of a list each part."""
    found = []
    for key, value in options.items():
        parts = [value]
        if key in _LISTS and isinstance(value, dict):
            parts = list(value.values())
        elif isinstance(value, list):
            parts = value
        found += [(key, one) for one in parts]
    return found


def _places_in(options: dict[str, Any]) -> list[str]:
    """Give all that some driver may take for a place."""
    found = []
    pending: list[Any] = [options]
    for one in pending:
        if isinstance(one, list):
            pending += one
        elif isinstance(one, dict):
            pending += one.values()
            found += [
                value
                for key, value in one.items()
                if key in _SAY_WHERE and isinstance(value, str)
            ]
    return found


def _quoted_names(text: str) -> list[str]:
    return [one[1:-1] for one in _STRING.findall(text)]


def _parse_options(text: str) -> dict[str, Any] | None:
    try:
        options = json.loads(
            _STRING.sub(_double_escape, text), object_pairs_hook=_unique_pairs
        )
    # RecursionError: a few thousand brackets are valid JSON.
    except (ValueError, RecursionError):
        return None
    return options if isinstance(options, dict) else None


def _double_escape(found: re.Match[str]) -> str:
    inner = _ESCAPED.sub(_escape_control, found[0][1:-1])
    return f'"{inner}"'


def _escape_control(found: re.Match[str]) -> str:
    return {"\\'": "'", '"': '\\"'}.get(found[0], found[0])


def _unique_pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Nest the keys with dots; refuse what is told twice, as QEMU does."""
    nested: dict[str, Any] = {}
    for key, value in pairs:
        if key.count('.') > _DEEPEST:
            raise ValueError(key)
        for part in reversed(key.split('.')):
            value = {part: value}
        _merge_into(nested, value)
    return nested


def _merge_into(into: dict[str, Any], other: dict[str, Any]) -> None:
    for key, value in other.items():
        if key not in into:
            into[key] = value
        elif isinstance(value, dict) and isinstance(into[key], dict):
            _merge_into(into[key], value)
        else:
            raise ValueError(key)
