"""Words of the owner: which form a disk has, and which machine uses it.

They stand where no guest can write: Nova's ``disk.info`` beside the disks,
and libvirt's definitions of machines.
"""

from collections.abc import Iterable
import functools
import json
import posixpath
from typing import NamedTuple
from xml.etree import ElementTree

from imagecache_handlers.directory.users.formats import protocols
from imagecache_handlers.directory.users.formats.values import is_path
from imagecache_handlers.directory.users.formats.values import shown
from imagecache_handlers.directory.users import mentions

# The most bytes that any of them has; whoever reads one stops there.
MOST = 4 << 20

_DOMAINS = frozenset(['domain', 'inactiveDomain'])
# Where these do not hear of a form, they take it for raw.
_QEMU = frozenset(['qemu', 'kvm'])
_PLACES = ('file', 'dev')
# What a machine only reads, beside a loader and what is marked so.
_READ = frozenset(['backingStore', 'dtb', 'initrd', 'kernel'])
_ELSEWHERE = frozenset(['nvme', 'vhostvdpa'])


class Unreadable(ValueError):
    """What the owner says cannot be read; the text says why."""


class Word(NamedTuple):
    """The form that a disk has, as the owner says; '' where it is open.

    ``is_weak``: nobody says it, it is what is taken where nothing is said.
    """

    path: str
    form: str
    is_weak: bool = False


class Domain(NamedTuple):
    """What the definition of a machine says of its disks.

    ``mentions`` are all paths in it, of a kernel as well; of those ``perhaps``
    may be disks: what is handed to QEMU as it stands.  Where there are
    ``problems``, it may use more, by the names in ``hints``.
    """

    name: str
    disks: tuple[Word, ...] = ()
    mentions: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    hints: tuple[str, ...] = ()
    perhaps: tuple[Word, ...] = ()


def agreed(words: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Give the form of each name; '' where it is told in two ways."""
    forms: dict[str, str] = {}
    for path, form in words:
        forms[path] = form if forms.get(path, form) == form else ''
    return forms


def read_disk_info(content: bytes) -> dict[str, str]:
    """Give the form of each disk beside a ``disk.info``, by its file name.

    Nova writes whole paths, which an instance that moved no longer has.

    :raises Unreadable: when it is not what Nova writes.
    """
    if not content.strip():
        return {}
    try:
        pairs = json.loads(_check_size(content), object_pairs_hook=tuple)
    except (ValueError, RecursionError):
        raise Unreadable('it is not the JSON that Nova writes') from None
    if not isinstance(pairs, tuple):
        raise Unreadable('it does not say which disk has which form')
    if not all(isinstance(form, str) for _, form in pairs):
        raise Unreadable('a form in it is not a text')
    return agreed((posixpath.basename(path), form) for path, form in pairs)


def read_domain(content: bytes) -> Domain:
    """Tell which disks a machine uses, by its definition in XML.

    :raises Unreadable: when it is not what libvirt writes.
    """
    tree = _parse_tree(_check_size(content))
    domains = [one for one in tree.iter() if one.tag in _DOMAINS]
    if not domains:
        raise Unreadable('it does not define a machine')
    is_qemu = all(one.get('type') in _QEMU for one in domains)
    disks = [
        _read_disk(one, is_qemu)
        for one in tree.iter()
        if one.tag in mentions.DISKS
    ]
    disks += [_read_nvram(one) for one in tree.iter('nvram')]
    found = mentions.all_of(tree)
    return Domain(
        (domains[0].findtext('name') or '').strip(),
        tuple(word for one in disks for word in one.disks),
        tuple(found),
        tuple(why for one in disks for why in one.problems),
        tuple(hint for one in disks for hint in one.hints),
        tuple(
            Word(path, form)
            for path, form in found.items()
            if form is not None
        ),
    )


class Disks(NamedTuple):
    """The files of a machine: those it may write to, and all that it names.

    Whatever is not surely only read may be written to.  By whole paths; by a
    name alone where only a pool knows the path.
    """

    written: frozenset[str]
    named: frozenset[str]


@functools.lru_cache(maxsize=1024)
def read_disks(content: bytes) -> Disks:
    """Tell which files a machine has, by its definition in XML.

    :raises Unreadable: when it is not what libvirt writes.
    """
    tree = _parse_tree(_check_size(content))
    named = _list_named(tree)
    _drop_read(tree)
    return Disks(written=_list_named(tree), named=named)


def _list_named(tree: ElementTree.Element) -> frozenset[str]:
    found = set(mentions.all_of(tree))
    for source in tree.iter('source'):
        told = (source.get(one) for one in (*_PLACES, 'volume'))
        found.update(filter(None, told))
    return frozenset(found)


def _drop_read(tree: ElementTree.Element) -> None:
    """Take out of a definition what the machine only reads."""
    for parent in list(tree.iter()):
        for element in list(parent):
            if _is_read(element):
                parent.remove(element)


def _is_read(element: ElementTree.Element) -> bool:
    if element.tag == 'loader':
        # As flash it is written to unless that is forbidden.
        is_flash = element.get('type') == 'pflash'
        return not is_flash or element.get('readonly') == 'yes'
    if element.tag == 'disk' and element.get('device') == 'cdrom':
        return True
    return element.tag in _READ or element.find('readonly') is not None


def _check_size(content: bytes) -> bytes:
    if len(content) > MOST:
        raise Unreadable(f'it has more than {MOST} bytes')
    return content


class _Builder(ElementTree.TreeBuilder):
    """Refuses what could make a small text a large one."""

    def doctype(self, *_: object) -> None:
        raise Unreadable('it has a DOCTYPE, which libvirt never writes')


def _parse_tree(content: bytes) -> ElementTree.Element:
    parser = ElementTree.XMLParser(target=_Builder())  # noqa: S314
    try:
        parser.feed(content)
        tree: ElementTree.Element = parser.close()
    except Unreadable:
        raise
    # ValueError, LookupError: an encoding that cannot be had.
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise Unreadable(f'it cannot be read as XML: {error}') from None
    return tree


def _read_disk(element: ElementTree.Element, is_qemu: bool) -> Domain:
    source = element.find('source')
    if source is None:
        # As mirrors were written once; an empty drive has nothing at all.
        source = element
    form = _form_of(element)
    is_open = not form and is_qemu and element.tag == 'disk'
    kind = element.get('type', '')
    for place in _PLACES:
        path = source.get(place)
        if path is not None and path.startswith('/') and is_path(path):
            if source.find('slices') is None:
                word = Word(path, 'raw', True) if is_open else Word(path, form)
                return Domain('', (word,))
            said = f'of {shown(path)} it uses a part only'
            return Domain('', (Word(path, ''),), (), (said,))
    if source is element or kind in _ELSEWHERE:
        return Domain('')
    protocol = source.get('protocol', '')
    if kind == 'network' and protocol in protocols.ELSEWHERE:
        return Domain('')
    places = [*source.attrib.values()]
    said = f'its disk of type {shown(kind)} may be any file'
    return Domain('', (), (), (said,), protocols.hints(*places))


def _form_of(element: ElementTree.Element) -> str:
    for tag in 'driver', 'format':
        inner = element.find(tag)
        if inner is not None and inner.get('type'):
            return inner.get('type', '')
    return element.get('format', '') if element.tag == 'mirror' else ''


def _read_nvram(element: ElementTree.Element) -> Domain:
    """Take the variables of a firmware for raw, as libvirt does."""
    source = element.find('source')
    told = element.text if source is None else source.get('file')
    path = (told or '').strip()
    is_raw = element.get('format', 'raw') == 'raw'
    if is_raw and path.startswith('/') and is_path(path):
        return Domain('', (Word(path, 'raw'),))
    return Domain('')
